"""Slack's refusals: an error code, and the places in the request that caused it."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.localslack.blocks.specs import Json, Problem


class SlackRefusal(Exception):
    """`{"ok": false, "error": code}`, with `response_metadata.messages` if there are problems.

    https://docs.slack.dev/apis/web-api#responses. The HTTP status is 200, or the status that a
    subclass sets.
    """

    status = 200

    def __init__(
        self, code: str, problems: Iterable[Problem] = (), extra: Mapping[str, Any] | None = None
    ) -> None:
        self.code = code
        self.problems = tuple(problems)
        self.extra = dict(extra or {})
        self.headers: dict[str, str] = {}
        super().__init__(": ".join([code, *(str(problem) for problem in self.problems[:3])]))

    def body(self) -> Json:
        """Return the JSON body of the answer."""
        answer: Json = {"ok": False, "error": self.code, **self.extra}
        if self.problems:
            words = [str(problem) for problem in self.problems]
            answer["errors"] = words
            answer["response_metadata"] = {"messages": [f"[ERROR] {line}" for line in words]}
        return answer
