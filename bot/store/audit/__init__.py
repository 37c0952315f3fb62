"""The audit log: records, the chain that seals them, and histories of people, jobs and orders."""
