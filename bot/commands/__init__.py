"""One file per command: its arguments, role, function and views."""
