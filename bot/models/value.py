"""The bases of the answers."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """An immutable answer."""

    model_config = ConfigDict(frozen=True)


def is_empty(value: object) -> bool:
    """Whether a field has no value; such a field is left out, so that the JSON is the spec's."""
    return not value


class KeyedValue(Value):
    """A value whose JSON keeps the former keys of fields that were renamed."""

    model_config = ConfigDict(
        serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )
