"""The stored form of a refusal: a repeated request gets the stored refusal as its answer."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from bot.models.refusals import Refusal
from bot.models.value import Value


def keep(refusal: Refusal) -> str:
    """Return the refusal as JSON: the name of its type, and its fields in the type's order.

    Fields with their default value are omitted.
    """
    values = {
        field.name: _plain(value)
        for field in fields(refusal)
        if (value := getattr(refusal, field.name)) is not field.default
    }
    return json.dumps({"refused": type(refusal).__name__, "values": values}, ensure_ascii=False)


def restore(stored: Mapping[str, Any]) -> Refusal:
    """Return the refusal that `keep` stored; each field gets its declared type again."""
    values = {name: _moment(value) for name, value in stored["values"].items()}
    refusal: Refusal = TypeAdapter(_TYPES[stored["refused"]]).validate_python(values)
    return refusal


def _plain(value: object) -> object:
    match value:
        case datetime():
            return {"at": value.isoformat()}
        case tuple():
            return [_plain(item) for item in value]
        case Value():
            return value.model_dump(mode="json")
    return value


def _moment(value: object) -> object:
    match value:
        case {"at": str(at), **others} if not others:
            return datetime.fromisoformat(at)
    return value


def _types(root: type[Refusal]) -> dict[str, type[Refusal]]:
    types = {root.__name__: root}
    for child in root.__subclasses__():
        types |= _types(child)
    return types


_TYPES = _types(Refusal)
