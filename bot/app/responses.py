"""Responses to an outcome: the person's answer, the channel's message, and the spec's JSON."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.access.roles import Grant, allows_changes
from bot.app.command import Command, Result
from bot.app.people import zone_of
from bot.app.setup import Setup
from bot.models.refusals import Refusal
from bot.models.requests import Invocation, Message, Modal, Person
from bot.models.roles import Role
from bot.text import Texts, texts_for
from bot.views.context import Context
from bot.views.refusal import refusal_message, refusal_sentence


@dataclass(frozen=True)
class Outcome:
    """The result or refusal of a request; `repeated`: the answer was stored earlier.

    `now` is the time of the transaction, or of the refusal's record (naive UTC).
    """

    command: Command | None
    grant: Grant
    now: datetime
    result: Result | None = None
    refusal: Refusal | None = None
    repeated: bool = False


def texts_of(setup: Setup, invocation: Invocation) -> Texts:
    """Return texts in the person's Slack language if known, else in the configured language."""
    actor = invocation.actor
    locale = None if actor.is_terminal else setup.directory.locale(actor.user)
    return texts_for(locale, setup.language, setup.zone, setup.slash)


def context_of(
    setup: Setup, invocation: Invocation, grant: Grant, now: datetime, texts: Texts
) -> Context:
    """Return the context for a view that this person reads."""
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
        has_reservation_times=setup.queue.layout.has_reservation_times,
        failed_count=setup.failed_count,
        routes=setup.routes,
        archive_days=setup.archive_days,
        here=invocation.channel,
        request=invocation.request_id,
        roles=_roles(setup),
        admins=setup.rules.admins,
        subjects=setup.queue.subject_names,
    )


def public_context(setup: Setup, invocation: Invocation, now: datetime) -> Context:
    """Return the context of a message to a channel; it has no role or language of one reader."""
    texts = texts_for(None, setup.language, setup.zone, setup.slash)
    context = context_of(setup, invocation, Grant(Role.NONE, "channel"), now, texts)
    return replace(context, reader_zone=setup.zone)


def channel_context(setup: Setup, now: datetime) -> Context:
    """Return the context of a message that the bot posts without a request."""
    return Context(
        texts=texts_for(None, setup.language, setup.zone, setup.slash),
        role=Role.NONE,
        now=now,
        actor=Person(setup.replica),
        actions=setup.actions,
        links=setup.links,
        zone=setup.zone,
        reader_zone=setup.zone,
        has_reservation_times=setup.queue.layout.has_reservation_times,
        roles=_roles(setup),
        admins=setup.rules.admins,
        subjects=setup.queue.subject_names,
    )


def _roles(setup: Setup) -> dict[str, Role]:
    """Return the lowest role that each command requires, by command name."""
    return {command.name: command.role for command in setup.commands.values()}


def answer(setup: Setup, invocation: Invocation, outcome: Outcome) -> Message | Modal:
    """Return the message or modal for the person."""
    texts = texts_of(setup, invocation)
    context = context_of(setup, invocation, outcome.grant, outcome.now, texts)
    if outcome.refusal is not None:
        return refusal_message(outcome.refusal, context)
    if outcome.command is None or outcome.result is None:
        raise TypeError("an outcome has a result or a refusal")
    return outcome.command.view(outcome.result, context)


def envelope(setup: Setup, outcome: Outcome) -> dict[str, Any]:
    """Return the spec's JSON; the sentences in the JSON are always English."""
    if outcome.refusal is not None:
        english = texts_for("en", "en", setup.zone, setup.slash)
        return {
            "success": False,
            "error": refusal_sentence(outcome.refusal, english, setup.actions),
            "code": outcome.refusal.code,
        }
    if outcome.result is None:
        raise TypeError("an outcome has a result or a refusal")
    return outcome.result.envelope()
