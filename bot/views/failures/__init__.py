"""Error groups."""
