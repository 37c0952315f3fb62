"""queue-bot: run a database job queue from Slack."""

__version__ = "0.2.0"
