"""`/queue unmute error=E12`: be told again before the mute would end by itself."""

from bot.errors import NotMuted
from bot.ledger import mutes
from bot.ledger.watch_model import MuteSaid
from bot.model import Message, Role
from bot.muting import TopicArguments, name_of, recorded, topic_of
from bot.registry import Command, Effect, Result, Work
from bot.views.context import Context
from bot.views.mutes import unmuted, unmuted_visible


class UnmuteArguments(TopicArguments):
    """What is muted."""


class UnmuteResult(Result):
    """The mute that was ended."""

    data: MuteSaid


def run(work: Work, args: UnmuteArguments) -> UnmuteResult:
    """End the mute; raises `NotMuted`, with who ended the last one."""
    topic, by = topic_of(work, args), work.invocation.actor.user
    ended = mutes.end(work.connection, topic, by, work.now)
    if ended is None:
        last = mutes.last_ended(work.connection, topic)
        known = {} if last is None else {"by": last["ended_by"], "at": last["ended_at"]}
        raise NotMuted(word=topic.word, **known)
    return UnmuteResult(
        message=f"Unmuted {topic.word}",
        data=MuteSaid(
            mute=ended,
            name=name_of(work, topic),
            incidents=mutes.touch(work.connection, topic),
        ),
        recorded=recorded(args, topic),
    )


def view(result: UnmuteResult, context: Context) -> Message:
    """What is told again from now on."""
    return unmuted(result.data, context)


def visible(result: UnmuteResult, context: Context) -> Message:
    """The same for the channel, by whom."""
    return unmuted_visible(result.data, context)


COMMAND = Command(
    name="unmute",
    arguments=UnmuteArguments,
    role=Role.OPERATOR,
    result=UnmuteResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    when_frozen=True,
)
