"""Monitoring for other programs: metrics for Prometheus, and probes of the bot's condition."""
