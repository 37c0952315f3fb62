"""The index of failures, the error groups, and the counts of failures."""
