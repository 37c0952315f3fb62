"""The classes with which `block_rules` describes the JSON values that Slack accepts."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """One refusal: Slack's sentence, and the JSON pointer to the refused value."""

    words: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.words} [json-pointer:{self.pointer}]"


class Spec(Protocol):
    """The rule for one JSON value."""

    def problems(self, value: object, at: str) -> Iterator[Problem]:
        """Yield every problem of the value; each problem's place begins with `at`."""
        ...


def length_problems(text: str, at: str, *, shortest: int, longest: int | None) -> Iterator[Problem]:
    """Yield Slack's sentence if a text is too short or too long, in characters."""
    if len(text) < shortest:
        yield Problem(f"must be more than {shortest - 1} characters", at)
    if longest is not None and len(text) > longest:
        yield Problem(f"must be less than {longest + 1} characters", at)


@dataclass(frozen=True)
class Str:
    """A string of `shortest` to `longest` characters, limited to `choices` if there are any."""

    longest: int | None = None
    shortest: int = 0
    choices: tuple[str, ...] = ()

    def problems(self, value: object, at: str) -> Iterator[Problem]:
        """Yield problems: not a string, not one of the choices, too short, too long."""
        if not isinstance(value, str):
            yield Problem("must provide a string", at)
        elif self.choices and value not in self.choices:
            yield Problem("must be a valid enum value", at)
        else:
            yield from length_problems(value, at, shortest=self.shortest, longest=self.longest)


@dataclass(frozen=True)
class Flag:
    """A JSON boolean."""

    def problems(self, value: object, at: str) -> Iterator[Problem]:
        """Yield a problem for any value except true and false."""
        if not isinstance(value, bool):
            yield Problem("must provide a boolean", at)


@dataclass(frozen=True)
class Number:
    """A JSON number between two bounds; each bound itself is allowed."""

    least: float = -math.inf
    most: float = math.inf
    whole: bool = True

    def problems(self, value: object, at: str) -> Iterator[Problem]:
        """Yield problems: not a number, a fraction instead of an integer, out of bounds."""
        wrong = isinstance(value, bool) or not isinstance(value, int | float)
        if wrong or (self.whole and not isinstance(value, int)):
            yield Problem(f"must provide {'an integer' if self.whole else 'a number'}", at)
        elif isinstance(value, int | float):
            yield from self._out_of_bounds(value, at)

    def _out_of_bounds(self, value: float, at: str) -> Iterator[Problem]:
        if not math.isfinite(value) or value < self.least:
            yield Problem(f"must be greater than or equal to {self.least:g}", at)
        elif value > self.most:
            yield Problem(f"must be less than or equal to {self.most:g}", at)


@dataclass(frozen=True)
class Text:
    """A text object: https://docs.slack.dev/reference/block-kit/composition-objects/text-object."""

    longest: int = 3000
    kinds: tuple[str, ...] = ("plain_text", "mrkdwn")

    def problems(self, value: object, at: str) -> Iterator[Problem]:
        """Yield the text's problems; first Slack's line about schemas if two kinds are allowed."""
        problems = list(self._problems(value, at))
        if problems and len(self.kinds) > 1 and isinstance(value, dict):
            yield Problem("failed to match all allowed schemas", at)
        yield from problems

    def _problems(self, value: object, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
            return
        kind = value.get("type")
        if kind not in self.kinds:
            missing = "type" not in value
            words = "missing required field: type" if missing else f"unsupported type: {kind}"
            yield Problem(words, at if missing else f"{at}/type")
            return
        option = "emoji" if kind == "plain_text" else "verbatim"
        shape = Shape(
            page="composition-objects/text-object",
            fields={"type": Str(), "text": Str(self.longest, 1), option: Flag()},
            required=("text",),
        )
        yield from shape.problems(value, at)


@dataclass(frozen=True)
class Many:
    """An array of `least` to `most` items of one spec."""

    of: Spec
    most: int | None = None
    least: int = 1

    def problems(self, value: object, at: str) -> Iterator[Problem]:
        """Yield problems: not an array, too few or too many items, and each item's problems."""
        if not isinstance(value, list):
            yield Problem("must provide an array", at)
            return
        if len(value) < self.least:
            yield Problem(f"no fewer than {self.least} items allowed", at)
        if self.most is not None and len(value) > self.most:
            yield Problem(f"no more than {self.most} items allowed", at)
        for index, item in enumerate(value):
            yield from self.of.problems(item, f"{at}/{index}")


@dataclass(frozen=True)
class OrNull:
    """The spec, or JSON's null."""

    of: Spec

    def problems(self, value: object, at: str) -> Iterator[Problem]:
        """Yield the spec's problems for any value except null."""
        if value is not None:
            yield from self.of.problems(value, at)


@dataclass(frozen=True)
class Shape:
    """An object: its fields, its required fields, and its page in Slack's reference.

    `page` is relative to https://docs.slack.dev/reference/block-kit/. A property that is not in
    `fields` is refused. `surfaces` are the surfaces that allow a block.
    """

    page: str
    fields: Mapping[str, Spec]
    required: tuple[str, ...] = ()
    surfaces: frozenset[str] = field(default_factory=frozenset)

    def problems(self, value: object, at: str) -> Iterator[Problem]:
        """Yield problems: not an object, missing or unknown fields, and each field's problems."""
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
            return
        for name in self.required:
            if name not in value:
                yield Problem(f"missing required field: {name}", at)
        for name, inner in value.items():
            spec = self.fields.get(name)
            if spec is None:
                yield Problem(f"invalid additional property: {name}", at)
            else:
                yield from spec.problems(inner, f"{at}/{pointer_token(name)}")


@dataclass(frozen=True)
class OneOf:
    """An object whose `type` selects its shape from a table; `only` may restrict the types."""

    table: Mapping[str, Shape]
    only: tuple[str, ...] = ()

    def problems(self, value: object, at: str) -> Iterator[Problem]:
        """Yield problems: not an object, no type, a type not allowed here, the shape's problems."""
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
        elif "type" not in value:
            yield Problem("missing required field: type", at)
        else:
            kind = value["type"]
            shape = self.table.get(kind) if isinstance(kind, str) else None
            if shape is None or (self.only and kind not in self.only):
                yield Problem(f"unsupported type: {kind}", f"{at}/type")
            else:
                yield from shape.problems(value, at)


def pointer_token(name: str) -> str:
    """Return a property's name for a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
