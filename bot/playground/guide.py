"""The first minute with the playground, step by step; the page ticks off what really happened.

A step's `kind` says when it is done: `commands`, each of them was answered; `arrives`, a message
with that button is in the channel; `says`, a message with that `text` is; `refused`, somebody
without these roles pressed it, was told something, and it is still there; `done`, somebody pressed
it and it is gone; `visit`, the channel was looked at after the step before; `home`, the app's Home
was; `steer`, the worker was steered so. `as` and `channel` are who and where the page goes to when
the step is chosen.
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
        "note": "Twenty jobs fail of one cause.",
        "as": "operator",
        "channel": "queue-ops",
        "commands": ["/queue errors"],
    },
    {
        "id": "fix",
        "kind": "steer",
        "title": "Fix NetSuite",
        "note": "In the side panel. A retry would fail again before.",
        "as": "operator",
        "channel": "queue-ops",
        "wanted": {"broken": False},
    },
    {
        "id": "replay",
        "kind": "says",
        "title": "Press Retry group",
        "note": "Try 3 first. The message follows them to “20 processed”.",
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
        "title": "Look at the day, and at the watch",
        "as": "operator",
        "channel": "queue-ops",
        "commands": ["/queue chart", "/queue watch"],
    },
    {
        "id": "home",
        "kind": "home",
        "title": "Open queue-bot’s Home",
        "note": "Under Apps: what is open, what waits, what fails.",
        "as": "operator",
        "channel": "queue-alerts",
    },
    {
        "id": "pause",
        "kind": "says",
        "title": "Pause the worker",
        "note": "In the side panel. Orders wait, and within a minute an alert says that nobody "
        "works. Let it go on, and the alert says that it is over.",
        "as": "operator",
        "channel": "queue-alerts",
        "text": "workers have stopped taking jobs",
    },
    {
        "id": "mute",
        "kind": "says",
        "title": "Mute an alert for an hour",
        "note": "In its menu, ⋯. It is still kept up to date.",
        "as": "operator",
        "channel": "queue-alerts",
        "text": "muted until",
    },
)
