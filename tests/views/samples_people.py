"""Samples of the help and of whoami."""

from collections.abc import Iterator
from functools import partial

from bot.app.command import find_commands
from bot.models.command_help import CommandHelp
from bot.views import people
from tests.views.samples import Sample
from tests.views.words import Words


def samples(w: Words) -> Iterator[Sample]:
    helps = {
        command.name: CommandHelp(
            name=command.name,
            usage=f"/queue {command.usage()}",
            role=command.role.word,
            topic=command.help_topic,
            aliases=command.aliases,
            examples=command.examples,
        )
        for command in find_commands().values()
    }
    channels = (w.channel, "C0ALERTS01")
    yield Sample("help", partial(people.help_message, tuple(helps.values())))
    for name in ("retry", "failed", "mute", "status"):
        yield Sample(f"help-{name}", partial(people.command_help_message, helps[name]))
    for name, rule, here, allowed in (
        ("here", w.rule, True, channels),
        ("elsewhere", w.rule, False, channels),
        ("nobody", "none", False, ()),
    ):
        yield Sample(
            f"whoami-{name}", partial(people.whoami_message, w.person, rule, here, allowed)
        )
