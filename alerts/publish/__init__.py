"""Turns alerted items into mail, feeds and pages: pure, nothing here reads a clock, a file or a database."""
