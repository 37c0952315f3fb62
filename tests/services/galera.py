"""A Galera cluster for the tests: three nodes on this machine, all of which accept writes."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.kit.concurrency import until
from tests.services.mariadb import START_SECONDS, MariaDB, free_port
from tests.services.programs import ServerUnavailableError

NODES = 3
HOST = "127.0.0.1"
ACCOUNT = "mysql"
"""The system account that the server's package creates."""
_PROVIDERS = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera/libgalera_smm.so")
# The cluster gives up a silent node after seconds instead of half a minute. A node does not start
# if its suspect timeout is shorter than its keepalive period.
_IMPATIENT = (
    "evs.keepalive_period=PT0.5S;evs.inactive_check_period=PT0.5S;evs.suspect_timeout=PT3S;"
    "evs.inactive_timeout=PT8S;evs.install_timeout=PT8S;gcache.size=64M"
)


class Node(MariaDB):
    """One server of the cluster."""

    def __init__(self, folder: Path, first: MariaDB | None) -> None:
        """Install an empty server, which copies the first node's data when it joins."""
        super().__init__(folder)
        self.first = first
        if first is not None:
            self.password = first.password
        if os.geteuid() == 0:
            # The rsync that copies the data drops root's rights and could not write here.
            self.account = ACCOUNT
            _give_away(folder)

    def start(self) -> None:
        """Start the node and wait until it has joined the cluster."""
        super().start()
        try:
            until(lambda: self.state() == "Synced", START_SECONDS)
        except TimeoutError as error:
            sentence = f"the node did not join:\n{self.log_end()}"
            raise ServerUnavailableError(sentence) from error

    def state(self) -> str:
        """Return the node's state in the cluster; a joined node is Synced."""
        return self.status("wsrep_local_state_comment")

    def status(self, name: str) -> str:
        """Return one of the node's status variables."""
        with (
            contextlib.closing(self.connect_as_root()) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SHOW STATUS LIKE '{name}'")
            return str(cursor.fetchall()[0][1])

    def _grant(self) -> None:
        if self.first is None:
            super()._grant()


@dataclass(frozen=True)
class Cluster:
    """The nodes, some of which may have been killed."""

    nodes: list[Node]

    def settle(self) -> None:
        """Wait until all running nodes have the same commits."""
        until(lambda: len({node.status("wsrep_last_committed") for node in self.running}) == 1)

    def wait_for_size(self, size: int) -> None:
        """Wait until the running nodes agree on the cluster's size and accept statements again."""
        until(lambda: {node.status("wsrep_cluster_size") for node in self.running} == {str(size)})
        until(lambda: {node.state() for node in self.running} == {"Synced"})

    @property
    def running(self) -> list[Node]:
        """The nodes that were not killed."""
        return [node for node in self.nodes if node.is_running]


def _give_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, ACCOUNT, ACCOUNT)


def provider() -> str | None:
    """Return the path of the Galera library; None if it is missing."""
    return next((path for path in _PROVIDERS if Path(path).exists()), None)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Run three connected nodes; at the end stop them and remove their folders."""
    with ExitStack() as until_the_end:
        groups = [free_port(HOST) for _ in range(NODES)]
        members = ",".join(f"{HOST}:{port}" for port in groups)
        nodes: list[Node] = []
        for number, port in enumerate(groups):
            folder = Path(tempfile.mkdtemp(prefix="queue-bot-node-"))
            until_the_end.callback(shutil.rmtree, folder, ignore_errors=True)
            node = Node(folder, nodes[0] if nodes else None)
            node.options = _options(number, port, members if nodes else "")
            until_the_end.callback(node.stop)
            node.start()
            nodes.append(node)
        yield Cluster(nodes)


def _options(number: int, port: int, members: str) -> tuple[str, ...]:
    """Return the options of a node; the first node has no members to join."""
    library = provider()
    if library is None:
        raise ServerUnavailableError("the package galera-4 is not on this machine")
    listens = f"gmcast.listen_addr=tcp://{HOST}:{port};ist.recv_addr={HOST}:{free_port(HOST)}"
    return (
        "--wsrep-on=ON",
        f"--wsrep-provider={library}",
        f"--wsrep-cluster-address=gcomm://{members}",
        f"--wsrep-node-address={HOST}:{port}",
        f"--wsrep-node-name=node{number}",
        f"--wsrep-provider-options={listens};{_IMPATIENT}",
        "--wsrep-sst-method=rsync",
        f"--wsrep-sst-receive-address={HOST}:{free_port(HOST)}",
        "--binlog-format=ROW",
        "--innodb-autoinc-lock-mode=2",
    )
