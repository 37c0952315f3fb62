"""Many small cases in one test: all of them are tried, and those that do not hold are named."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
NAMED = 40
"""How many cases that fail are named."""


def check_each(cases: Iterable[tuple[str, T]], check: Callable[[T], object]) -> None:
    """Try `check` on every named case; fail as the first that fails does, and name them all.

    A test for each case costs some milliseconds before anything is checked, which thousands of
    drawings would pay for each language and role.
    """
    tried = 0
    wrong: list[tuple[str, Exception]] = []
    for name, case in cases:
        tried += 1
        try:
            check(case)
        except Exception as error:  # noqa: BLE001 whatever goes wrong is this case's failure
            wrong.append((name, error))
    assert tried, "there is no case"
    if wrong:
        (first, failure), *_ = wrong
        names = "; ".join(name for name, _ in wrong[:NAMED])
        failure.add_note(f"The case: {first}")
        failure.add_note(f"{len(wrong)} of {tried} fail, the first of them: {names}")
        raise failure
