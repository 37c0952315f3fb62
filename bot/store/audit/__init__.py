"""The audit log: its records, their chain, and the history of people, jobs and orders."""
