"""Views of error groups."""
