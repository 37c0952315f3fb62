"""Figures: quantiles, ratios, and lines that can be read and copied."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

__all__ = ["median", "quantile", "resident_mb", "say", "times"]


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def times(name: str, seconds: Sequence[float]) -> None:
    """Print how long something took, in milliseconds."""
    ms = [1000 * value for value in seconds]
    say(
        name,
        f"median {median(ms):.1f} ms, p95 {quantile(ms, 0.95):.1f}, p99 {quantile(ms, 0.99):.1f}, "
        f"worst {max(ms):.1f} ({len(ms)} times)",
    )


def say(name: str, figures: str) -> None:
    """Print one line of a bench."""
    print(f"  {name:<44} {figures}", flush=True)


def resident_mb() -> float:
    """Resident memory of this process, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmRSS")
