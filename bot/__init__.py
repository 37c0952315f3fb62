"""queue-bot: run a database job queue from Slack."""

__version__ = "0.1.0"
