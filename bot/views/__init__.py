"""Pure functions from values to Block Kit. No clock, no database, no client."""
