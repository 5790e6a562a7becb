"""The web face: pages, feeds, people, health."""
