"""The part of `LocalSlack` that turns faults on and off, for tests and for the page."""

from collections.abc import Iterable

from bot.localslack import faults
from bot.localslack.blocks.specs import Json
from bot.localslack.credentials import Credentials
from bot.localslack.delivery.envelopes import Courier
from bot.localslack.delivery.socket_mode import Hub
from bot.localslack.web_api.rates import Rates
from bot.localslack.web_server import ServerThread


class Switches:
    """Faults of the Web API, the sockets and the tokens; any thread may call every method."""

    def __init__(
        self,
        server_thread: ServerThread,
        hub: Hub,
        courier: Courier,
        credentials: Credentials,
        rates: Rates,
    ) -> None:
        self._server_thread = server_thread
        self._hub = hub
        self._courier = courier
        self.credentials = credentials
        self.rates = rates
        self.faults = faults.Script()

    @property
    def hub(self) -> Hub:
        """Return the counters of Socket Mode: `connected`, `acks`, `late_acks`, `repeated_acks`."""
        return self._hub

    # ---- the Web API

    def script(self, method: str, answers: Iterable[faults.Answer | str | int]) -> None:
        """Script the next answers of a method: an error code, 429, a 5xx, or a `faults` value."""
        long = list(answers)
        self._server_thread.ask(lambda: self.faults.add(method, long))

    def always(self, method: str, answer: faults.Answer | str | int | None) -> None:
        """Give every call of a method this answer from now on; None removes the lasting answer."""
        self._server_thread.ask(lambda: self.faults.always(method, answer))

    def refuse_blocks(self, *types: str, on: bool = True) -> None:
        """Answer `invalid_blocks` to messages with a block of these types; accept them if not `on`.

        Slack gives this answer in a workspace for which it has not enabled a new block type yet.
        """
        refused = self.faults.refused_blocks
        change = refused.update if on else refused.difference_update
        self._server_thread.ask(lambda: change(types))

    def revoke_token(self, token: str | None = None) -> None:
        """Answer `token_revoked` to a token from now on; the default is the bot's token."""
        self._server_thread.ask(lambda: self.credentials.revoked.add(token or self.credentials.bot))

    def restore_tokens(self) -> None:
        """Accept every token again."""
        self._server_thread.ask(self.credentials.revoked.clear)

    def limit_rates(self, *, on: bool) -> None:
        """Turn the rate limits, which answer 429 to too many calls, on or off."""
        self.rates.on = on

    # ---- the sockets and the signed requests

    def duplicate_next(self, count: int = 1) -> None:
        """Send each of the next envelopes twice, the second copy to another socket if possible.

        A signed request is sent twice with the same signature, as by an attacker who recorded it.
        """
        self._hub.faults.duplicates = count

    def delay_next(self, seconds: float, count: int = 1) -> None:
        """Send each of the next envelopes late; the app's 3 s begin before the delay."""
        self._server_thread.ask(lambda: self._hub.faults.delays.extend([seconds] * count))

    def redeliver(self) -> None:
        """Send the newest envelope again; `repeated_acks` counts the second ack."""
        self._server_thread.wait_for(self._courier.route.redeliver())

    def kill_sockets(self) -> None:
        """Cut every Socket Mode connection without a disconnect frame."""
        self._server_thread.ask(self._hub.kill)

    def silence_sockets(self) -> None:
        """Keep the connections open, but neither read from them nor send to them."""
        self._server_thread.ask(self._hub.silence)

    def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Send a disconnect frame to every connection."""
        self._server_thread.wait_for(self._hub.ask_to_leave(reason))

    def refuse_sockets(self, *, on: bool = True) -> None:
        """Refuse every new connection, or accept new connections again; open connections stay."""
        self._hub.faults.refusing = on

    # ---- events

    def retry_events_after(self, *seconds: float) -> None:
        """Set the wait before each repeated delivery of an event without an ack."""
        self._courier.retry_waits = seconds

    # ---- all faults

    def switched_on(self) -> Json:
        """Return the active lasting faults, for the page."""
        return self._server_thread.ask(
            lambda: {
                "methods": {name: repr(answer) for name, answer in self.faults.lasting.items()},
                "refusing_sockets": self._hub.faults.refusing,
                "token_revoked": bool(self.credentials.revoked),
                "rate_limits": self.rates.on,
            }
        )

    def clear_faults(self) -> None:
        """Remove all faults: scripts, lasting answers, sockets and tokens."""

        def clear() -> None:
            self.faults.clear()
            self._hub.faults.clear()
            self.credentials.revoked.clear()

        self._server_thread.ask(clear)
