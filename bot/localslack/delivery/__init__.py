"""Deliver envelopes to the app by Socket Mode or by signed requests, and retry events."""
