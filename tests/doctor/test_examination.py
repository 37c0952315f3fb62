"""No error ends the examination, the worst finding decides, and no secret is printed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.doctor.checks import CHECKS
from bot.doctor.examination import DoctorCheck, examine
from bot.doctor.installation import Installation, installed
from bot.doctor.report import print_diagnosis
from bot.doctor.start_sentences import sentences_in
from bot.models.doctor import Diagnosis, Finding, ok, problem, warning

ROOT = Path(__file__).parents[2]


def well(_installation: Installation) -> Iterator[Finding]:
    """Return a good finding."""
    yield ok("All is well.")


def broken(_installation: Installation) -> Iterator[Finding]:
    """Return a finding, then fail."""
    yield ok("This part is well.")
    raise KeyError("canary-secret")


def test_an_error_of_a_check_skips_only_the_checks_that_need_it() -> None:
    diagnosis = examine(
        installed({}),
        [
            DoctorCheck("first", broken),
            DoctorCheck("second", well, ("first",)),
            DoctorCheck("third", well, ("second",)),
            DoctorCheck("fourth", well),
        ],
    )
    assert [(finding.check, finding.status) for finding in diagnosis.findings] == [
        ("first", "ok"),
        ("first", "problem"),
        ("second", "skipped"),
        ("third", "skipped"),
        ("fourth", "ok"),
    ]
    assert "the check first failed" in diagnosis.findings[3].sentence
    assert "canary-secret" not in diagnosis.model_dump_json()


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([ok("a")], 0),
        ([ok("a"), warning("b", "c")], 1),
        ([ok("a"), Finding(status="skipped", sentence="b")], 1),
        ([warning("a", "b"), problem("c")], 2),
        ([], 0),
    ],
)
def test_the_worst_finding_decides_the_exit_code(findings: list[Finding], code: int) -> None:
    lines: list[str] = []
    text = sentences_in("en")
    assert print_diagnosis(Diagnosis(findings=tuple(findings)), lines.append, text) == code


def test_the_words_of_a_terminal_are_also_in_spanish() -> None:
    diagnosis = Diagnosis(findings=(warning("a", "b"), problem("c"), problem("d")))
    lines: list[str] = []
    print_diagnosis(diagnosis, lines.append, sentences_in("es"))

    assert [line.split()[0] for line in lines] == ["advertencia", "->", "problema", "problema", "2"]
    assert lines[-1] == "2 problemas, 1 advertencia."


def test_every_check_needs_only_earlier_checks() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    for number, check in enumerate(CHECKS):
        assert set(check.needs) <= set(names[:number])


def test_the_command_prints_json_without_secrets_if_nothing_can_be_reached() -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "SLACK_BOT_TOKEN": "xoxb-canary-secret",
        "SLACK_APP_TOKEN": "xapp-canary-secret",
        "SLACK_API_URL": "http://127.0.0.1:1/",
        "DATABASE_URL": "mysql+pymysql://bot:canary-secret@127.0.0.1:1/shop",
        "QUEUE_BOT_TIME_ZONE": "canary-secret",
        "QUEUE_BOT_ADMINS": "U0ADMIN1",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "doctor", "--json"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    body = json.loads(ended.stdout)

    assert (ended.returncode, body["worst"], ended.stderr) == (2, "problem", "")
    assert "canary-secret" not in ended.stdout
    by_check = {finding["check"]: finding["status"] for finding in body["findings"]}
    assert by_check.keys() == {check.name for check in CHECKS}
    assert by_check["database"] == by_check["slack-token"] == "problem"
    # An invalid setting does not keep the other checks from running.
    assert "QUEUE_BOT_TIME_ZONE" in ended.stdout
