"""How an outcome is told: to the person, to the channel, as the spec's JSON."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.access.roles import Grant, allows_changes
from bot.app.command import Command, Result, Setup
from bot.models.refusals import Refusal
from bot.models.requests import Invocation, Message, Modal, Person
from bot.models.roles import Role
from bot.text import Texts, texts_for
from bot.views.context import Context
from bot.views.refusal import refusal_message, refusal_sentence


@dataclass(frozen=True)
class Outcome:
    """How a request ended: with a result, or refused. `repeated`: an earlier answer, given again.

    `now` is the transaction's (naive UTC); for a refusal, when it was written down.
    """

    command: Command | None
    grant: Grant
    now: datetime
    result: Result | None = None
    refusal: Refusal | None = None
    repeated: bool = False


def texts_of(setup: Setup, invocation: Invocation) -> Texts:
    """The person's language: their Slack locale if it is known by now, else the configured one."""
    actor = invocation.actor
    locale = None if actor.is_terminal else setup.directory.locale(actor.user)
    return texts_for(locale, setup.language, setup.zone)


def zone_of(setup: Setup, invocation: Invocation) -> ZoneInfo:
    """The person's time zone, if Slack's is known by now, else the queue's."""
    actor = invocation.actor
    name = None if actor.is_terminal else setup.directory.time_zone(actor.user)
    try:
        return setup.zone if name is None else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # A name that this machine has no clocks for.
        return setup.zone


def context_of(
    setup: Setup, invocation: Invocation, grant: Grant, now: datetime, texts: Texts
) -> Context:
    """What a view may know, for this person."""
    changes_here = allows_changes(setup.rules, invocation)
    runnable = (
        name
        for name, command in setup.commands.items()
        if command.role <= grant.role and (changes_here or not command.need.changes)
    )
    return Context(
        texts=texts,
        role=grant.role,
        now=now,
        actor=Person(invocation.actor.user),
        source=invocation.source,
        runnable=frozenset(runnable),
        actions=setup.actions,
        links=setup.links,
        zone=setup.zone,
        reader_zone=zone_of(setup, invocation),
        oldest_seconds=setup.oldest_seconds,
        reserved_seconds=setup.reserved_seconds,
        failed_count=setup.failed_count,
        archive_days=setup.archive_days,
        here=invocation.channel,
        request=invocation.request_id,
    )


def public_context(setup: Setup, invocation: Invocation, now: datetime) -> Context:
    """What a message may know that everybody in a channel sees: no reader's role or language."""
    texts = texts_for(None, setup.language, setup.zone)
    context = context_of(setup, invocation, Grant(Role.NONE, "channel"), now, texts)
    return replace(context, reader_zone=setup.zone)


def channel_context(setup: Setup, now: datetime) -> Context:
    """What a message may know that the bot posts by itself."""
    return Context(
        texts=texts_for(None, setup.language, setup.zone),
        role=Role.NONE,
        now=now,
        actor=Person(setup.replica),
        actions=setup.actions,
        links=setup.links,
        zone=setup.zone,
        reader_zone=setup.zone,
    )


def answer(setup: Setup, invocation: Invocation, outcome: Outcome) -> Message | Modal:
    """What the person is shown."""
    texts = texts_of(setup, invocation)
    context = context_of(setup, invocation, outcome.grant, outcome.now, texts)
    if outcome.refusal is not None:
        return refusal_message(outcome.refusal, context)
    if outcome.command is None or outcome.result is None:
        raise TypeError("an outcome has a result or a refusal")
    return outcome.command.view(outcome.result, context)


def envelope(setup: Setup, outcome: Outcome) -> dict[str, Any]:
    """The spec's JSON; its sentences are English whatever the language."""
    if outcome.refusal is not None:
        english = texts_for("en", "en", setup.zone)
        return {
            "success": False,
            "error": refusal_sentence(outcome.refusal, english, setup.actions),
            "code": outcome.refusal.code,
        }
    if outcome.result is None:
        raise TypeError("an outcome has a result or a refusal")
    return outcome.result.envelope()
