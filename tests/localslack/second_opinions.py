"""Where two independent packages differ from our rules about Slack, and what was decided.

The packages are the SDK's models and slackblocks. docs/local-slack.md tells why of each.
"""

# Wrong payloads that the SDK's models take: they do not look at these rules at all.
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

# slackblocks' number and ours, where a newer edition of the reference is wider: ours is kept.
LIMITS = {
    "DATA_TABLE_ROWS_MAX_ITEMS": (201, 101),
    "DATA_VISUALIZATION_SEGMENTS_MAX_ITEMS": (12, 6),
    "DATA_VISUALIZATION_SERIES_MAX_ITEMS": (12, 6),
}

# Where slackblocks lets a block stand and we do not: narrower of two readings.
SURFACES = {
    "message": frozenset({"input"}),
    "modal": frozenset({"card"}),
    "home": frozenset({"data_table", "table"}),
}

# Block types that slackblocks knows and we refuse, as the bot has no use for them.
NOT_OURS = frozenset({"container", "context_actions", "file", "plan", "task_card", "video"})

# Wrong data tables and charts that slackblocks takes, each by a decision above or below.
SLACKBLOCKS_TAKES = frozenset(
    {
        "102 data table rows",  # 201 there
        "seven series",  # 12 there
        "infinite slice",  # JSON knows no infinity, so that it cannot be sent
    }
)
