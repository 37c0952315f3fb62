"""The Bolt app: each listener passes its envelope to the handler, which answers in its ack."""

import logging
import re
from collections.abc import Callable
from time import monotonic
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk.web import WebClient

from bot.models.requests import SLASH_COMMAND
from bot.monitoring.metrics import Metrics
from bot.slack import envelopes
from bot.slack.direct_messages import is_of_person
from bot.slack.handler import RequestHandler
from bot.views.reports.home import REFRESH


def build_app(
    client: WebClient,
    handler: RequestHandler,
    group_changed: Callable[[str], None],
    metrics: Metrics,
    slash: str = SLASH_COMMAND,
    signing_secret: str | None = None,
) -> App:
    """Return the Bolt app with its listeners; the listeners run in the client's thread.

    `group_changed` receives the id of a user group whose members changed. If it raises an error,
    the event is not acknowledged, and Slack repeats the event.

    With `process_before_response`, Bolt runs a listener before Bolt responds. The listener
    acknowledges exactly once, when the answer is known. Bolt then does not poll every 10 ms for the
    acknowledgement.
    """
    # Bolt's warnings have the whole body of a request without a listener; another one is that Bolt
    # ignores SLACK_BOT_TOKEN.
    errors = logging.getLogger("queue-bot.bolt")
    errors.setLevel(logging.ERROR)
    app = App(
        name=__name__,
        logger=errors,
        client=client,
        signing_secret=signing_secret or "socket mode checks no signature",
        process_before_response=True,
    )
    _listen_to_requests(app, handler, metrics, slash)
    _listen_to_events(app, handler, group_changed, slash)
    return app


def _listen_to_requests(app: App, handler: RequestHandler, metrics: Metrics, slash: str) -> None:
    """Add the listeners of commands, clicks and submitted modals."""

    @app.command(slash)
    def typed(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        handler.slash(ack, envelopes.slash(body, context["received"]))
        metrics.acknowledged(monotonic() - context["received"])

    @app.command(re.compile("^/"))
    def other_command(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        # The app of another environment may have this app token by mistake: run nothing.
        handler.refuse_command(ack, envelopes.slash(body, context["received"]), body["command"])

    @app.action(re.compile("^(run|page):"))
    def click(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        handler.click(ack, envelopes.click(body, context["received"]))
        metrics.acknowledged(monotonic() - context["received"])

    @app.view(re.compile("^run:"))
    def submission(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        handler.submit(ack, envelopes.submission(body, context["received"]))
        metrics.acknowledged(monotonic() - context["received"])

    @app.action(REFRESH)
    def refresh(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        handler.home(envelopes.home_refreshed(body))


def _listen_to_events(
    app: App, handler: RequestHandler, group_changed: Callable[[str], None], slash: str
) -> None:
    """Add the listeners of direct messages, Home and user groups."""

    @app.event("message")
    def message(event: dict[str, Any], body: dict[str, Any], context: BoltContext) -> None:
        if is_of_person(event):
            received = context["received"]
            handler.direct_message(envelopes.direct_message(event, body, slash, received))

    @app.event("app_home_opened")
    def home_opened(event: dict[str, Any], body: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            handler.home(envelopes.home_opened(event, body))

    @app.event("subteam_members_changed")
    def members_changed(event: dict[str, Any]) -> None:
        group_changed(str(event.get("subteam_id", "")))

    @app.event("subteam_updated")
    def group_updated(event: dict[str, Any]) -> None:
        group_changed(str((event.get("subteam") or {}).get("id", "")))
