"""What the help shows of a command."""

from enum import Enum

from bot.models.jobs import Value


class HelpTopic(Enum):
    """The task under which the help lists a command, in the order of the help."""

    VIEW = "view"
    CHANGE = "change"
    ALERTS = "alerts"
    ADMINISTRATION = "administration"


class CommandHelp(Value):
    """One command: its name, usage line, least role, topic, other names and examples."""

    name: str
    usage: str
    role: str
    topic: HelpTopic = HelpTopic.VIEW
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
