"""Delivery of envelopes to the app: by Socket Mode or signed requests, with retries of events."""
