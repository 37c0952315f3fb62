"""Outcomes: what became of retried jobs."""
