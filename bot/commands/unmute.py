"""`/queue unmute error=E12`: end a mute before it expires."""

import shlex

from bot.app.command import Command, Effect, Result
from bot.app.mute_target import TopicArguments, name_of, recorded, topic_of
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.mutes import MuteDetails, Topic
from bot.models.refusals import MutedOtherwise, NotMuted, Refusal
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.incidents import lookups, mutes
from bot.views.context import Context
from bot.views.incidents.mutes import unmuted, unmuted_visible


class UnmuteArguments(TopicArguments):
    """The topic of the mute."""


class UnmuteResult(Result):
    """The ended mute."""

    data: MuteDetails


def run(work: Work, args: UnmuteArguments) -> UnmuteResult:
    """End the mute; raises `NotMuted` or `MutedOtherwise`."""
    topic, by = topic_of(work, args), work.invocation.actor.user
    ended = mutes.end(work.connection, topic, by, work.now)
    if ended is None:
        raise _nothing_to_end(work, args, topic)
    return UnmuteResult(
        message=f"Unmuted {topic.word}",
        data=MuteDetails(
            mute=ended,
            name=name_of(work, topic),
            incidents=mutes.touch(work.connection, topic),
        ),
        recorded=recorded(args, topic),
    )


def _nothing_to_end(work: Work, args: UnmuteArguments, topic: Topic) -> Refusal:
    """Return a refusal that names another mute of the incident.

    Without such a mute, the refusal names the person who ended the last mute of the topic.
    """
    incident = None if args.id is None else lookups.by_id(work.connection, args.id)
    for mute in mutes.current(work.connection, work.now) if incident is not None else ():
        if incident is not None and mute.topic.covers(
            incident.rule, incident.queue, incident.error_group
        ):
            words = mute.topic.words().items()
            typed = " ".join(f"{name}={shlex.quote(word)}" for name, word in words)
            return MutedOtherwise(
                id=f"I{args.id}",
                word=mute.topic.word,
                nearest=f"unmute {typed}",
                by=mute.by,
                at=mute.until,
            )
    last = mutes.last_ended(work.connection, topic)
    if last is None:
        return NotMuted(word=topic.word)
    return NotMuted(word=topic.word, by=last["ended_by"], at=last["ended_at"])


def view(result: UnmuteResult, context: Context) -> Message:
    """Show which alerts are posted again."""
    return unmuted(result.data, context)


def visible(result: UnmuteResult, context: Context) -> Message:
    """Show the channel the ended mute and the person who ended the mute."""
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
    topic=HelpTopic.ALERTS,
    examples=("unmute error=E12",),
)
