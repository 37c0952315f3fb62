"""Run all benches, or the named ones."""

import argparse
import os
import platform
from collections.abc import Callable
from time import monotonic

from sqlalchemy import create_engine, text

from tests.bench import (
    acks,
    errors,
    flood,
    http,
    idle,
    large,
    masking,
    moves,
    outcomes,
    paced,
    page,
    storm,
    undo,
)
from tests.bench.tables import running_server
from tests.services.mariadb import MariaDB

BENCHES: dict[str, Callable[..., None]] = {
    "idle": idle.bench_idle,
    "ack": acks.bench_ack,
    "crowd": acks.bench_crowd,
    "retry-all": moves.bench_retry_all,
    "clear-failed": moves.bench_clear_failed,
    "undo": undo.bench_undo,
    "million": moves.bench_million,
    "paced": paced.bench_paced,
    "large": large.bench_large,
    "errors": errors.bench_errors,
    "outcomes": outcomes.bench_outcomes,
    "storm": storm.bench_storm,
    "page": page.bench_page,
    "masking": masking.bench_masking,
    "flood": flood.bench_flood,
    "http": http.bench_http,
}


def main() -> None:
    """Run the benches and print their results."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="small tables, a minute in all")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {', '.join(unknown)}: {', '.join(BENCHES)}")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}")
    with running_server() as server:
        print(f"{version(server)}, {', '.join(server.options[:-1])}")
        for name in given.names or BENCHES:
            began = monotonic()
            bench = BENCHES[name]
            print(f"\n{name}: {bench.__doc__}", flush=True)
            bench(server, quick=given.quick)
            print(f"  ({monotonic() - began:.0f} s)", flush=True)


def version(server: MariaDB) -> str:
    """Return the version that the server reports."""
    engine = create_engine(server.url())
    with engine.connect() as connection:
        version_text = connection.execute(text("SELECT VERSION()")).scalar_one()
    engine.dispose()
    return str(version_text)


if __name__ == "__main__":
    main()
