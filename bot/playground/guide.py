"""The playground's guide. The page ticks each completed step, in any order.

A step's `kind` defines when the step is complete:
- `commands`: the bot answered each of the step's commands, or an equivalent button was clicked.
- `says`: the bot posted a message for each of the step's `patterns` in the channel `in`. A step
  about changes reads the audit channel, because this channel has every change: by button, command
  or modal.
- `visit`: the channel is open and has a message of the bot.
- `home`: the app's Home was opened.
- `steer`: the worker has the `wanted` controls, and the step `after` is complete.

A step may also have `replies`, the pattern of a reply that there was nothing to do. Such a reply to
one of the step's commands also completes the step. A click on the step switches the page to the
person `as` and to `channel`.
"""

from bot.localslack.blocks.specs import Json

_BULK = r"confirmed operation O\d+: "
_PANEL = "In the side panel (“Behind the scenes”, at the top) press"


def _command(text: str, *same: str, action: str = "") -> Json:
    """Return a suggested command; the commands `same` and the button `action` are equivalent."""
    return {"text": text, "same": [text, *same], "action_id": action}


def _single(what: str) -> str:
    """Return the pattern of the audit message about one failed job or about a bulk change."""
    return rf"{what}|{_BULK}(retry|delete) "


GUIDE: tuple[Json, ...] = (
    {
        "id": "ask",
        "kind": "commands",
        "title": "See what the queue holds",
        "note": "Click each command here, or type it below the messages.",
        "as": "operator",
        "channel": "queue-ops",
        "commands": [
            _command("/queue status", "/queue", action="run:status"),
            _command("/queue failed", action="run:failed"),
            _command("/queue help"),
        ],
    },
    {
        "id": "orders",
        "kind": "says",
        "title": "Retry orders 803193 and 803196",
        "note": "They failed with “MySQL server has gone away”, which is fixed now. "
        "In the answer to /queue failed press Retry on jobs 45 and 46, or click the command.",
        "as": "operator",
        "channel": "queue-ops",
        "commands": [_command("/queue find 803193"), _command("/queue retry 45 46")],
        "in": "queue-audit",
        "patterns": [_single(rf" (retried|deleted) .*failed job {id_} ") for id_ in (45, 46)],
    },
    {
        "id": "alert",
        "kind": "says",
        "title": "Wait for the first alert",
        "note": "The worker's fourth job fails. Click here to open #queue-alerts.",
        "as": "operator",
        "channel": "queue-alerts",
        "in": "queue-alerts",
        "patterns": [r"[Ff]ailed job"],
    },
    {
        "id": "refused",
        "kind": "says",
        "title": "Press Retry as stranger",
        "note": "Use the new alert in #queue-alerts. The click is refused and audited, because a "
        "stranger has no role.",
        "as": "stranger",
        "channel": "queue-alerts",
        "in": "queue-audit",
        "patterns": [r"^⛔ .* tried .?retry"],
    },
    {
        "id": "retried",
        "kind": "says",
        "title": "Press Retry as operator",
        "note": "Use the same alert. It then says who retried the job.",
        "as": "operator",
        "channel": "queue-alerts",
        "in": "queue-audit",
        "patterns": [_single(r" retried .*failed job (?!4[56] )")],
    },
    {
        "id": "audit",
        "kind": "visit",
        "title": "Read who did what",
        "note": "Open #queue-audit on the left.",
        "as": "operator",
        "channel": "queue-audit",
    },
    {
        "id": "break",
        "kind": "steer",
        "title": "Break NetSuite",
        "note": f"{_PANEL} “Break NetSuite”. Twenty jobs fail with one cause.",
        "as": "operator",
        "channel": "queue-ops",
        "wanted": {"broken": True},
    },
    {
        "id": "errors",
        "kind": "commands",
        "title": "See what the failures have in common",
        "note": "Click the command, or type it below the messages.",
        "as": "operator",
        "channel": "queue-ops",
        "commands": [_command("/queue errors", action="run:errors")],
    },
    {
        "id": "fix",
        "kind": "steer",
        "title": "Fix NetSuite",
        "note": f"{_PANEL} “Fix NetSuite”. Jobs that you retry before the fix fail again.",
        "as": "operator",
        "channel": "queue-ops",
        "wanted": {"broken": False},
        "after": "break",
    },
    {
        "id": "replay",
        "kind": "says",
        "title": "Press Retry group",
        "note": "In the answer to /queue errors, or on the alert. Choose “3 first” and confirm. "
        "A message in #queue-ops counts up to “20 processed”.",
        "as": "operator",
        "channel": "queue-ops",
        "in": "queue-audit",
        "patterns": [rf"{_BULK}retry "],
    },
    {
        "id": "clear",
        "kind": "says",
        "title": "Clear what is left",
        "note": "Click the command as admin, then type the number that it asks for.",
        "as": "admin",
        "channel": "queue-ops",
        "commands": [_command("/queue clear-failed", "/queue flush")],
        "in": "queue-audit",
        "patterns": [rf"{_BULK}delete "],
        "replies": r"nothing to clear",
    },
    {
        "id": "undo",
        "kind": "says",
        "title": "Press Undo",
        "note": "On the message “Cleared …” in #queue-ops, or click the command. "
        "Every row is as it was before.",
        "as": "admin",
        "channel": "queue-ops",
        "commands": [_command("/queue undo")],
        "in": "queue-audit",
        "patterns": [r" put back |: put back "],
        "replies": r"no change .* undone|nothing to put back",
    },
    {
        "id": "look",
        "kind": "commands",
        "title": "See the day’s chart and the alert rules",
        "note": "Click each command, or type it below the messages.",
        "as": "operator",
        "channel": "queue-ops",
        "commands": [
            _command("/queue chart", action="run:chart"),
            _command("/queue watch", action="run:watch"),
        ],
    },
    {
        "id": "home",
        "kind": "home",
        "title": "Open queue-bot’s Home",
        "note": "Click “queue-bot” under Apps, on the left.",
        "as": "operator",
    },
    {
        "id": "pause",
        "kind": "steer",
        "title": "Pause the worker",
        "note": f"{_PANEL} “Pause”. Orders still arrive, but no job is taken.",
        "as": "operator",
        "channel": "queue-alerts",
        "wanted": {"paused": True},
    },
    {
        "id": "mute",
        "kind": "says",
        "title": "Mute an alert for an hour",
        "note": "Within a minute an alert in #queue-alerts says that workers have stopped. Open "
        "its menu ⋯ and choose “Mute this alert 1 h”, or click the command.",
        "as": "operator",
        "channel": "queue-alerts",
        "commands": [_command("/queue mute alert=no_worker_activity")],
        "in": "queue-audit",
        "patterns": [r" muted "],
    },
    {
        "id": "resume",
        "kind": "steer",
        "title": "Resume the worker",
        "note": f"{_PANEL} “Resume”. Soon the alert says that the incident is resolved.",
        "as": "operator",
        "channel": "queue-alerts",
        "wanted": {"paused": False},
        "after": "pause",
    },
)
