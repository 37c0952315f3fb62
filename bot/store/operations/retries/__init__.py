"""What became of retried jobs."""
