"""Blocks that Slack refuses in a message, one for each rule.

By name: the page of the rule, the blocks, Slack's error text, the pointer below `/blocks`.
"""

from tests.kit.block_kit import IMAGE, Json, actions, button, entry, mrkdwn, plain, section

WRONG: dict[str, tuple[str, list[Json], str, str]] = {
    "unknown block": ("blocks", [{"type": "marquee"}], "unsupported type: marquee", "/0/type"),
    "block without type": ("blocks", [{}], "missing required field: type", "/0"),
    "block that is a text": ("blocks", ["x"], "must provide an object", "/0"),  # type: ignore[list-item]  # wrong on purpose
    "51 blocks": ("blocks", [{"type": "divider"}] * 51, "no more than 50 items allowed", ""),
    "long block_id": (
        "blocks",
        [{"type": "divider", "block_id": "x" * 256}],
        "must be less than 256 characters",
        "/0/block_id",
    ),
    "empty block_id": (
        "blocks",
        [{"type": "divider", "block_id": ""}],
        "must be more than 0 characters",
        "/0/block_id",
    ),
    "same block_id": (
        "blocks",
        [{"type": "divider", "block_id": "b"}] * 2,
        '`block_id` "b" already exists',
        "/1/block_id",
    ),
    "foreign property": (
        "blocks/divider-block",
        [{"type": "divider", "text": "x"}],
        "invalid additional property: text",
        "/0",
    ),
    "empty section": (
        "blocks/section-block",
        [section()],
        "must define either `text` or `fields`",
        "/0/type",
    ),
    "bare section text": (
        "blocks/section-block",
        [section(text="x")],
        "must provide an object",
        "/0/text",
    ),
    "long section": (
        "blocks/section-block",
        [section(text=mrkdwn("x" * 3001))],
        "must be less than 3001 characters",
        "/0/text/text",
    ),
    "eleven fields": (
        "blocks/section-block",
        [section(fields=[mrkdwn()] * 11)],
        "no more than 10 items allowed",
        "/0/fields",
    ),
    "long field": (
        "blocks/section-block",
        [section(fields=[mrkdwn(), mrkdwn("x" * 2001)])],
        "must be less than 2001 characters",
        "/0/fields/1/text",
    ),
    "text field as accessory": (
        "blocks/section-block",
        [section(text=mrkdwn(), accessory=entry()["element"])],
        "unsupported type: plain_text_input",
        "/0/accessory/type",
    ),
    "long header": (
        "blocks/header-block",
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters",
        "/0/text/text",
    ),
    "mrkdwn header": (
        "blocks/header-block",
        [{"type": "header", "text": mrkdwn()}],
        "unsupported type: mrkdwn",
        "/0/text/type",
    ),
    "eleven context elements": (
        "blocks/context-block",
        [{"type": "context", "elements": [mrkdwn()] * 11}],
        "no more than 10 items allowed",
        "/0/elements",
    ),
    "button in context": (
        "blocks/context-block",
        [{"type": "context", "elements": [button()]}],
        "unsupported type: button",
        "/0/elements/0/type",
    ),
    "no actions": (
        "blocks/actions-block",
        [actions()],
        "no fewer than 1 items allowed",
        "/0/elements",
    ),
    "26 actions": (
        "blocks/actions-block",
        [actions(*(button(action_id=str(index)) for index in range(26)))],
        "no more than 25 items allowed",
        "/0/elements",
    ),
    "same action_id": (
        "blocks/actions-block",
        [actions(button(), button())],
        '`action_id` "a" already exists',
        "/0/elements/1/action_id",
    ),
    "image without alt text": (
        "blocks/image-block",
        [{"type": "image", "image_url": "https://example.com/a.png"}],
        "missing required field: alt_text",
        "/0",
    ),
    "image of two sources": (
        "blocks/image-block",
        [{**IMAGE, "slack_file": {"id": "F1"}}],
        "must define either `image_url` or `slack_file`",
        "/0/type",
    ),
}
