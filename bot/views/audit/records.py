"""Views of audit records: one message per record in the channel, one line in the history."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.models.audit import AuditLine
from bot.models.requests import Block, Message, Modal, Moment, Source
from bot.text import Mrkdwn, channel, code, cut, escape, join, link, named, preformatted_parts
from bot.views.audit.sentences import audit_sentence
from bot.views.blocks import actions, context_line, fields, message, section, sections, with_more
from bot.views.buttons import page_button, run_button
from bot.views.context import Context
from bot.views.names import dots
from bot.views.refusal import reason_words

HASH = 8
KINDS = 6
"""The most lines of a message about the refusals of one person."""
LEAD = 1_800
ARGUMENTS = 1_500
HISTORY_ROW = 240
HISTORY_BLOCKS = 5_750
HISTORY_TEXT = 3_700
"""The most characters of a message's lines.

The message stays under 10,000 characters, including the line that counts the remaining records.
"""
HISTORY_ROWS, HISTORY_MESSAGES, HISTORY_TIME = 25, 5, 32
"""The limits of a history if the person typed a limit.

They are the lines per message, the messages, and the characters of a line's time and seq.
"""

MARKS = {
    "ok": "✅",
    "denied": "⛔",
    "refused": "🚫",
    "no-op": "⚪",
    "failed": "❌",
    "unknown": "❓",
    "started": "▶️",
    "requested": "✋",
    "expired": "⌛",
    "done": "🏁",
    "cancelled": "⏹️",
    "stopped": "⚠️",
}


def audit_message(
    lines: Sequence[AuditLine],
    permalink: str | None,
    possible_repeat: bool,  # noqa: FBT001 delivery passes on its fact about the post unchanged
    ctx: Context,
) -> Message:
    """Return one compact message for a record, or for the refusals of one person in a minute.

    Equal refusals share a line. The message ends with `#seq hash8`. `permalink` leads to the
    message that shows or announces the change.
    """
    first, last = lines[0], lines[-1]
    lead = cut(join("\n", _rows(lines, ctx)), LEAD)
    place = [_place(first, ctx), ctx.texts("at", at=Moment(last.at))]
    if permalink is not None:
        place.append(link(permalink, ctx.texts.plain("audit-link")))
    place += [ctx.texts("possible-repeat")] if possible_repeat else []
    foot = dots(*place, _anchor(lines))
    return message(
        [lead, foot], [section(lead, accessory=_details(first, ctx)), context_line(foot)]
    )


def _rows(lines: Sequence[AuditLine], ctx: Context) -> list[Mrkdwn]:
    """Return a line for each kind of record; equal refusals share a line."""
    kinds: dict[tuple[str, str, str | None], list[AuditLine]] = {}
    for line in lines:
        kinds.setdefault((line.action, line.outcome, line.reason), []).append(line)
    equal = list(kinds.values())
    rows = [
        join(" ", [escape(_mark(same[0])), audit_sentence(same[0], ctx, times=len(same))])
        for same in equal[:KINDS]
    ]
    hidden = sum(len(same) for same in equal[KINDS:])
    return [*rows, *([ctx.texts("audit-more-refusals", count=hidden)] if hidden else [])]


def _details(line: AuditLine, ctx: Context) -> Block | None:
    """Return a button that opens all details of a sealed record."""
    if line.seq is None:
        return None
    return run_button("history", ctx.texts.plain("button-details"), {"record": line.seq}, ctx.texts)


def record_detail(line: AuditLine, ctx: Context) -> Message | Modal:
    """Return all details of one record: a dialog after a click, a message after a command."""
    texts = ctx.texts
    pairs = [(texts(f"label-{name}"), value) for name, value in _facts(line, ctx) if value]
    lead = cut(_fact(line, ctx), LEAD)
    title = texts.plain("record-name", number=line.seq or line.id)
    parts, _ = preformatted_parts(line.arguments, ARGUMENTS, 1)
    blocks = [section(lead), fields([join("\n", pair) for pair in pairs])]
    blocks += [section(texts("label-arguments")), *(section(part) for part in parts)]
    if ctx.in_dialog:
        return Modal(title, tuple(blocks), texts.plain("button-close"))
    lines = [lead, *(join(" ", pair) for pair in pairs), texts("label-arguments"), *parts]
    return message(lines, blocks)


def _facts(line: AuditLine, ctx: Context) -> list[tuple[str, Mrkdwn]]:
    """Return the labels and values of a record, at most ten."""
    rule = [code(line.rule, 80)] if line.rule else []
    role = (
        ctx.texts(f"role-{line.role}") if ctx.texts.has(f"role-{line.role}") else named(line.role)
    )
    return [
        ("at", ctx.texts("at", at=Moment(line.at))),
        ("role", dots(role, *rule)),
        ("place", _place(line, ctx)),
        ("outcome", _outcome(line, ctx)),
        ("answer", code(line.answer, 500)),
        ("request", code(line.request_id or "", 64)),
        ("hash", code(line.hash or "", 64)),
        ("version", code(" ".join([line.version or "", line.replica or ""]).strip(), 100)),
    ]


def _outcome(line: AuditLine, ctx: Context) -> Mrkdwn:
    key = f"outcome-{line.outcome}"
    word = ctx.texts(key) if ctx.texts.has(key) else named(line.outcome)
    reason = [] if line.reason is None else [reason_words(line.reason, ctx.texts)]
    return join(": ", [word, *reason])


def missing_message(seqs: Sequence[int], ctx: Context) -> Message:
    """Report missing sealed records in the database, and explain how to investigate."""
    records = join(", ", (escape(f"#{seq}") for seq in seqs))
    text = ctx.texts("audit-missing", records=records, verify=code("queue-bot audit verify"))
    return message([text], [section(text)])


def undeliverable_message(anchors: Sequence[tuple[int, str]], ctx: Context) -> Message:
    """Report the records whose messages Slack refuses; each record is named by `#seq hash8`."""
    records = join(", ", (_named_link(seq, link) for seq, link in anchors))
    text = ctx.texts("audit-untold", records=records, tail=code("queue-bot audit tail"))
    return message([text], [section(text)])


def history_message(
    lines: Sequence[AuditLine],
    summary: Mrkdwn,
    arguments: Mapping[str, str | int],
    ctx: Context,
    *,
    more: bool,
    whole: bool = False,
) -> Message:
    """Return one line per record, newest first. A terminal shows all records.

    `summary` is the outcome for the requested order or job. `arguments` are the arguments of the
    next page. `more`: the database has more records. `whole`: show all records in several messages
    with shorter lines. Without `whole`, show the records that fit into one message.
    """
    texts = ctx.texts
    if not lines:
        text = texts("history-none-here" if arguments.keys() - {"limit"} else "history-none")
        return message([text], [section(text)])
    head = [texts("history-title"), *([summary] if summary else [])]
    if ctx.source is Source.TERMINAL:
        rows = [
            dots(texts("at", at=Moment(line.at)), _fact(line, ctx), _seq(line)) for line in lines
        ]
        foot = [_narrow(ctx)] if more else []
        return Message(str(join("\n", [*head, *rows, *foot])))
    parts = [_HistoryPart(head)]
    per_message = max(HISTORY_ROWS, -(-len(lines) // HISTORY_MESSAGES)) if whole else len(lines)
    longest = HISTORY_TEXT // per_message - HISTORY_TIME if whole else HISTORY_ROW
    for number, line in enumerate(lines):
        fact = cut(_fact(line, ctx), min(longest, HISTORY_ROW))
        if whole and number and number % per_message == 0:
            parts.append(_HistoryPart([]))
        if not parts[-1].add(line, fact, ctx, bounded=not whole):
            more = True
            break
    messages = [message(part.plain, sections(part.rows)) for part in parts]
    end = _history_foot(parts[-1].last, arguments, ctx, whole=whole) if more else Message("")
    return with_more(messages[0], messages[1:], _with_record_hint(end, lines, ctx))


class _HistoryPart:
    """The lines of one message, and the number of characters that still fit."""

    def __init__(self, head: Sequence[Mrkdwn]) -> None:
        self.rows, self.plain = [*head], [*head]
        self.last = 0
        self._room, self._text_room = HISTORY_BLOCKS, HISTORY_TEXT

    def add(self, line: AuditLine, fact: Mrkdwn, ctx: Context, *, bounded: bool) -> bool:
        """Add the record's line, or return False if the line does not fit."""
        row = dots(ctx.texts.brief(line.at), fact, _seq(line))
        plain = dots(escape(ctx.texts.brief_plain(line.at)), fact, _seq(line))
        self._room, self._text_room = self._room - len(row) - 1, self._text_room - len(plain) - 1
        if bounded and min(self._room, self._text_room) < 0:
            return False
        self.rows.append(row)
        self.plain.append(plain)
        self.last = line.id
        return True


def _with_record_hint(end: Message, lines: Sequence[AuditLine], ctx: Context) -> Message:
    """Return the end of a history with the command that shows all details of a record."""
    number = next((line.seq for line in lines if line.seq is not None), None)
    if number is None:
        return end
    hint = ctx.texts("history-record", command=code(ctx.texts.typed(f"history record={number}")))
    return replace(end, blocks=(*end.blocks, context_line(hint)))


def _history_foot(
    last: int, arguments: Mapping[str, str | int], ctx: Context, *, whole: bool
) -> Message:
    """Return the hint for finding older records, and the button for the next page."""
    narrow = _narrow(ctx)
    if "history" not in ctx.runnable:
        return message([narrow], [context_line(narrow)])
    kept = {key: value for key, value in arguments.items() if whole or key != "limit"}
    label = ctx.texts.plain("button-older")
    older = page_button("history", label, {**kept, "before": last}, ctx.texts)
    return message([narrow], [context_line(narrow), actions([older], "history")])


def _seq(line: AuditLine) -> Mrkdwn:
    """Return the number of a sealed record."""
    return Mrkdwn() if line.seq is None else escape(f"#{line.seq}")


def _narrow(ctx: Context) -> Mrkdwn:
    filters = ("order=803193", "job=45", "user=@ana", "action=retry", "since=24h")
    return ctx.texts("history-narrow", filters=join(" ", (code(word) for word in filters)))


def _fact(line: AuditLine, ctx: Context) -> Mrkdwn:
    """Return the outcome's mark, followed by the record as a sentence."""
    sentence = audit_sentence(line, ctx, queues=ctx.source is Source.TERMINAL)
    return join(" ", [escape(_mark(line)), sentence])


def _mark(line: AuditLine) -> str:
    return MARKS.get(line.outcome, "•")


def _place(line: AuditLine, ctx: Context) -> Mrkdwn:
    if line.source == Source.TERMINAL.value:
        detail = code(line.detail or "", 80)
        return join(" ", [ctx.texts("audit-terminal"), detail])
    if line.source == "background":
        return ctx.texts("audit-background")
    return channel(line.channel) if line.channel else ctx.texts("audit-home")


def _anchor(lines: Sequence[AuditLine]) -> Mrkdwn:
    """Return `#12 ab12cd34` for a record, or for the first and the last of several records."""
    first, last = lines[0], lines[-1]
    ends = [first] if first.seq == last.seq else [first, last]
    anchors = (_named_link(line.seq, line.hash) for line in ends if line.hash is not None)
    return join(" – ", anchors)


def _named_link(seq: int | None, link: str) -> Mrkdwn:
    return join(" ", [escape(f"#{seq}"), named(link[:HASH])])
