"""Pure functions that return the error group of an exception and the job of a payload."""
