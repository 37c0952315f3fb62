"""A test with many cases tries all of them and names those that fail."""

import pytest

from tests.kit.cases import check_each


def test_every_case_runs_and_the_failing_cases_are_named() -> None:
    tried: list[int] = []

    def check(number: int) -> None:
        tried.append(number)
        assert number % 2, "it is even"

    with pytest.raises(AssertionError, match="it is even") as failed:
        check_each(((f"number {number}", number) for number in range(1, 6)), check)

    assert tried == [1, 2, 3, 4, 5]
    assert failed.value.__notes__ == [
        "The case: number 2",
        "2 of 5 fail, the first of them: number 2; number 4",
    ]


def test_a_case_that_raises_an_error_is_named_like_a_failing_case() -> None:
    with pytest.raises(ZeroDivisionError) as failed:
        check_each([("one", 1), ("nothing", 0)], lambda number: 1 // number)

    assert failed.value.__notes__[0] == "The case: nothing"


def test_a_check_without_cases_fails() -> None:
    with pytest.raises(AssertionError, match="no case was given"):
        check_each([], print)
