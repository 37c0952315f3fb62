"""Kept databases for every test in this directory."""

from tests.kit.kept_database import mariadb_queue, queue

__all__ = ["mariadb_queue", "queue"]
