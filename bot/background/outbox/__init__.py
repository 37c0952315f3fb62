"""Posts what waits to be sent."""
