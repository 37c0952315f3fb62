"""Every figure on every surface beside a count by hand."""
