"""Checks of a database at start."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from bot.database.engine import connect
from tests.kit.queues import GRACE
from tests.services.programs import is_mysql

ON_MARIADB = pytest.mark.skipif(is_mysql(), reason="MySQL has no such setting")


def checked(url: str, check: Callable[[Engine], object]) -> None:
    """Run one of the checks on its own engine."""
    engine = connect(url, grace=GRACE)
    try:
        check(engine)
    finally:
        engine.dispose()
