"""`make test` and `make test-servers` together run each test on both databases."""

from collections.abc import Mapping
from pathlib import PurePath

import pytest

from tests.kit.databases_in_turn import CHOICES, KINDS, is_left_out

BACKGROUND = PurePath("tests/background/incidents")
NAMES = [f"test_{number}" for number in range(40)]


def runs(
    choice: str, name: str, folder: PurePath = BACKGROUND, *, on_each: bool = False
) -> list[str]:
    """Return the databases on which the choice runs a test of this name."""
    ran: list[str] = []
    for kind in KINDS:
        parameters: Mapping[str, object] = {"rows": 3, "queue": kind}
        full = f"{name}[{kind}-3]"
        if not is_left_out(folder, full, parameters, choice, on_each=on_each):
            ran.append(kind)
    return ran


@pytest.mark.parametrize("name", NAMES[:5])
def test_the_two_choices_run_a_background_test_on_one_database_each(name: str) -> None:
    assert sorted(runs("one", name) + runs("other", name)) == sorted(KINDS)
    assert len(runs("one", name)) == 1
    assert runs("both", name) == list(KINDS)


def test_about_half_of_the_background_tests_run_on_each_database() -> None:
    ran = [kind for name in NAMES for kind in runs("one", name)]
    assert len(ran) == len(NAMES)
    assert 10 <= ran.count("sqlite") <= 30


@pytest.mark.parametrize("choice", ["both", "one", "other"])
def test_a_marked_test_and_a_test_of_sql_run_on_both_databases_once(choice: str) -> None:
    expected = [] if choice == "other" else list(KINDS)
    assert runs(choice, "test_x", on_each=True) == expected
    assert runs(choice, "test_x", PurePath("tests/queue")) == expected


@pytest.mark.parametrize("choice", CHOICES)
def test_a_test_on_a_single_database_runs_only_in_make_test(choice: str) -> None:
    left_out = is_left_out(BACKGROUND, "test_x", {"rows": 3}, choice, on_each=False)
    assert left_out == (choice == "other")


@pytest.mark.parametrize("folder", ["commands", "queue"])
def test_another_server_runs_no_test_on_sqlite(folder: str) -> None:
    assert runs("server", "test_x", PurePath("tests") / folder) == ["mariadb"]
