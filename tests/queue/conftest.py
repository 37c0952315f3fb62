"""Reused databases for every test here."""

from tests.kit.kept_database import mariadb_queue, queue

__all__ = ["mariadb_queue", "queue"]
