"""Block Kit, pure: values in, blocks out. No clock, no database, no client."""
