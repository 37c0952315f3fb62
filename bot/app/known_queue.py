"""Check a typed queue name against the queues that the bot knows."""

from difflib import get_close_matches

from bot.app.work import Work
from bot.models.refusals import QueueNotFound
from bot.store.incidents import known_queues

NAMED = 10
"""The maximum number of queues that a refusal names."""


def require_known(work: Work, name: str | None) -> None:
    """Raise `QueueNotFound` if the queue never had a job, because its name is probably mistyped."""
    if name is None or known_queues.with_jobs(work.connection, work.queue, name) is not None:
        return
    known = known_queues.names(work.connection)
    if name not in known:
        alike = get_close_matches(name, known, n=NAMED, cutoff=0.5)
        others = sorted(known - set(alike))
        raise QueueNotFound(
            queue=name,
            queues=tuple([*alike, *others][:NAMED]),
            nearest=alike[0] if alike else None,
        )
