"""The description of a command that the help shows."""

from enum import Enum

from bot.models.value import Value


class HelpTopic(Enum):
    """The tasks by which the help groups the commands, in the help's order."""

    VIEW = "view"
    CHANGE = "change"
    ALERTS = "alerts"
    ADMINISTRATION = "administration"


class CommandHelp(Value):
    """One command: its name, usage line, lowest permitted role, topic, aliases and examples."""

    name: str
    usage: str
    role: str
    topic: HelpTopic = HelpTopic.VIEW
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
