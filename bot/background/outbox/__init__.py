"""Delivery of outbox messages to Slack."""
