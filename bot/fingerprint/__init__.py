"""Pure text: from an exception to its error group, from a payload to its job."""
