"""How envelopes reach the app: by Socket Mode or by signed requests; events also again."""
