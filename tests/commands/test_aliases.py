"""Aliases of commands and arguments run the same; the audit log records the primary name."""

import json
import re
from pathlib import Path

import pytest

from bot.app.command import find_commands
from bot.app.parsing import Request, marks
from bot.slack.envelopes import submission
from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from tests.kit.bulk import carried_out, extra_of, previewed
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, codes, confirm, make_setup
from tests.kit.team import Team

COMMANDS = find_commands()
PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
ALIASES = {
    "ack I{incident}": "acknowledge",
    "silence I{incident}": "mute",
    "snooze queue=netsuite": "mute",
    "audit": "history",
    "flush queue=netsuite": "clear-failed",
    "forget 45": "delete-failed",
    "runbook E{group} note=wiki": "note",
}


@pytest.mark.parametrize(("words", "name"), ALIASES.items(), ids=[w.split()[0] for w in ALIASES])
def test_an_alias_runs_its_command_and_is_recorded_as_that_command(
    team: Team, words: str, name: str
) -> None:
    team.queue.fail(45)
    team.alert()
    (incident,) = team.queue.rows(tables.incidents)

    answer = team.say(words.format(incident=incident.id, group=incident.error_group), as_="admin")

    confirmations = [answer.view] if answer.response["views"] else []
    assert len(confirmations) == (name == "clear-failed")
    for view in confirmations:
        assert "You did not type 1" in team.submit(view, "2").response["errors"]["typed"]
        assert len(team.queue.failed) == 1
        team.submit(view, "1")
        team.until(lambda: not team.queue.failed)
    if name == "history":
        assert answer.text == team.say("history", as_="admin").text
        assert not team.records
    else:
        assert {row.action for row in team.records} == {name}
        assert {row.outcome for row in team.records} & {"ok", "started"}
    assert (team.queue.failed == []) == (name in ("clear-failed", "delete-failed"))


def test_every_alias_is_tested_and_documented() -> None:
    aliases = {word: command.name for command in COMMANDS.values() for word in command.aliases}
    assert {words.split()[0]: name for words, name in ALIASES.items()} == aliases
    rows = re.findall(
        r"^\| `([a-z-]+)` \| ((?:`[a-z-]+`(?:, )?)+) \|$", PAGE.read_text(), re.MULTILINE
    )
    assert {word: name for name, cell in rows for word in re.findall(r"[a-z-]+", cell)} == aliases


def test_every_alias_of_an_argument_is_documented() -> None:
    aliases = {
        (argument, command.name, str(marks(command.arguments, argument)["alias"]))
        for command in COMMANDS.values()
        for argument in command.arguments.model_fields
        if "alias" in marks(command.arguments, argument)
    }
    row = re.compile(r"^\| `([a-z_]+)` \| `([a-z-]+)` \| `([a-z_]+)` \|$", re.MULTILINE)
    assert aliases == set(row.findall(PAGE.read_text()))
    assert aliases


def test_flush_in_a_terminal_changes_nothing_without_a_confirmation(
    kept_queue: TestQueue,
) -> None:
    kept_queue.fail(45)
    lines: list[str] = []

    code = do(make_setup(kept_queue), TerminalRequest("flush", "ana"), lines.append, lambda _: None)

    assert code == 1
    assert lines[-1] == "Nothing was changed: clear-failed needs --yes, or you must type the count."
    assert len(kept_queue.failed) == 1


def test_the_argument_pace_sets_the_rate(kept_queue: TestQueue) -> None:
    kept_queue.fail(45)
    setup = make_setup(kept_queue)

    assert previewed(setup, "retry-all pace=10/s").rate == 600
    assert previewed(setup, "retry queue=netsuite rate=10/s").rate == 600
    twice = ask(setup, "retry-all rate=6 pace=6")
    assert twice.refusal is not None
    assert twice.refusal.code == "invalid"


def test_the_json_of_a_bulk_change_has_the_rate_under_both_names(kept_queue: TestQueue) -> None:
    kept_queue.fail(45)
    setup = make_setup(kept_queue)
    lines: list[str] = []

    asked = TerminalRequest("retry-all pace=60", "ana", yes=True, as_json=True)
    assert do(setup, asked, lines.append, lambda _: None) == 0

    progress = json.loads(lines[-1])["extra"]["progress"]
    assert (progress["rate"], progress["pace"]) == (60, 60)


def test_the_json_of_a_preview_has_the_rate_under_both_names(
    kept_queue: TestQueue,
) -> None:
    kept_queue.fail(45)
    setup = make_setup(kept_queue)
    plan = previewed(setup, "retry-all rate=60")
    assert (plan.model_dump()["rate"], plan.model_dump()["pace"]) == (60, 60)

    first, again = (confirm(setup, "retry-all", plan.plan, key="click") for _ in range(2))

    assert again.repeated
    assert extra_of(first).progress == extra_of(again).progress


def test_the_rate_is_read_from_a_dialog_of_an_earlier_version() -> None:
    metadata = json.dumps({"v": 1, "command": "retry-all", "plan": 7, "channel": "C0"})
    values = {"pace": {"pace": {"selected_option": {"value": "60"}}}}
    view = {"private_metadata": metadata, "state": {"values": values}}

    envelope = submission({"view": view, "user": {"id": "U0"}, "team": {"id": "T0"}}, 0.0)

    assert envelope.request == Request("retry-all", {"plan": 7, "typed": None, "rate": "60"})


def test_the_history_is_filtered_by_an_alias_too(kept_queue: TestQueue) -> None:
    kept_queue.fail(45)
    setup = make_setup(kept_queue)
    carried_out(setup, "flush")
    ask(setup, "freeze")

    outcome = ask(setup, "history action=flush")

    assert outcome.result is not None
    records = outcome.result.data.model_dump()["records"]
    assert {record["action"] for record in records} == {"clear-failed"}
    assert codes([ask(setup, "audit action=flush")]) == ["ok"]
