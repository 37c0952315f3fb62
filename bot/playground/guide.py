"""The playground's guide for the first minute; the page ticks off the steps that happened.

A step's `kind` defines when it is done. `commands`: each command was answered. `arrives`: a message
with the button is in the channel. `says`: a message with `text` is in the channel. `refused`: a
person without these roles clicked the button, got an answer, and the button is still there. `done`:
somebody clicked the button and it is no longer there. `visit`: the channel was opened after the
step `after`. `home`: the app's Home was opened. `steer`: the worker has the `wanted` controls. A
click on the step switches the page to the person `as` and to `channel`.
"""

from bot.localslack.blocks.specs import Json

_ENTITLED = ["operator", "admin"]
_BUTTON: Json = {"channel": "queue-alerts", "action_id": "run:retry"}

FIRST_MINUTE: tuple[Json, ...] = (
    {
        "id": "ask",
        "kind": "commands",
        "title": "Ask what the queue holds",
        "as": "operator",
        "channel": "queue-ops",
        "commands": ["/queue status", "/queue failed", "/queue help"],
    },
    {
        "id": "alert",
        "kind": "arrives",
        "title": "An alert arrives by itself",
        "note": "The worker's fourth job fails.",
        "as": "operator",
        **_BUTTON,
    },
    {
        "id": "refused",
        "kind": "refused",
        "title": "Press Retry as stranger",
        "note": "Refused: no role. It is audited.",
        "as": "stranger",
        "roles": _ENTITLED,
        **_BUTTON,
    },
    {
        "id": "retried",
        "kind": "done",
        "title": "Press Retry as operator",
        "note": "It works, once.",
        "as": "operator",
        "roles": _ENTITLED,
        **_BUTTON,
    },
    {
        "id": "audit",
        "kind": "visit",
        "title": "Read who did what",
        "after": "retried",
        "as": "operator",
        "channel": "queue-audit",
    },
    {
        "id": "break",
        "kind": "steer",
        "title": "Break NetSuite",
        "note": "In the side panel.",
        "as": "operator",
        "channel": "queue-ops",
        "wanted": {"broken": True},
    },
    {
        "id": "errors",
        "kind": "commands",
        "title": "See what they have in common",
        "note": "Twenty jobs fail with one cause.",
        "as": "operator",
        "channel": "queue-ops",
        "commands": ["/queue errors"],
    },
    {
        "id": "fix",
        "kind": "steer",
        "title": "Fix NetSuite",
        "note": "In the side panel. A retry before that would fail again.",
        "as": "operator",
        "channel": "queue-ops",
        "wanted": {"broken": False},
    },
    {
        "id": "replay",
        "kind": "says",
        "title": "Press Retry group",
        "note": "Try 3 first. The message counts up to “20 processed”.",
        "as": "operator",
        "channel": "queue-ops",
        "text": "All of them have ended",
    },
    {
        "id": "clear",
        "kind": "says",
        "title": "Clear what is left",
        "note": "/queue clear-failed asks for the count.",
        "as": "admin",
        "channel": "queue-ops",
        "text": "Cleared",
    },
    {
        "id": "undo",
        "kind": "says",
        "title": "Press Undo",
        "note": "Every row comes back as it was.",
        "as": "admin",
        "channel": "queue-ops",
        "text": "Undone by",
    },
    {
        "id": "look",
        "kind": "commands",
        "title": "See the day’s chart and the alert rules",
        "as": "operator",
        "channel": "queue-ops",
        "commands": ["/queue chart", "/queue watch"],
    },
    {
        "id": "home",
        "kind": "home",
        "title": "Open queue-bot’s Home",
        "note": "Under Apps: active incidents, waiting jobs, failures.",
        "as": "operator",
        "channel": "queue-alerts",
    },
    {
        "id": "pause",
        "kind": "says",
        "title": "Pause the worker",
        "note": "In the side panel. Orders wait, and within a minute an alert reports inactive "
        "workers. Resume the worker, and the incident is resolved.",
        "as": "operator",
        "channel": "queue-alerts",
        "text": "workers have stopped taking jobs",
    },
    {
        "id": "mute",
        "kind": "says",
        "title": "Mute an alert for an hour",
        "note": "In its menu, ⋯. The alert is still updated.",
        "as": "operator",
        "channel": "queue-alerts",
        "text": "muted until",
    },
)
