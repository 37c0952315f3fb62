"""Monitoring by other programs: Prometheus metrics, and probes that say whether the bot works."""
