"""What is known of a person: the time zone, and the recorded ids that a name stands for."""

from collections.abc import Iterable
from time import monotonic
from zoneinfo import ZoneInfo

from bot.access.roles import Need, Unreachable, check_account, role_of
from bot.app.command import Setup, Work
from bot.models.refusals import (
    NotMember,
    NotOperator,
    PersonAmbiguous,
    PersonNotFound,
    Unverifiable,
)
from bot.models.requests import Actor, Invocation, Person
from bot.models.roles import Role
from bot.store.audit import history


def zone_of(setup: Setup, invocation: Invocation) -> ZoneInfo:
    """Return the person's time zone if Slack's is known, else the queue's."""
    actor = invocation.actor
    name = None if actor.is_terminal else setup.directory.time_zone(actor.user)
    try:
        return setup.zone if name is None else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # This machine's time zone data does not have the name.
        return setup.zone


def actors_named(work: Work, word: str) -> tuple[str, ...]:
    """Return the people in the audit log whom a word names; several may have the same name.

    Searches the recorded people and those with a role of their own, not the whole workspace, which
    may have thousands. Raises `PersonNotFound`.
    """
    if Person(word).in_slack:
        return (word,)
    recorded = history.actors(work.connection)
    name = word.removeprefix("@").casefold()
    exact = [actor for actor in recorded if actor.casefold() == name]
    rules = work.setup.rules
    people = dict.fromkeys([*recorded, *rules.admins, *rules.operators, *rules.viewers])
    slack = (actor for actor in people if Person(actor).in_slack)
    actors = (*exact, *(actor for actor in slack if name in _names(work, actor)))
    if not actors:
        raise PersonNotFound(name=word)
    return actors


def operator_named(work: Work, word: str) -> str:
    """Return the one person whom a mention or a name means, if the person may change jobs.

    Raises `PersonNotFound`, `PersonAmbiguous`, `NotOperator` or `Unverifiable`.
    """
    people = [actor for actor in actors_named(work, word) if Person(actor).in_slack]
    if not people:
        raise PersonNotFound(name=word)
    if len(people) > 1:
        raise PersonAmbiguous(name=word, people=tuple(people))
    (person,) = people
    setup, actor = work.setup, Actor(person, work.setup.rules.team)
    deadline = work.invocation.deadline
    try:
        check_account(setup.rules, setup.directory, actor)
        need = Need(Role.OPERATOR, changes=True)
        grant = role_of(setup.rules, setup.directory, person, need, deadline)
    except Unreachable as error:
        raise Unverifiable(reason=str(error)) from error
    except NotMember as error:
        raise NotOperator(person=person) from error
    if grant.role < Role.OPERATOR:
        raise NotOperator(person=person)
    return person


def _names(work: Work, user: str) -> Iterable[str]:
    """Return the person's names in small letters, and their words; none if Slack does not answer.

    After the deadline Slack is not asked again.
    """
    if monotonic() > work.invocation.deadline:
        return ()
    try:
        names = work.setup.directory.profile(user).names
    except Unreachable:
        return ()
    known = [name.casefold() for name in names]
    return {*known, *(word for name in known for word in name.split())}
