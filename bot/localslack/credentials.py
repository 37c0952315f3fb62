"""Tokens with their scopes, and the secret that signs requests."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from bot.localslack.refusals import SlackRefusal

TokenKind = Literal["bot", "app"]


@dataclass
class Credentials:
    """The tokens of this workspace, with the scopes of the manifest."""

    scopes: frozenset[str]
    app_id: str
    bot: str = field(default_factory=lambda: f"xoxb-local-{secrets.token_hex(12)}")
    app: str = ""
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    revoked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Make the app token; it names the app, as the tokens on Slack's pages do."""
        self.app = self.app or f"xapp-1-{self.app_id}-local-{secrets.token_hex(12)}"

    def check(self, token: str | None, kind: TokenKind) -> None:
        """Raise Slack's refusal for a wrong token.

        The refusals, listed on every method's page: `not_authed`, `invalid_auth`, `token_revoked`,
        `not_allowed_token_type`.
        """
        if not token:
            raise SlackRefusal("not_authed")
        if token not in {self.bot, self.app}:
            raise SlackRefusal("invalid_auth")
        if token in self.revoked:
            raise SlackRefusal("token_revoked")
        if token != getattr(self, kind):
            raise SlackRefusal("not_allowed_token_type")

    def need(self, scopes: Iterable[str]) -> None:
        """Raise `missing_scope` if scopes are needed and the bot's token has none of them.

        https://docs.slack.dev/authentication/installing-with-oauth describes `needed` and
        `provided`.
        """
        needed = list(scopes)
        if needed and not self.scopes.intersection(needed):
            provided = ",".join(sorted(self.scopes))
            extra = {"needed": ",".join(needed), "provided": provided}
            raise SlackRefusal("missing_scope", extra=extra)

    def signature(self, timestamp: str, body: bytes) -> str:
        """Return a request's `X-Slack-Signature`.

        https://docs.slack.dev/authentication/verifying-requests-from-slack.
        """
        base = b"v0:" + timestamp.encode() + b":" + body
        return "v0=" + hmac.new(self.signing_secret.encode(), base, hashlib.sha256).hexdigest()
