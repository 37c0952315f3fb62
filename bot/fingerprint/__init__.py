"""Pure functions of text: from an exception to its error group, from a payload to its job."""
