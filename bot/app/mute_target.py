"""What a mute is of, as it is typed or clicked, looked up and checked."""

from difflib import get_close_matches
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from bot.app.command import Arguments, Work
from bot.app.parsing import GroupId, IncidentId
from bot.models.alert_rules import ALIASES, AlertRule
from bot.models.incidents import Topic
from bot.models.refusals import ErrorGroupNotFound, IncidentNotFound, QueueNotFound
from bot.queue.layouts import LONGEST_QUEUE
from bot.store.failures import error_groups
from bot.store.incidents import known_queues, lookups

NAMED = 10
"""Queues that a refusal names."""


def _current_name(value: object) -> object:
    """The present name of an alert rule that was typed by its former one."""
    return ALIASES.get(value, value) if isinstance(value, str) else value


TypedRule = Annotated[AlertRule, BeforeValidator(_current_name)]


class TopicArguments(Arguments):
    """One error group, one queue or one alert rule; or an incident, for what it is about."""

    id: IncidentId | None = Field(default=None, json_schema_extra={"positional": "I12"})
    error: GroupId | None = Field(default=None, json_schema_extra={"form": "E12"})
    queue: str | None = Field(
        default=None, min_length=1, max_length=LONGEST_QUEUE, json_schema_extra={"form": "NAME"}
    )
    alert: TypedRule | None = Field(default=None, json_schema_extra={"form": "RULE"})

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = (self.id, self.error, self.queue, self.alert)
        if sum(one is not None for one in given) != 1:
            raise ValueError("mute-what:")
        return self


def topic_of(work: Work, args: TopicArguments) -> Topic:
    """What is meant, without a look at whether there is such a thing.

    An incident of an error group means that group, one of a queue the queue, and what has neither
    its rule; raises `IncidentNotFound`.
    """
    if args.id is None:
        return Topic(error_group=args.error, queue=args.queue, rule=args.alert)
    incident = lookups.by_id(work.connection, args.id)
    if incident is None:
        raise IncidentNotFound(id=f"I{args.id}")
    if incident.error_group is not None:
        return Topic(error_group=incident.error_group)
    return Topic(queue=incident.queue) if incident.queue is not None else Topic(rule=incident.rule)


def recorded(args: TopicArguments, topic: Topic) -> dict[str, str]:
    """What the audit says beside the arguments, in the words that people type."""
    return topic.words() if args.id is None else {"id": f"I{args.id}", **topic.words()}


def name_of(work: Work, topic: Topic) -> str | None:
    """The text of the topic's error group, where it is one that is known."""
    group = topic.error_group
    return None if group is None else error_groups.names_of(work.connection, [group]).get(group)


def existing(work: Work, args: TopicArguments) -> tuple[Topic, bool]:
    """The topic under the name that it really has, and whether it is a queue without a job now.

    Raises `ErrorGroupNotFound`, `IncidentNotFound`, or `QueueNotFound` for a queue of which nothing
    was ever seen: that is a slip of the keyboard rather than a queue.
    """
    topic = topic_of(work, args)
    if args.error is not None and name_of(work, topic) is None:
        raise ErrorGroupNotFound(id=topic.word)
    if topic.queue is None:
        return topic, False
    spelt = known_queues.with_jobs(work.connection, work.queue, topic.queue)
    if args.queue is None:
        return topic, spelt is None
    if spelt is not None:
        return Topic(queue=spelt), False
    known = known_queues.names(work.connection)
    if args.queue not in known:
        alike = get_close_matches(args.queue, known, n=NAMED, cutoff=0.5)
        others = sorted(known - set(alike))
        raise QueueNotFound(queue=args.queue, queues=tuple([*alike, *others][:NAMED]))
    return topic, True
