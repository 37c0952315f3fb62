"""Real servers that the tests start and stop by themselves, never a system service."""
