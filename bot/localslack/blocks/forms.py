"""`state.values`: typed and chosen values as Slack sends them for each kind of element."""

from bot.localslack.blocks.specs import Json
from bot.localslack.blocks.validation import elements_of

# The field of `state.values` and of an action for each element type. The sources are the page of
# the element and
# https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload.
FIELDS = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_INITIAL = {
    "plain_text_input": "initial_value",
    "number_input": "initial_value",
    "email_text_input": "initial_value",
    "url_text_input": "initial_value",
    "users_select": "initial_user",
    "multi_users_select": "initial_users",
    "channels_select": "initial_channel",
    "multi_channels_select": "initial_channels",
    "conversations_select": "initial_conversation",
    "multi_conversations_select": "initial_conversations",
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
}
_MANY = ("selected_options", "selected_users", "selected_channels", "selected_conversations")


class WrongValueError(Exception):
    """A value that no person could enter in the field: an error in the test or the page."""


def first_values(blocks: list[Json]) -> Json:
    """Return `state.values` of a view before any input: initial values, otherwise null or []."""
    values: Json = {}
    for block in blocks:
        for element, _ in elements_of(block):
            kind = element["type"]
            if kind in FIELDS and kind != "overflow":
                state = {"type": kind, FIELDS[kind]: _first(element)}
                values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values


def _first(element: Json) -> object:
    kind = element["type"]
    many = FIELDS[kind] in _MANY
    name = _INITIAL.get(kind, "initial_options" if many else "initial_option")
    return element.get(name, [] if many else None)


def state_entry(element: Json, value: object) -> Json:
    """Return one entry of `state.values`: the element's state after a person chose `value`.

    `value` of an option selects the option; an unknown option raises `WrongValueError`.
    """
    kind = element["type"]
    if kind not in FIELDS:
        raise WrongValueError(f"a {kind} holds no value")
    convert = _find_option if FIELDS[kind].startswith("selected_option") else _plain_value
    if FIELDS[kind] in _MANY:
        if not isinstance(value, list):
            raise WrongValueError(f"a {kind} takes a list of values")
        content: object = [convert(element, item) for item in value]
    else:
        content = None if value in (None, "") else convert(element, value)
    return {"type": kind, FIELDS[kind]: content}


def _plain_value(_element: Json, value: object) -> object:
    return value


def _find_option(element: Json, value: object) -> object:
    groups = [group["options"] for group in element.get("option_groups", [])]
    for options in (element.get("options", []), *groups):
        for option in options:
            if option["value"] == value:
                return option
    raise WrongValueError(f"there is no option with the value {value!r}")


def empty_inputs(blocks: list[Json], values: Json) -> dict[str, str]:
    """Return the empty required blocks, each with Slack's sentence for the person."""
    missing: dict[str, str] = {}
    for block in blocks:
        if block["type"] == "input" and not block.get("optional"):
            element = block["element"]
            state = values.get(block["block_id"], {}).get(element["action_id"], {})
            if state.get(FIELDS[element["type"]]) in (None, "", []):
                missing[block["block_id"]] = "Please complete this required field."
    return missing


def wrong_lengths(blocks: list[Json], values: Json) -> dict[str, str]:
    """Return the blocks whose text is too short or too long for the element, with a sentence."""
    wrong: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input" or block["element"]["type"] != "plain_text_input":
            continue
        element = block["element"]
        typed = values.get(block["block_id"], {}).get(element["action_id"], {}).get("value") or ""
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        if typed and not least <= len(typed) <= most:
            wrong[block["block_id"]] = f"Please write between {least} and {most} characters."
    return wrong


def type_in(blocks: list[Json], state: Json, values: Json) -> None:
    """Store typed values in `state`; raises `WrongValueError` for a field not in the modal."""
    for block in blocks:
        for element, _ in elements_of(block):
            entries = values.get(block["block_id"])
            action_id = element.get("action_id")
            if isinstance(entries, dict) and action_id in entries:
                state[block["block_id"]][action_id] = state_entry(element, entries.pop(action_id))
    if any(values.values()):
        raise WrongValueError("a value is for a field that this modal does not have")
