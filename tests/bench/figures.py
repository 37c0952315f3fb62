"""Figures: quantiles, ratios, and lines for people to read and copy."""

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["Grown", "growing", "kind", "median", "quantile", "say", "say_kinds", "times"]

LOOK_EVERY = 0.05
SHOWN = 12
_TABLE = re.compile(r"(?:FROM|INTO|UPDATE|JOIN) `?(\w+)`?")
_LIMIT = re.compile(r"^SET STATEMENT max_statement_time=[\d.]+ FOR ")


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def times(name: str, seconds: Sequence[float]) -> None:
    """Print median, p95, p99 and worst of these times, in milliseconds."""
    ms = [1000 * value for value in seconds]
    say(
        name,
        f"median {median(ms):.1f} ms, p95 {quantile(ms, 0.95):.1f}, p99 {quantile(ms, 0.99):.1f}, "
        f"worst {max(ms):.1f} ({len(ms)} times)",
    )


def say(name: str, figures: str) -> None:
    """Print one line of a bench."""
    print(f"  {name:<44} {figures}", flush=True)


def kind(statement: str) -> str:
    """Return the statement's verb and its first table."""
    bare = _LIMIT.sub("", statement)
    table = _TABLE.search(bare)
    verb = bare.split(maxsplit=1)[0].upper()
    return f"{verb} {table[1].removeprefix('queue_bot_')}" if table else bare[:40]


def say_kinds(kinds: Mapping[str, int], seconds: float) -> None:
    """Print how many statements a second of each kind were executed, the most frequent first."""
    for name, count in Counter(kinds).most_common(SHOWN):
        say(f"  {name}", f"{count / seconds:.2f}")


@dataclass
class Grown:
    """The greatest growth of this process in MB, compared with the start."""

    mb: float = 0.0


@contextmanager
def growing() -> Iterator[Grown]:
    """Sample the resident memory of this process twenty times a second, until the block ends."""
    grown, before, ended = Grown(), _resident_mb(), threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY):
            grown.mb = max(grown.mb, _resident_mb() - before)

    looking = threading.Thread(target=look, name="memory")
    looking.start()
    try:
        yield grown
    finally:
        ended.set()
        looking.join()


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmRSS")
