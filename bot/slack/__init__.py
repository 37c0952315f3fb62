"""The only package that connects to Slack; it receives envelopes and sends messages."""
