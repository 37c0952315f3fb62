"""Samples of messages of the metric rules: each value in every state."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from bot.models.requests import Message
from bot.text import join
from bot.views.blocks import message, section
from bot.views.context import Context
from bot.views.incidents.rule_texts import rule_lines
from tests.views.samples import Sample
from tests.views.samples_watch import problems
from tests.views.words import PLAIN, Words

WAITING = {
    "limit": 300,
    "waiting": 38,
    "counted": "exact",
    "workers": "moving",
    "moved": 4,
    "still": 4,
    "reserved": 2,
}
RESERVED = {
    "limit": 300,
    "held": 5,
    "counted": "exact",
    "jobs": [[104, 4_210, 1_762_530_000], [103, 403, 1_762_533_807], [102, 301, 1_762_533_909]],
    "timeout": 900,
}
BACKLOG = {"limit": 500, "minutes": 15, "counted": "exact", "grown": 620, "grows": True}

Figure = tuple[str, int, int, Mapping[str, Any]]


def figures(w: Words = PLAIN) -> dict[str, Figure]:
    """Return rule, value, peak value and facts, by name."""
    still = {**WAITING, "workers": "still", "still": 720, "moved": 725}
    empty = {**WAITING, "waiting": 0}
    wrong = [one.model_dump(mode="json") for one in problems(w) if one.part == "failures"]
    groups = [["E7", 126, w.group], ["E20", 12, w.group], ["E1", 1, w.group]]
    return {
        "oldest": ("oldest_job", 730, 730, WAITING),
        "oldest-still": ("oldest_job", 730, 730, still),
        "oldest-busy": ("oldest_job", 430, 3_700, {**WAITING, "workers": "busy"}),
        "oldest-unknown": (
            "oldest_job",
            9_000,
            9_000,
            {**WAITING, "workers": "unknown", "counted": "least", "waiting": 2_500, "moved": None},
        ),
        "oldest-one": ("oldest_job", 301, 301, {**WAITING, "waiting": 1}),
        "oldest-younger": ("oldest_job", 200, 730, WAITING),
        "oldest-over": ("oldest_job", 0, 730, empty),
        "silent": ("no_worker_activity", 720, 720, {**still, "age": 730}),
        "silent-large": (
            "no_worker_activity",
            720,
            720,
            {**still, "age": 730, "counted": "about", "waiting": 600_000},
        ),
        "silent-catching-up": ("no_worker_activity", 0, 720, {**WAITING, "age": 640}),
        "silent-over": ("no_worker_activity", 0, 720, {**empty, "age": 0}),
        "silent-pool": (
            "no_worker_activity",
            720,
            720,
            {**still, "queues": [[w.queue, 720, 3, True], ["sync", 0, 1, False]] * 7},
        ),
        "silent-pool-over": (
            "no_worker_activity",
            0,
            720,
            {**empty, "queues": [[w.queue, 0, 0, False], ["sync", 0, 2, False]]},
        ),
        "reserved": ("stuck_jobs", 4_210, 4_210, RESERVED),
        "reserved-one": (
            "stuck_jobs",
            301,
            301,
            {"limit": 300, "held": 1, "counted": "exact", "jobs": [[104, 301, 1_762_533_909]]},
        ),
        "reserved-least": ("stuck_jobs", 4_210, 5_000, {**RESERVED, "counted": "least"}),
        "reserved-over": (
            "stuck_jobs",
            0,
            4_210,
            {"limit": 300, "held": 0, "counted": "exact", "jobs": []},
        ),
        "failed": ("failed_count", 139, 139, {"limit": 100, "groups": groups}),
        "failed-two": ("failed_count", 2, 2, {"limit": 1, "groups": groups[2:]}),
        "failed-over": ("failed_count", 0, 139, {"limit": 100, "groups": []}),
        "backlog": ("backlog_growth", 1_240, 1_240, BACKLOG),
        "backlog-large": ("backlog_growth", 612_000, 612_000, {**BACKLOG, "counted": "about"}),
        "backlog-slower": (
            "backlog_growth",
            1_200,
            1_240,
            {**BACKLOG, "grows": False, "grown": 580},
        ),
        "backlog-shrinks": (
            "backlog_growth",
            400,
            1_240,
            {**BACKLOG, "grows": False, "grown": -620},
        ),
        "backlog-empty": ("backlog_growth", 0, 1_240, {**BACKLOG, "grows": False, "grown": -700}),
        "background": ("background_problem", 2, 2, {"part": "failures", "problems": wrong}),
        "background-over": ("background_problem", 0, 2, {"part": "failures", "problems": []}),
        "backlog-new": ("backlog_growth", 1, 1, {"limit": 500, "minutes": 15, "counted": "exact"}),
    }


def samples(w: Words) -> Iterator[Sample]:
    """Yield each sample as the lines of its message."""
    for name, figure in figures(w).items():
        yield Sample(f"condition-{name}", partial(shown, figure, w))


def shown(figure: Figure, w: Words, ctx: Context) -> Message:
    """Return the lines as a message."""
    rule, value, peak, facts = figure
    queue = None if rule in ("failed_count", "background_problem") else w.queue
    lines = rule_lines(rule, queue, value, peak, facts, ctx)
    return message(lines, [section(join("\n", lines))])
