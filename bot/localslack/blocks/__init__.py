"""Slack's rules for blocks, elements and views, and how Slack stores them."""
