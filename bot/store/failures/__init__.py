"""The index of failed jobs, their error groups and counts."""
