"""The only package that connects to Slack: envelopes in, messages out."""
