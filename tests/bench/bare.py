"""The baseline: a default Bolt app whose handler runs the status query and acks."""

import sys
from typing import Any

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.database.engine import connect
from bot.database.transactions import now_of, reading
from bot.queue import job_counts
from bot.queue.layouts import Queue, spec_tables

SECONDS = 2.0


def main(bot_token: str, app_token: str, base_url: str, database_url: str) -> None:
    """Answer `/queue status` until the input ends, with Bolt's default settings."""
    engine = connect(database_url)
    queue = Queue(*spec_tables())
    app = App(client=WebClient(token=bot_token, base_url=base_url))

    @app.command("/queue")
    def answer(ack: Ack, body: dict[str, Any]) -> None:
        del body
        with reading(engine) as connection:
            status = job_counts.count(connection, queue, now_of(connection), SECONDS).status
        ack(text=f"Status: {status.model_dump_json()}")

    handler = SocketModeHandler(app, app_token)
    handler.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
