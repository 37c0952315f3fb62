"""Views of a person's permissions and of the help."""

from collections.abc import Sequence

from bot.models.command_help import CommandHelp, HelpTopic
from bot.models.requests import Message, Person
from bot.models.subjects import USUAL
from bot.text import Mrkdwn, Plain, Texts, channel, code, join, named
from bot.views.blocks import context_line, message, section, sections
from bot.views.context import Context
from bot.views.lists import ROWS
from bot.views.refusal import whom_to_ask
from bot.views.stuck import ROWS as STUCK_ROWS
from bot.views.subjects import subject_names

CHANNELS = 10
ROWS_SHOWN = {"jobs": ROWS, "failed": ROWS, "stuck": STUCK_ROWS}
"""The most rows that one message of a list shows, even if `limit=` is higher."""


def whoami_message(
    user: str,
    rule: str,
    changes_here: bool,  # noqa: FBT001 the fields of the command's answer in their order
    change_channels: Sequence[str],
    ctx: Context,
) -> Message:
    """Return the role and its rule, the channels that allow changes, and the commands."""
    texts = ctx.texts
    who = texts("whoami-role", who=Person(user), role=texts(f"role-{ctx.role.word}"))
    why = texts("whoami-none") if rule == "none" else texts("whoami-rule", rule=code(rule))
    ask = whom_to_ask(ctx, texts("role-viewer")) if rule == "none" else []
    where = texts("whoami-changes-here") if changes_here else _elsewhere(change_channels, ctx)
    lines = [who, why, *ask, where]
    may = join(", ", (named(name) for name in sorted(ctx.runnable)))
    foot = [texts("whoami-may", commands=may)] if may else []
    blocks = [*sections(lines), *(context_line(line) for line in foot)]
    return message([*lines, *foot], blocks)


def _elsewhere(change_channels: Sequence[str], ctx: Context) -> Mrkdwn:
    if not change_channels:
        return ctx.texts("whoami-changes-nowhere")
    names = join(", ", (channel(id_) for id_ in change_channels[:CHANNELS]))
    return ctx.texts("whoami-changes-elsewhere", channels=names)


def help_key(name: str, texts: Texts) -> str:
    """Return the catalog key of a command's help line, or the key for commands without a line."""
    return f"help-{name}" if texts.has(f"help-{name}") else "help-other"


def help_message(commands: Sequence[CommandHelp], ctx: Context) -> Message:
    """Return a line for each command, grouped by task."""
    texts = ctx.texts
    title = texts("help-title")
    groups = [lines for topic in HelpTopic if (lines := _group(topic, commands, ctx))]
    foot = texts("help-more", example=code(texts.typed("help retry")))
    blocks = [section(title), *(block for lines in groups for block in sections(lines))]
    lines = [title, *(line for group in groups for line in group), foot]
    return message(lines, [*blocks, context_line(foot)])


def _group(topic: HelpTopic, commands: Sequence[CommandHelp], ctx: Context) -> list[Mrkdwn]:
    """Return a topic's title and a line per command, or nothing if the topic has no commands."""
    rows = [_row(command.name, command.name, ctx) for command in commands if command.topic is topic]
    return [ctx.texts(f"help-group-{topic.value}"), *rows] if rows else []


def command_help_message(command: CommandHelp, ctx: Context) -> Message:
    """Return the usage line of one command, its examples, and more facts about the command."""
    texts = ctx.texts
    lines = [_row(command.name, command.usage, ctx)]
    if command.examples:
        examples = [code(texts.typed(example)) for example in command.examples]
        lines += [texts("help-examples"), *examples]
    notes = [texts("help-role", role=texts(f"role-{command.role}"))]
    if command.aliases:
        names = join(", ", (code(name) for name in command.aliases))
        notes.append(texts("help-aliases", names=names))
    if command.name in ROWS_SHOWN:
        notes.append(texts("help-pages", rows=ROWS_SHOWN[command.name]))
    if "ID…" in command.usage:
        ids, quoted = code("45 46 50-60"), code('queue="my queue"')
        notes.append(texts("help-foot", ids=ids, quoted=quoted))
    blocks = [*sections(lines), *(context_line(note) for note in notes)]
    return message([*lines, *notes], blocks)


def _row(name: str, shown: str, ctx: Context) -> Mrkdwn:
    what = ctx.texts(help_key(name, ctx.texts))
    if name == "find" and set(ctx.subjects) != USUAL:
        what = ctx.texts("help-find-subjects", subjects=Plain(subject_names(ctx)))
    return ctx.texts("help-row", usage=code(shown), what=what)
