"""People and what they want to be told: a leaf that knows a topic only as a slug."""
