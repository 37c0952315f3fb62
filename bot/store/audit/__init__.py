"""The audit log: records, their chain, and what they tell of people, jobs and orders."""
