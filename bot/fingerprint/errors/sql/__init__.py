"""Errors of databases, in the words of their servers, drivers and frameworks."""
