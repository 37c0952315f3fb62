"""The baseline of HTTP mode: Bolt's WSGI adapter, for gunicorn."""

import os

from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from tests.bench.bare import bare_app


def make_app() -> SlackRequestHandler:
    """Return the WSGI app, with the secrets of the environment."""
    client = WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = bare_app(client, os.environ["DATABASE_URL"], os.environ["SLACK_SIGNING_SECRET"])
    return SlackRequestHandler(app)
