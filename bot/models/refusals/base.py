"""The base class of all refusals, and the error that prevents the start of the bot."""

from dataclasses import dataclass
from typing import ClassVar


# The class is not frozen, because Python sets `__traceback__` on an exception that it raises.
@dataclass(eq=False, kw_only=True)
class Refusal(Exception):
    """A request that was not executed. Each subclass has the fields that its message needs.

    `code` names the message in the catalogs (`refusal-<code>`). `outcome` is the word in the audit
    record. A refusal that is raised inside a transaction rolls the transaction back. A field
    without a value is None and is not stored with the request.
    """

    code: ClassVar[str] = "refused"
    outcome: ClassVar[str] = "refused"

    def __str__(self) -> str:
        return self.code


class Mistyped(Refusal):
    """The bot does not know the typed words. It logs them, but writes no audit record."""


class StartError(Exception):
    """The bot cannot start. Each problem is one sentence with a remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
