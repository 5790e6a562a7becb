"""research-alerts: tells people what is new in medical research."""
