"""The path of every request: parse, find the command, check, run, answer, announce."""
