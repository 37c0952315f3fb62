"""The base of all refusals, and the error that keeps the bot from starting."""

from dataclasses import dataclass
from typing import ClassVar


# Not frozen: Python sets the traceback and context of an exception when it is raised.
@dataclass(eq=False, kw_only=True)
class Refusal(Exception):
    """A request that was not executed; each type has the fields that its message needs.

    `code` names the message in the catalogs (`refusal-<code>`), `outcome` is the word in the audit
    record. A refusal that is raised inside a transaction rolls it back. A field without a value is
    None, and then it is not stored with the request.
    """

    code: ClassVar[str] = "refused"
    outcome: ClassVar[str] = "refused"

    def __str__(self) -> str:
        return self.code


class Mistyped(Refusal):
    """The words name nothing that the bot knows; typed words are logged, not audited."""


class StartError(Exception):
    """The bot cannot start; each problem is one sentence with its remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
