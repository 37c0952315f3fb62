"""Roles, channel guardrails and masking: who may run which command, and which data is shown."""
