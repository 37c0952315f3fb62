"""App Home, digest and chart."""
