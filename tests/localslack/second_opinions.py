"""Differences between our rules for Slack and two independent packages, and our decisions.

The packages are the SDK's models and slackblocks. docs/local-slack.md gives the reason of each
decision.
"""

# Wrong payloads that the SDK's models accept, because they do not check these rules.
SDK_DOES_NOT_LOOK = frozenset(
    {
        "101 table rows", "21 column settings", "21 table cells", "51 blocks", "alert in a message",
        "bare section text", "block_id on a button", "button in context",
        "column aligned to nowhere", "confirm without deny", "eleven checkboxes", "empty block_id",
        "empty cell", "empty rich text", "empty text", "foreign property",
        "four buttons on a card", "image of two sources", "initial option that is not there",
        "input in a message", "list of text", "long alert", "long field",
        "long markdown together", "long option", "long option value", "mrkdwn cell",
        "mrkdwn header", "no actions", "rich text style", "same action_id", "same block_id",
        "table of 10,001 characters", "text field as accessory", "text of another kind",
        "unknown rich text element", "url in a select",
    }
)  # fmt: skip

# slackblocks' number and ours; a newer edition of the reference allows more, and we keep ours.
LIMITS = {
    "DATA_TABLE_ROWS_MAX_ITEMS": (201, 101),
    "DATA_VISUALIZATION_SEGMENTS_MAX_ITEMS": (12, 6),
    "DATA_VISUALIZATION_SERIES_MAX_ITEMS": (12, 6),
}

# Blocks that slackblocks allows on a surface and we do not: we follow the narrower reading.
SURFACES = {
    "message": frozenset({"input"}),
    "modal": frozenset({"card"}),
    "home": frozenset({"data_table", "table"}),
}

# Block types that slackblocks knows and we refuse, because the bot does not use them.
NOT_OURS = frozenset({"container", "context_actions", "file", "plan", "task_card", "video"})

# Wrong data tables and charts that slackblocks accepts; a decision above or below covers each.
SLACKBLOCKS_TAKES = frozenset(
    {
        "102 data table rows",  # slackblocks allows 201
        "seven series",  # slackblocks allows 12
        "infinite slice",  # JSON has no infinity, so no app can send it
    }
)
