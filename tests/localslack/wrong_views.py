"""Views that Slack refuses, one for each rule: view, Slack's error text, pointer below `/view`."""

from tests.kit.block_kit import Json, button, entry, mrkdwn, plain
from tests.localslack.right_blocks import HOME, MODAL

LONG = "x" * 3001
SUBMIT = {"submit": plain()}
WRONG_VIEWS: dict[str, tuple[Json, str, str]] = {
    "no title": ({"type": "modal", "blocks": []}, "missing required field: title", ""),
    "no blocks": ({"type": "home"}, "missing required field: blocks", ""),
    "another kind": ({**MODAL, "type": "dialog"}, "unsupported type: dialog", "/type"),
    "long title": (
        {**MODAL, "title": plain("x" * 25)},
        "must be less than 25 characters",
        "/title/text",
    ),
    "long submit": (
        {**MODAL, "submit": plain("x" * 25)},
        "must be less than 25 characters",
        "/submit/text",
    ),
    "long close": (
        {**MODAL, "close": plain("x" * 25)},
        "must be less than 25 characters",
        "/close/text",
    ),
    "long private_metadata": (
        {**MODAL, "private_metadata": LONG},
        "must be less than 3001 characters",
        "/private_metadata",
    ),
    "long callback_id": (
        {**HOME, "callback_id": "x" * 256},
        "must be less than 256 characters",
        "/callback_id",
    ),
    "101 blocks": (
        {**HOME, "blocks": [{"type": "divider"}] * 101},
        "no more than 100 items allowed",
        "/blocks",
    ),
    "a title on home": ({**HOME, "title": plain()}, "invalid additional property: title", ""),
    "what Slack itself adds": ({**MODAL, "id": "V1"}, "invalid additional property: id", ""),
    "input without submit": (
        {**MODAL, "blocks": [{"type": "divider"}, entry()]},
        "must define `submit` to use an `input` block in modals",
        "/blocks/1/input",
    ),
    "input with a button": (
        {**MODAL, **SUBMIT, "blocks": [{**entry(), "element": button()}]},
        "unsupported type: button",
        "/blocks/0/element/type",
    ),
    "input without label": (
        {**MODAL, **SUBMIT, "blocks": [{"type": "input", "element": entry()["element"]}]},
        "missing required field: label",
        "/blocks/0",
    ),
    "long placeholder": (
        {**MODAL, **SUBMIT, "blocks": [entry(placeholder=plain("x" * 151))]},
        "must be less than 151 characters",
        "/blocks/0/element/placeholder/text",
    ),
    "shortest above longest": (
        {**MODAL, **SUBMIT, "blocks": [entry(min_length=5, max_length=4)]},
        "must be less than or equal to `max_length`",
        "/blocks/0/element/min_length",
    ),
    "two first places": (
        {**MODAL, **SUBMIT, "blocks": [entry(focus_on_load=True), entry(focus_on_load=True)]},
        "only one element can have `focus_on_load`",
        "/blocks/1/element",
    ),
    "number input on home": (
        {
            **HOME,
            "blocks": [
                {
                    "type": "input",
                    "label": plain(),
                    "element": {"type": "number_input", "is_decimal_allowed": False},
                }
            ],
        },
        "unsupported type: number_input",
        "/blocks/0/element/type",
    ),
    "alert on home": (
        {**HOME, "blocks": [{"type": "alert", "text": mrkdwn()}]},
        "unsupported type: alert",
        "/blocks/0/type",
    ),
    "alert of another level": (
        {**MODAL, "blocks": [{"type": "alert", "text": mrkdwn(), "level": "fatal"}]},
        "must be a valid enum value",
        "/blocks/0/level",
    ),
}
