"""Elements and objects that Slack refuses in a message, one for each rule.

By name: the page of the rule, the blocks, Slack's error text, the pointer below `/blocks`.
"""

from tests.kit.block_kit import (
    Json,
    actions,
    button,
    confirm,
    mrkdwn,
    option,
    plain,
    section,
    select,
)

WRONG: dict[str, tuple[str, list[Json], str, str]] = {
    "empty text": (
        "composition-objects/text-object",
        [section(text=mrkdwn(""))],
        "must be more than 0 characters",
        "/0/text/text",
    ),
    "text of another kind": (
        "composition-objects/text-object",
        [section(text={"type": "markdown", "text": "x"})],
        "unsupported type: markdown",
        "/0/text/type",
    ),
    "emoji in mrkdwn": (
        "composition-objects/text-object",
        [section(text={**mrkdwn(), "emoji": True})],
        "invalid additional property: emoji",
        "/0/text",
    ),
    "button without text": (
        "block-elements/button-element",
        [actions({"type": "button"})],
        "missing required field: text",
        "/0/elements/0",
    ),
    "long button": (
        "block-elements/button-element",
        [actions(button(text=plain("x" * 76)))],
        "must be less than 76 characters",
        "/0/elements/0/text/text",
    ),
    "long accessibility label": (
        "block-elements/button-element",
        [actions(button(accessibility_label="x" * 76))],
        "must be less than 76 characters",
        "/0/elements/0/accessibility_label",
    ),
    "long value": (
        "block-elements/button-element",
        [actions(button(value="x" * 2001))],
        "must be less than 2001 characters",
        "/0/elements/0/value",
    ),
    "value that is a number": (
        "block-elements/button-element",
        [actions(button(value=45))],
        "must provide a string",
        "/0/elements/0/value",
    ),
    "long action_id": (
        "block-elements/button-element",
        [actions(button(action_id="x" * 256))],
        "must be less than 256 characters",
        "/0/elements/0/action_id",
    ),
    "button of another style": (
        "block-elements/button-element",
        [actions(button(style="default"))],
        "must be a valid enum value",
        "/0/elements/0/style",
    ),
    "block_id on a button": (
        "block-elements/button-element",
        [actions(button(block_id="b"))],
        "invalid additional property: block_id",
        "/0/elements/0",
    ),
    "confirm without deny": (
        "composition-objects/confirmation-dialog-object",
        [actions(button(confirm={**confirm(), "deny": None}))],
        "must provide an object",
        "/0/elements/0/confirm/deny",
    ),
    "long confirm title": (
        "composition-objects/confirmation-dialog-object",
        [actions(button(confirm=confirm(title=plain("x" * 101))))],
        "must be less than 101 characters",
        "/0/elements/0/confirm/title/text",
    ),
    "long confirm text": (
        "composition-objects/confirmation-dialog-object",
        [actions(button(confirm=confirm(text=mrkdwn("x" * 301))))],
        "must be less than 301 characters",
        "/0/elements/0/confirm/text/text",
    ),
    "long confirm button": (
        "composition-objects/confirmation-dialog-object",
        [actions(button(confirm=confirm(confirm=plain("x" * 31))))],
        "must be less than 31 characters",
        "/0/elements/0/confirm/confirm/text",
    ),
    "six overflow options": (
        "block-elements/overflow-menu-element",
        [actions({"type": "overflow", "options": [option(str(index)) for index in range(6)]})],
        "no more than 5 items allowed",
        "/0/elements/0/options",
    ),
    "101 options": (
        "block-elements/select-menu-element",
        [actions(select(options=[option(str(index)) for index in range(101)]))],
        "no more than 100 items allowed",
        "/0/elements/0/options",
    ),
    "options and groups": (
        "block-elements/select-menu-element",
        [actions(select(option_groups=[{"label": plain(), "options": [option()]}]))],
        "must define either `options` or `option_groups`",
        "/0/elements/0/type",
    ),
    "initial option that is not there": (
        "block-elements/select-menu-element",
        [actions(select(initial_option=option("other")))],
        "must match one of the options",
        "/0/elements/0/initial_option",
    ),
    "long option": (
        "composition-objects/option-object",
        [actions(select(options=[option(text="x" * 76)]))],
        "must be less than 76 characters",
        "/0/elements/0/options/0/text/text",
    ),
    "long option value": (
        "composition-objects/option-object",
        [actions(select(options=[option("x" * 151)]))],
        "must be less than 151 characters",
        "/0/elements/0/options/0/value",
    ),
    "url in a select": (
        "composition-objects/option-object",
        [actions(select(options=[{**option(), "url": "https://example.com"}]))],
        "invalid additional property: url",
        "/0/elements/0/options/0",
    ),
    "eleven checkboxes": (
        "block-elements/checkboxes-element",
        [actions({"type": "checkboxes", "options": [option(str(index)) for index in range(11)]})],
        "no more than 10 items allowed",
        "/0/elements/0/options",
    ),
}
