"""Random databases until the run ends; each fault is printed and counted."""

import random
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.random_databases import files, servers
from tests.random_databases.databases import InFiles, OnServer, Tally
from tests.random_databases.designs import Design
from tests.services.mariadb import MariaDB

EXAMPLES = 60

LONG = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    # Faults are not shrunk: that takes longer than to find the next fault.
    phases=(Phase.generate,),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def any_database(server: MariaDB, until: float) -> str:
    """Random tables, settings, rows and commands, on the server and in files."""
    faults: Counter[str] = Counter()
    with server.database() as name, tempfile.TemporaryDirectory() as folder:
        on_server, in_files = OnServer(server, name), InFiles(Path(folder))
        while monotonic() < until:
            for databases, drawn in ((on_server, servers.designs()), (in_files, files.designs())):
                _round(databases.try_out, drawn, faults, until)
        on_server.close()
    tried = f"{_figures('on the server', on_server.tally)}, {_figures('in files', in_files.tally)}"
    assert not faults, f"{tried}, faults: {dict(faults)}"
    return f"{tried}, no fault"


def _round(
    try_out: Callable[[Design], None],
    drawn: SearchStrategy[Any],
    faults: Counter[str],
    until: float,
) -> None:
    """Try the databases of one seed; print each fault in full when it first occurs."""
    number = random.getrandbits(32)

    def one(design: Design) -> None:
        if monotonic() > until:
            return
        try:
            try_out(design)
        except Exception as error:  # noqa: BLE001 any exception is a fault
            # The run continues, because one fault must not hide the others.
            lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.line]
            place = f"{Path(lines[-1].filename).name}:{lines[-1].lineno} {type(error).__name__}"
            faults[place] += 1
            if faults[place] == 1:
                print(f"  FAULT at {place}, seed {number}: {design}", flush=True)
                print("".join(traceback.format_exception(error)), flush=True)

    seed(number)(LONG(given(drawn)(one)))()


def _figures(where: str, tally: Tally) -> str:
    return f"{tally.databases} databases {where}, {tally.refused} of them refused at start"
