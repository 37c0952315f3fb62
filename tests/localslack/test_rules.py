"""Every change of a rule table makes a test fail."""

import random
from pathlib import Path

import pytest

from bot.localslack.blocks.validation import message_problems, view_problems
from tests.localslack import wrong_blocks, wrong_elements, wrong_tables
from tests.localslack.mutants import Mutant, mutants, sheet
from tests.localslack.right_blocks import HOME, MODAL, NOT_IN_MODALS, ONLY_IN_MESSAGES, RIGHT
from tests.localslack.wrong_views import WRONG_VIEWS

SHEET = Path(__file__).with_name("rules.txt")
WRONG = wrong_blocks.WRONG | wrong_elements.WRONG | wrong_tables.WRONG
SEED, SAMPLE = 3, 40


def verdicts() -> list[list[str]]:
    """Return the problems of every right and wrong payload, each with its place."""
    rights = [*RIGHT.values(), *ONLY_IN_MESSAGES.values(), *NOT_IN_MODALS.values()]
    problem_lists = [message_problems(blocks) for _page, blocks, *_ in WRONG.values()]
    problem_lists += [message_problems([block]) for block in rights]
    named = [{**block, "block_id": "x" * length} for block in rights for length in (255, 256)]
    problem_lists += [message_problems([block]) for block in named]
    problem_lists += [
        view_problems({**view, "blocks": [one]}) for one in rights for view in (MODAL, HOME)
    ]
    problem_lists += [view_problems(view) for view, *_ in WRONG_VIEWS.values()]
    return [[str(problem) for problem in verdict] for verdict in problem_lists]


EVERY = list(mutants())
NOW = verdicts()


def test_the_rules_equal_the_sheet_that_was_compared_with_the_pages_of_slack() -> None:
    assert sheet() == SHEET.read_text().splitlines()


def test_each_of_1000_changes_of_a_rule_changes_the_sheet() -> None:
    assert len(EVERY) > 1000
    before = sheet()
    unseen = []
    for title, insert_job, take_out in EVERY:
        insert_job()
        try:
            if sheet() == before:
                unseen.append(title)
        finally:
            take_out()

    assert unseen == []
    assert sheet() == before


def killed(mutant: Mutant) -> bool:
    """Whether a payload of the corpus has other problems under the mutant."""
    _title, insert_job, take_out = mutant
    insert_job()
    try:
        return verdicts() != NOW
    except (KeyError, TypeError):
        return True  # without a required field, later code fails
    finally:
        take_out()


# The blocks of the bot's own messages: here a payload must kill every mutant of a limit.
OWN = ("section", "header", "context", "actions", "table", "data_table", "data_visualization")
LIMITS = ("longer", "shorter", "one more", "one less", "higher", "most lower")


@pytest.mark.parametrize("kind", OWN)
def test_a_limit_that_is_off_by_one_is_detected_by_a_payload(kind: str) -> None:
    limits = [one for one in EVERY if one[0].startswith(f"{kind}.") and "<" not in one[0]]
    limits = [one for one in limits if one[0].rpartition(": ")[2] in LIMITS]

    assert [one[0] for one in limits if not killed(one)] == []


def test_a_quarter_of_all_mutants_is_killed_by_payloads_alone() -> None:
    sample = random.Random(SEED).sample(EVERY, SAMPLE)
    dead = sum(map(killed, sample))

    assert dead >= SAMPLE // 4, "the corpus kills fewer mutants than a quarter"
