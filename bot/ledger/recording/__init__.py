"""Who did what: the audit, and the story of a job or an order."""
