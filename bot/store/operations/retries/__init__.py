"""The outcomes of retried jobs."""
