"""Counts appended by each change, to be added up later."""
