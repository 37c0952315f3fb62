"""Views of a person's permissions, and of the help."""

from collections.abc import Sequence

from bot.models.requests import Message, Person
from bot.text import Mrkdwn, Texts, channel, code, join, named
from bot.views.blocks import context_line, message, section, sections
from bot.views.context import Context

CHANNELS = 10


def whoami_message(
    user: str,
    rule: str,
    changes_here: bool,  # noqa: FBT001 the fields of the command's answer in their order
    change_channels: Sequence[str],
    ctx: Context,
) -> Message:
    """Return the role, the rule behind it, where changes are allowed, and the commands."""
    texts = ctx.texts
    who = texts("whoami-role", who=Person(user), role=texts(f"role-{ctx.role.word}"))
    why = texts("whoami-none") if rule == "none" else texts("whoami-rule", rule=code(rule))
    where = texts("whoami-changes-here") if changes_here else _elsewhere(change_channels, ctx)
    lines = [who, why, where]
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
    """Return the catalog key of a command's help line, or the key for commands without one."""
    return f"help-{name}" if texts.has(f"help-{name}") else "help-other"


def help_message(commands: Sequence[tuple[str, str]], ctx: Context) -> Message:
    """Return one line per permitted command: its form and its effect."""
    texts = ctx.texts
    title = texts("help-title")
    rows = [
        texts("help-row", usage=code(usage), what=texts(help_key(name, texts)))
        for name, usage in commands
    ]
    foot = texts("help-foot", ids=code("45 46 50-60"), quoted=code('queue="my queue"'))
    blocks = [section(title), *sections(rows), context_line(foot)]
    return message([title, *rows, foot], blocks)
