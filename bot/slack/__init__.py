"""The only package that speaks to Slack: envelopes in, messages out."""
