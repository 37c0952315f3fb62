"""Post to Slack without the retries of the SDK, because the outbox decides about retries."""

from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient

from bot.background.outbox.delivery_errors import DeliveryError, Fault
from bot.slack.block_support import REFUSED, BlockSupport
from bot.slack.directory import reason_of
from bot.views.environment import labelled

_NO_CHANNEL = {
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "restricted_action",
    "restricted_action_read_only_channel",
}
_LAYOUT = {"msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format"}
_GONE = {
    "cannot_reply_to_message",
    "cant_update_message",
    "edit_window_closed",
    "message_not_found",
    "thread_not_found",
}
# Errors of the app, not of the message. The outbox keeps a message after such an error.
_AUTH = {
    "access_denied",
    "account_inactive",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "invalid_auth",
    "missing_scope",
    "not_allowed_token_type",
    "not_authed",
    "org_login_required",
    "team_access_not_granted",
    "token_expired",
    "token_revoked",
    "two_factor_setup_required",
}
_PASSING = {"fatal_error", "internal_error", "service_unavailable", "request_timeout"}
DEFAULT_RETRY_AFTER = 30.0


class SlackPoster:
    """Calls `chat.postMessage` and `chat.update`; each kind of failure has its own error."""

    def __init__(
        self,
        client: WebClient,
        workspace_url: str,
        support: BlockSupport | None = None,
        environment: str | None = None,
    ) -> None:
        self._client = client
        self._environment = environment
        self._support = support or BlockSupport()
        self._url = workspace_url.rstrip("/")

    def post(self, channel: str, body: Mapping[str, Any]) -> str:
        """Post a message and return its `ts`; raises `DeliveryError`."""
        response = self._send("chat.postMessage", {"channel": channel, **_quiet(body)})
        return str(response["ts"])

    def update(self, channel: str, ts: str, body: Mapping[str, Any]) -> None:
        """Edit a message; raises `DeliveryError`."""
        self._send("chat.update", {"channel": channel, "ts": ts, **body})

    def permalink(self, channel: str, ts: str) -> str:
        """Return the address of the message, in the format that Slack uses."""
        return f"{self._url}/archives/{channel}/p{ts.replace('.', '')}"

    def _send(self, method: str, body: Mapping[str, Any]) -> Any:
        """Send the body; if Slack refuses newer blocks, send the body with older blocks."""
        variants = list(self._support.variants(labelled(body, self._environment)))
        for variant in variants:
            try:
                response = self._call(method, variant.body)
            except DeliveryError as fault:
                if fault.reason != REFUSED or variant is variants[-1]:
                    raise
            else:
                self._support.learn(variant)
                return response
        raise AssertionError("there is always a variant")

    def _call(self, method: str, body: Mapping[str, Any]) -> Any:
        try:
            return self._client.api_call(method, json=dict(body))
        except SlackApiError as error:
            raise _delivery_error(error) from error
        except (SlackClientError, OSError) as error:
            raise DeliveryError(Fault.UNKNOWN, type(error).__name__) from error


def _quiet(body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "unfurl_links": False, "unfurl_media": False, "link_names": False}


def _delivery_error(error: SlackApiError) -> DeliveryError:
    reason = reason_of(error)
    status = getattr(error.response, "status_code", 0)
    if status == 429 or reason == "ratelimited":
        headers = {k.lower(): v for k, v in dict(error.response.headers).items()}
        return DeliveryError(Fault.RATE, reason, _seconds(headers.get("retry-after")))
    for codes, fault in (
        (_NO_CHANNEL, Fault.CHANNEL),
        (_LAYOUT, Fault.LAYOUT),
        (_GONE, Fault.GONE),
        (_AUTH, Fault.AUTH),
    ):
        if reason in codes:
            return DeliveryError(fault, reason)
    if reason in _PASSING or status >= 500 or reason in ("no JSON", "no error code"):
        return DeliveryError(Fault.UNKNOWN, reason)
    return DeliveryError(Fault.REFUSED, reason)


def _seconds(header: object) -> float:
    value = header[0] if isinstance(header, list) and header else header
    try:
        return max(1.0, float(str(value)))
    except ValueError:
        return DEFAULT_RETRY_AFTER
