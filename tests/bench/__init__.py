"""Benchmarks, side by side on real parts: `python -m tests.bench [--quick] [NAME…]`."""
