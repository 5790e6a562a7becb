"""The kind `feed`."""
