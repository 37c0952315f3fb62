"""Read the topic of a mute from typed words or a click, and check the topic."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from bot.app.argument_types import GroupId, IncidentId
from bot.app.command import Arguments
from bot.app.known_queue import require_known
from bot.app.work import Work
from bot.models.alert_rules import ALIASES, WITHOUT_QUEUE, AlertRule
from bot.models.mutes import Topic
from bot.models.refusals import ErrorGroupNotFound, IncidentNotFound
from bot.queue.layouts import LONGEST_QUEUE
from bot.store.failures import error_groups, error_merges
from bot.store.incidents import known_queues, lookups


def _current_name(value: object) -> object:
    """Return the current name of an alert rule; people may type its former name."""
    return ALIASES.get(value, value) if isinstance(value, str) else value


TypedRule = Annotated[AlertRule, BeforeValidator(_current_name)]


class TopicArguments(Arguments):
    """The topic: an error group, a queue, an alert rule, or an alert rule of one queue.

    An incident's id means the topic of that incident.
    """

    id: IncidentId | None = Field(default=None, json_schema_extra={"positional": "I12"})
    error: GroupId | None = Field(default=None, json_schema_extra={"form": "E12"})
    queue: str | None = Field(
        default=None, min_length=1, max_length=LONGEST_QUEUE, json_schema_extra={"form": "NAME"}
    )
    alert: TypedRule | None = Field(default=None, json_schema_extra={"form": "RULE"})

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        either = self.alert if self.queue is None else self.queue
        if sum(value is not None for value in (self.id, self.error, either)) != 1:
            raise ValueError("mute-what:")
        if self.queue is not None and self.alert in WITHOUT_QUEUE:
            raise ValueError("mute-no-queue:")
        return self


def topic_of(work: Work, args: TopicArguments) -> Topic:
    """Return the topic of the arguments without checking that it exists.

    The topic of an incident is its error group. If the incident has no error group, the topic is
    its alert rule in its queue. Raises `IncidentNotFound`.
    """
    if args.id is None:
        return Topic(error_group=args.error, queue=args.queue, rule=args.alert)
    incident = lookups.by_id(work.connection, args.id)
    if incident is None:
        raise IncidentNotFound(id=f"I{args.id}")
    if incident.error_group is not None:
        return Topic(error_group=incident.error_group)
    return Topic(queue=incident.queue, rule=incident.rule)


def recorded(args: TopicArguments, topic: Topic) -> dict[str, str]:
    """Return the topic for the audit record, as people type it."""
    return topic.words() if args.id is None else {"id": f"I{args.id}", **topic.words()}


def name_of(work: Work, topic: Topic) -> str | None:
    """Return the text of the topic's error group, or None for a topic without error group."""
    group = topic.error_group
    return None if group is None else error_groups.names_of(work.connection, [group]).get(group)


def existing(work: Work, args: TopicArguments) -> tuple[Topic, bool]:
    """Return the correctly spelled topic, and whether it is a queue that has no jobs now.

    Raises `ErrorGroupNotFound`, `IncidentNotFound`, or `QueueNotFound` for a queue that never had
    a job, because its name is probably a typing error.
    """
    topic = topic_of(work, args)
    if topic.error_group is not None:
        whole = error_merges.read(work.connection).whole(topic.error_group)
        topic = Topic(error_group=whole)
    if args.error is not None and name_of(work, topic) is None:
        raise ErrorGroupNotFound(id=topic.word)
    if topic.queue is None:
        return topic, False
    spelt = known_queues.with_jobs(work.connection, work.queue, topic.queue)
    if args.queue is None:
        return topic, spelt is None
    if spelt is not None:
        return topic.model_copy(update={"queue": spelt}), False
    require_known(work, args.queue)
    return topic, True
