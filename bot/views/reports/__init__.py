"""Views of App Home, digest and chart."""
