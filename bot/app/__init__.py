"""The steps of every request: parse, find the command, authorize, run, answer, announce."""
