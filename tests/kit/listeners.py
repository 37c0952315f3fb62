"""Listeners in place of a database server: another kind of server, or a silent one."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def listening(talk: Callable[[socket.socket], object]) -> Iterator[int]:
    """Yield the port of a listener that calls `talk` on each connection and keeps it open."""
    with ExitStack() as until_the_end:
        listener = until_the_end.enter_context(socket.create_server(("127.0.0.1", 0)))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    until_the_end.callback(client.close)
                    with suppress(OSError):
                        talk(client)

        thread = threading.Thread(target=accept)
        thread.start()
        until_the_end.callback(thread.join, 20)
        # Closing the listener alone would not end `accept`.
        until_the_end.callback(listener.shutdown, socket.SHUT_RDWR)
        yield listener.getsockname()[1]
