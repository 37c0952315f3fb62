"""Fixtures of a reused database for every test of this folder."""

from tests.kit.kept_database import mariadb_queue, queue

__all__ = ["mariadb_queue", "queue"]
