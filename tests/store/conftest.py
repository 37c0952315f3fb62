"""Kept databases for every test here."""

from tests.kept import mariadb_queue, queue

__all__ = ["mariadb_queue", "queue"]
