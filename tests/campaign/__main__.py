"""Long fault runs: all of them, or the named ones, each for a number of minutes."""

import argparse
import os
import platform
from collections.abc import Callable
from time import monotonic

from tests.campaign import databases, figures, kills, orders, sizes, soak, storms
from tests.services.mariadb import MariaDB, running_mariadb

RUNS: dict[str, Callable[[MariaDB, float], str]] = {
    "databases": databases.any_database,
    "orders": orders.any_order,
    "figures": figures.any_history,
    "kills": kills.kill_replicas,
    "servers": kills.kill_the_server,
    "writers": sizes.write_and_seal,
    "index": sizes.index_many,
    "storm": storms.storm,
    "soak": soak.soak,
}


def main() -> None:
    """Run and print the results; the first broken invariant ends the program with its trace."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RUNS))
    parser.add_argument("--minutes", type=float, default=5.0, help="for each; 5 unless said")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in RUNS]
    if unknown:
        parser.error(f"there is no run {', '.join(unknown)}: {', '.join(RUNS)}")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}")
    # Each commit is on the disk, so that a killed server loses none.
    with running_mariadb("--innodb-flush-log-at-trx-commit=1") as server:
        for name in given.names or RUNS:
            began = monotonic()
            print(f"{name}: {RUNS[name].__doc__}", flush=True)
            result = RUNS[name](server, began + given.minutes * 60)
            print(f"  {result} ({monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
