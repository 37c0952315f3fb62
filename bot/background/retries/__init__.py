"""Finds out what became of retried jobs."""
