"""The kinds of changes that a retry makes in payloads."""

from collections.abc import Iterator, Mapping
from typing import Literal

EditKind = Literal["attempts", "deadline-moved", "deadline-removed"]


def edit_kinds(values: Mapping[str, int | None]) -> Iterator[EditKind]:
    """Yield the kind of each edit; `values` are the new values in the payload by key."""
    for key, value in values.items():
        if key == "attempts":
            yield "attempts"
        else:
            yield "deadline-removed" if value is None else "deadline-moved"
