"""Many small cases in one test: all of them run, and the failed ones are named."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
NAMED = 40
"""The maximum number of failed cases that are named."""


def check_each(cases: Iterable[tuple[str, T]], check: Callable[[T], object]) -> None:
    """Run `check` on every named case; raise the first failure, and name the failed cases.

    A separate test for each case would cost some milliseconds of setup. There are thousands of
    rendered messages, each in every language and for every role.
    """
    tried = 0
    wrong: list[tuple[str, Exception]] = []
    for name, case in cases:
        tried += 1
        try:
            check(case)
        except Exception as error:  # noqa: BLE001 any error is this case's failure
            wrong.append((name, error))
    assert tried, "no case was given"
    if wrong:
        (first, failure), *_ = wrong
        names = "; ".join(name for name, _ in wrong[:NAMED])
        failure.add_note(f"The case: {first}")
        failure.add_note(f"{len(wrong)} of {tried} fail, the first of them: {names}")
        raise failure
