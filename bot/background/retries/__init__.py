"""Tracking of the outcomes of retried jobs."""
