"""Routes in `queue-bot.toml`: accepted and refused files, with the line of each problem."""

import re
from datetime import datetime, time
from pathlib import Path

import pytest

from bot.models.routes import AlertRoute, QuietHours, route_of
from bot.settings.environment import SettingsError, load_settings
from bot.settings.routes import RouteSetting, read_routes

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
RUNS = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "DATABASE_URL": "mysql+pymysql://bot:secret@db.example.com/shop",
    "QUEUE_BOT_AUDIT_CHANNEL": "C0AUDIT",
    "QUEUE_BOT_ALERT_CHANNEL": "C0ALERT",
    "QUEUE_BOT_ADMINS": "U0ADMIN",
}


def example() -> str:
    """Return the file that the page shows."""
    return PAGE.partition("```toml\n")[2].partition("```")[0]


def test_the_page_documents_each_key_of_a_route_and_its_example_is_accepted(tmp_path: Path) -> None:
    section = PAGE.partition("## Routes")[2].partition("\n## ")[0]
    documented = dict(re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", section, re.MULTILINE))
    fields = RouteSetting.model_fields.items()
    assert documented == {name: field.description for name, field in fields}
    file = tmp_path / "queue-bot.toml"
    file.write_text(example())
    settings = load_settings({**RUNS, "QUEUE_BOT_CONFIG": str(file)}, need="run")
    first = settings.routes[0]
    unset = [name for name in RouteSetting.model_fields if getattr(first, name) is None]
    assert unset == [], "the first route of the example has every key"


def test_without_a_file_there_are_no_routes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(RUNS, need="run").routes == ()
    (tmp_path / "queue-bot.toml").write_text('[[route]]\nqueues = ["mail"]\n')
    assert load_settings(RUNS, need="run").routes == (AlertRoute(queues=("mail",)),)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[route]\n", "is not TOML: .*line 1"),
        ("x = 1\nfailed_count = 5\n", "line 2: failed_count is not allowed here"),
        ("[alerts]\n", "line 1: alerts is not allowed here"),
        ("route = 5\n", r"write each route below its own line \[\[route\]\]"),
        ('\n[[route]]\nchannel = "C0A"\n', "line 2: queues is missing"),
        ("[[route]]\nqueues = []\n", "line 2: queues must be a list of names"),
        (
            '[[route]]\nqueues = "a"\n[[route]]\nqueues = "b"\nchanel = "C0A"\n',
            "line 5: chanel is not a key of a route; did you mean channel",
        ),
        (
            '[[route]]\nqueues = "a"\nchannel = "#ops"\n',
            "line 3: channel must be a Slack channel id",
        ),
        (
            '[[route]]\nqueues = "a"\noldest_seconds = "soon"\n',
            "line 3: oldest_seconds must be a whole number",
        ),
        (
            '[[route]]\nqueues = "a"\nbacklog_count = 0\n',
            "line 3: backlog_count must be at least 1",
        ),
        ('[[route]]\nqueues = "a"\nquiet_hours = "22-7"\n', "line 3: quiet_hours must be a time"),
        ('[[route]]\nqueues = "a"\nquiet_hours = "off-off"\n', "line 3: quiet_hours must be two"),
    ],
)
def test_a_problem_names_the_line_the_key_and_what_to_do(
    tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "queue-bot.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_settings({**RUNS, "QUEUE_BOT_CONFIG": str(file)}, need="run")
    assert any(re.search(sentence, problem) for problem in raised.value.problems)
    assert all(problem.startswith(str(file)) for problem in raised.value.problems)


def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "queue-bot.toml"
    file.write_bytes(b"\xff\xfe")
    routes, (problem,) = read_routes(str(file))
    assert routes == ()
    assert "cannot be read as text" in problem


def test_the_first_matching_route_applies_and_case_does_not_matter() -> None:
    first, second = AlertRoute(("netsuite-*", "erp")), AlertRoute(("*",))
    assert route_of((first, second), "NetSuite-EU") is first
    assert route_of((first, second), "mail") is second
    assert route_of((first,), "mail") is None
    assert route_of((second,), None) is None, "an incident of several queues has no route"


@pytest.mark.parametrize(
    ("begin", "end", "at", "until"),
    [
        (22, 7, "2025-11-07T23:00", "2025-11-08T07:00"),
        (22, 7, "2025-11-08T06:59", "2025-11-08T07:00"),
        (22, 7, "2025-11-08T07:00", None),
        (12, 14, "2025-11-08T13:00", "2025-11-08T14:00"),
        (12, 14, "2025-11-08T14:00", None),
    ],
)
def test_quiet_hours_may_include_midnight(begin: int, end: int, at: str, until: str | None) -> None:
    quiet_until = QuietHours(time(begin), time(end)).end_after(datetime.fromisoformat(at))
    assert (quiet_until and quiet_until.isoformat(timespec="minutes")) == until
