"""A refusal as it is kept with its request, so that the same request gets the same answer again."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.models.refusals import Refusal


def keep(refusal: Refusal) -> str:
    """The refusal as JSON."""
    values = {name: _kept(value) for name, value in refusal.values.items()}
    return json.dumps({"refused": type(refusal).__name__, "values": values}, ensure_ascii=False)


def _kept(value: object) -> object:
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, tuple):
        return [item if isinstance(item, str) else _fields(item) for item in value]
    return value


def _fields(row: object) -> object:
    """A row that was left alone, as JSON; `dispatch` knows its type."""
    dump = getattr(row, "model_dump", None)
    return str(row) if dump is None else dump(mode="json")


def restore(kept: Mapping[str, Any]) -> Refusal:
    """The refusal that `keep` wrote down."""
    values = {name: _restored(value) for name, value in kept["values"].items()}
    kind = _KINDS[kept["refused"]]
    return kind(**values)


def _restored(value: object) -> object:
    match value:
        case {"at": str(at)}:
            return datetime.fromisoformat(at)
        case list():
            return tuple(value)
    return value


def _kinds(root: type[Refusal]) -> dict[str, type[Refusal]]:
    found = {root.__name__: root}
    for kind in root.__subclasses__():
        found |= _kinds(kind)
    return found


_KINDS = _kinds(Refusal)
