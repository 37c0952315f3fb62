"""Roles, guardrails and masking: who may do what, and what is shown of it."""
