"""Opens, updates, escalates and resolves incidents, and draws their alerts."""
