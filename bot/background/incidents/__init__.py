"""Triggering, updating, escalation and resolution of incidents, and their alerts."""
