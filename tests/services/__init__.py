"""Real servers that the tests start and stop themselves; system services are never used."""
