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


def bare_app(client: WebClient, database_url: str, signing_secret: str | None = None) -> App:
    """Return a default Bolt app that runs the status query and acks with its result."""
    engine = connect(database_url)
    queue = Queue(*spec_tables())
    app = App(client=client, signing_secret=signing_secret)

    @app.command("/queue")
    def answer(ack: Ack, body: dict[str, Any]) -> None:
        del body
        with reading(engine) as connection:
            status = job_counts.count(connection, queue, now_of(connection), SECONDS).status
        ack(text=f"Status: {status.model_dump_json()}")

    return app


def main(bot_token: str, app_token: str, base_url: str, database_url: str) -> None:
    """Answer `/queue status` until the input ends, with Bolt's default settings."""
    app = bare_app(WebClient(token=bot_token, base_url=base_url), database_url)
    handler = SocketModeHandler(app, app_token)
    handler.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
