"""The checks of `queue-bot doctor`: each check is one function and returns findings."""
