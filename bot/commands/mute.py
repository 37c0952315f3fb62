"""`/queue mute error=E12`: post no alerts about one topic for a limited time."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, create_model

from bot.app.argument_types import Age
from bot.app.command import Command, Effect, Result
from bot.app.mute_target import TopicArguments, existing, name_of, recorded
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.mutes import MuteDetails
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.incidents import mutes
from bot.views.context import Context
from bot.views.incidents.mutes import muted, muted_visible

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=7)
USUAL = timedelta(hours=1)


def _bounded(length: timedelta) -> timedelta:
    if not SHORTEST <= length <= LONGEST:
        raise ValueError("mute-length:")
    return length


Length = Annotated[Age, AfterValidator(_bounded)]


class TimedArguments(TopicArguments):
    """The topic and the length of the mute."""

    @property
    def length(self) -> timedelta:
        """The value of `for`; the keyword `for` is not a valid attribute name in Python."""
        length: timedelta = getattr(self, "for")
        return length


_FOR: dict[str, Any] = {"for": (Length, Field(default=USUAL, json_schema_extra={"form": "1h"}))}
MuteArguments = create_model("MuteArguments", __base__=TimedArguments, **_FOR)


class MuteResult(Result):
    """The mute that is active now."""

    data: MuteDetails


def run(work: Work, args: TimedArguments) -> MuteResult:
    """Start a mute, or change the end of the existing mute.

    Raises `AlreadyMuted` and other refusals.
    """
    topic, no_jobs = existing(work, args)
    until = work.now + args.length
    by = work.invocation.actor.user
    mute, replaced = mutes.begin(work.connection, topic, by, work.now, until)
    return MuteResult(
        message=f"Muted {topic.word} until {until:%Y-%m-%d %H:%M:%S} UTC",
        data=MuteDetails(
            mute=mute,
            name=name_of(work, topic),
            extended=replaced,
            no_jobs=no_jobs,
            incidents=mutes.touch(work.connection, topic),
        ),
        recorded={**recorded(args, topic), "for": _typed(args.length), "until": until},
    )


def _typed(length: timedelta) -> str:
    """Return a duration in minutes, or in seconds if it is not a whole number of minutes."""
    minute = timedelta(minutes=1)
    return f"{length // timedelta(seconds=1)}s" if length % minute else f"{length // minute}m"


def view(result: MuteResult, context: Context) -> Message:
    """Show when the mute ends, and the effect of the mute."""
    return muted(result.data, context)


def visible(result: MuteResult, context: Context) -> Message:
    """Show the channel the mute and the person who started the mute."""
    return muted_visible(result.data, context)


COMMAND = Command(
    name="mute",
    arguments=MuteArguments,
    role=Role.OPERATOR,
    result=MuteResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    when_frozen=True,
    aliases=("silence", "snooze"),
    topic=HelpTopic.ALERTS,
    examples=(
        "mute error=E12 for=2h",
        "mute queue=netsuite",
        "mute alert=oldest_job queue=netsuite",
        "mute I12",
    ),
)
