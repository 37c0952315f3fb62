"""Views of App Home, the digest and the chart."""
