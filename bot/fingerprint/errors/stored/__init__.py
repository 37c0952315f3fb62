"""Read a stored text: remove what workers and loggers wrote, and parse class, message and trace."""
