"""Steps in the life of an incident."""

from tests.kit.incident_life import Life
from tests.kit.replicas import OMAR, ask


def acknowledged(life: Life) -> None:
    assert ask(life.setup, f"acknowledge I{life.incident.id}", by=OMAR).refusal is None


def recovered(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    acknowledged(life)
    life.take(1)
    life.tick(seconds=61)
    assert life.incident.resolution == "recovered"
