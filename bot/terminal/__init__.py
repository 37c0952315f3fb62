"""The commands of the terminal that need more than their options."""
