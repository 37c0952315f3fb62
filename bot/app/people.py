"""Look up people: a person's time zone, and the recorded user ids that match a name."""

from collections.abc import Iterable
from time import monotonic
from zoneinfo import ZoneInfo

from bot.access.roles import Need, Unreachable, check_account, role_of
from bot.app.setup import Setup
from bot.app.work import Work
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
    """Return the person's time zone from Slack, or the queue's time zone if it is unknown."""
    actor = invocation.actor
    name = None if actor.is_terminal else setup.directory.time_zone(actor.user)
    try:
        return setup.zone if name is None else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # The time zone data of this machine does not contain the zone's name.
        return setup.zone


def actors_named(work: Work, word: str) -> tuple[str, ...]:
    """Return the user ids from the audit log that match a word; people may share a name.

    The search covers the people in the audit log and the people whose ids the settings list. It
    does not cover the workspace, which may have thousands of people. Raises `PersonNotFound`.
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
    """Return the user id for a mention or a name, if this person may change jobs.

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


def names_of_person(work: Work, user: str) -> Iterable[str]:
    """Return a person's names in Slack; raises `Unverifiable` if Slack does not answer."""
    if monotonic() > work.invocation.deadline:
        raise Unverifiable(reason="deadline")
    try:
        return _words_of(work.setup.directory.profile(user).names)
    except Unreachable as error:
        raise Unverifiable(reason=str(error)) from error


def _names(work: Work, user: str) -> Iterable[str]:
    """Return the person's names and the words of the names, in lower case.

    The result is empty if Slack does not answer. After the deadline, Slack is not called.
    """
    try:
        return names_of_person(work, user)
    except Unverifiable:
        return ()


def _words_of(names: Iterable[str]) -> set[str]:
    known = [name.casefold() for name in names]
    return {*known, *(word for name in known for word in name.split())}
