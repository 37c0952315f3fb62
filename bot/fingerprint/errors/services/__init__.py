"""Errors that web services and mail servers answer."""
