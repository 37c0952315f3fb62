"""The monitoring port of the real bot, on a real database and the local Slack."""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from bot.models.refusals import StartError
from bot.monitoring.collector import ReplicaState
from bot.monitoring.metrics import Metrics
from bot.monitoring.probes import STUCK_SECONDS, alive
from bot.monitoring.server import MonitoringServer
from bot.monitoring.state import CACHED_SECONDS, StateReader
from tests.kit.concurrency import until
from tests.kit.queues import TestQueue
from tests.kit.team import Team, sqlite_queue, team_at_work

DOCS = Path(__file__).parents[2] / "docs"


def get(port: int, path: str) -> tuple[int, str]:
    """Return the status and the body of an answer."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def samples(port: int) -> dict[str, float]:
    """Return the metrics as written: the name with its labels, and the value."""
    status, body = get(port, "/metrics")
    assert status == 200
    return {
        sample.name + str(dict(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def port_of(team: Team) -> int:
    """Return the monitoring port of the team's bot."""
    assert team.bot.monitoring is not None
    return team.bot.monitoring.port


@pytest.fixture(params=["mariadb", "sqlite"])
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    """A team whose bot has a monitoring port."""
    on_mariadb = request.param == "mariadb"
    queue = request.getfixturevalue("kept_queue") if on_mariadb else sqlite_queue(tmp_path)
    with team_at_work(queue, monitoring_port=0) as at_work:
        yield at_work
    if not on_mariadb:
        queue.engine.dispose()


@pytest.fixture
def file_queue(tmp_path: Path) -> Iterator[TestQueue]:
    """The queue in an SQLite file, without a bot."""
    queue = sqlite_queue(tmp_path)
    yield queue
    queue.engine.dispose()


def test_a_working_bot_is_ready_and_shows_every_documented_metric(team: Team) -> None:
    team.queue.fail(45)
    team.say("status")
    team.say("retry 46")
    port = port_of(team)
    team.until(lambda: "queue_bot_sample_age_seconds{}" in samples(port))

    assert get(port, "/livez")[0] == 200
    status, body = get(port, "/readyz")
    names = [one["name"] for one in json.loads(body)["conditions"] if one["ok"]]
    assert (status, names) == (200, ["slack", "database", "leader", "index", "outbox"])
    shown = samples(port)
    assert shown["queue_bot_commands_total{'command': 'status', 'outcome': 'ok'}"] == 1
    assert shown["queue_bot_commands_total{'command': 'retry', 'outcome': 'refused'}"] == 1
    assert shown["queue_bot_ack_seconds_count{}"] == 2
    assert shown["queue_bot_slack_connected{}"] == shown["queue_bot_leader{}"] == 1
    assert shown["queue_bot_database_statements_total{'work': 'requests'}"] > 0
    assert "queue_bot_step_age_seconds{'step': 'index'}" in shown
    assert get(port, "/")[0] == get(port, "/metrics/../livez")[0] == 404
    assert documented() == families(port)
    run_health_check(port)

    team.bot.socket.client.close()
    (slack, *others) = json.loads(get(port, "/readyz")[1])["conditions"]
    assert (slack["name"], slack["ok"]) == ("slack", False)
    assert all(one["ok"] for one in others)


def run_health_check(port: int) -> None:
    """Run the health check of the image against this port; it raises if it fails."""
    image = (DOCS.parent / "Dockerfile").read_text()
    (command,) = re.findall(r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", image, re.MULTILINE)
    assert "QUEUE_BOT_MONITORING_PORT=" in image
    environ = os.environ | {"QUEUE_BOT_MONITORING_PORT": str(port)}
    subprocess.run([sys.executable, *json.loads(command)[1:]], check=True, env=environ)


def documented() -> set[str]:
    """Return the metrics that the page, the alert rules and the dashboard name."""
    files = ("monitoring.md", "monitoring/rules.yml", "monitoring/dashboard.json")
    named = {
        name for file in files for name in re.findall(r"queue_bot_\w+", (DOCS / file).read_text())
    }
    suffix = re.compile("_(total|bucket|count|sum)$")
    return {suffix.sub("", name) for name in named}


def families(port: int) -> set[str]:
    """Return the names of the metrics that the bot shows."""
    _, body = get(port, "/metrics")
    return {family.name for family in text_string_to_metric_families(body)}


def test_scrapes_read_one_statement_in_five_seconds(file_queue: TestQueue) -> None:
    statements: list[str] = []
    engine = file_queue.engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    moment = 0.0
    reader = StateReader(engine, lambda: moment)

    states = [reader.read() for _ in range(50)]

    assert all(state is states[0] is not None for state in states)
    assert len([one for one in statements if "SELECT" in one]) == 1
    moment = CACHED_SECONDS
    assert reader.read() is not states[0]


def test_a_database_that_cannot_be_read_is_named_and_its_metrics_are_absent(
    file_queue: TestQueue,
) -> None:
    moment = 0.0
    reader = StateReader(file_queue.engine, lambda: moment)
    replica = ReplicaState("1", "a", {}, 0.0, connected=True)
    server = MonitoringServer("127.0.0.1", 0, Metrics(), reader, lambda: replica)
    server.start()
    assert reader.read() is not None
    with file_queue.engine.begin() as connection:
        connection.execute(text("DROP TABLE queue_bot_outbox"))
    moment = CACHED_SECONDS

    status, body = get(server.port, "/readyz")
    shown = samples(server.port)
    server.stop()

    assert status == 503
    assert "cannot be read" in body
    assert shown["queue_bot_database_readable{}"] == 0
    assert "queue_bot_led{}" not in shown


def test_a_replica_with_a_hanging_round_is_not_alive() -> None:
    condition = alive(ReplicaState("1", "a", {}, STUCK_SECONDS, connected=True))

    assert not condition.ok
    assert "restart" in str(condition.problem)


def test_a_monitoring_port_in_use_is_refused_with_one_sentence(file_queue: TestQueue) -> None:
    reader = StateReader(file_queue.engine)
    replica = ReplicaState("1", "a", {}, 0.0, connected=True)
    first = MonitoringServer("127.0.0.1", 0, Metrics(), reader, lambda: replica)

    with pytest.raises(StartError, match="QUEUE_BOT_MONITORING_PORT"):
        MonitoringServer("127.0.0.1", first.port, Metrics(), reader, lambda: replica)
    first.stop()


def test_clients_that_disconnect_write_nothing_into_the_log(
    file_queue: TestQueue, capfd: pytest.CaptureFixture[str]
) -> None:
    replica = ReplicaState("1", "a", {}, 0.0, connected=True)
    reader = StateReader(file_queue.engine)
    server = MonitoringServer("127.0.0.1", 0, Metrics(), reader, lambda: replica)
    server.start()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET /livez HTT")
            until(lambda: [t for t in threading.enumerate() if "process_request" in t.name])
            # With this option, `close` resets the connection.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        until(lambda: not [t for t in threading.enumerate() if "process_request" in t.name])
    assert get(server.port, "/livez")[0] == 200
    server.stop()
    logged = "".join(capfd.readouterr())
    assert "Traceback" not in logged
    assert "scrape failed" not in logged
