"""An app of twenty lines that is independent of the bot; its manifest is in the same folder."""

import os

from slack_bolt import Ack, App, Say
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

app = App(client=WebClient(os.environ["SLACK_BOT_TOKEN"], os.environ["SLACK_API_URL"]))


@app.command("/greet")
def greet(ack: Ack, command: dict[str, str], say: Say) -> None:
    ack(f"Hello, {command['text'] or 'you'}!")
    say(f"<@{command['user_id']}> says hello.")


@app.event("app_home_opened")
def home(event: dict[str, str], client: WebClient) -> None:
    client.views_publish(user_id=event["user"], view={"type": "home", "blocks": []})


SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
