"""Texts of one error that differ between versions, languages and libraries, in tables."""
