"""The check of the roles: the people behind the ids, and ids that give nobody a role."""

from collections.abc import Iterator

from bot.access.roles import EVERYONE, READ_AGE, Rules, Unreachable, check_account
from bot.doctor.installation import Installation
from bot.doctor.sentences import Sentence
from bot.models.doctor import Finding, ok, problem, warning
from bot.models.refusals import NotMember
from bot.models.requests import Actor, Source

MOST_PEOPLE = 50
"""The most people that a check reads from Slack, whose limit is 100 calls a minute."""


def check_roles(installation: Installation) -> Iterator[Finding]:
    """Resolve each role to people; report ids that are unknown or that the bot refuses."""
    settings = installation.settings
    team = installation.workspace.team if installation.workspace else None
    rules = Rules(settings.viewers, settings.operators, settings.admins, team=team)
    people = _People(installation, rules)
    for name, ids in (
        ("QUEUE_BOT_ADMINS", settings.admins),
        ("QUEUE_BOT_OPERATORS", settings.operators),
        ("QUEUE_BOT_VIEWERS", settings.viewers),
    ):
        yield from people.of_role(name, ids)


class _People:
    """Reads people and groups, at most `MOST_PEOPLE` people in all roles together."""

    def __init__(self, installation: Installation, rules: Rules) -> None:
        self._directory = installation.directory
        self._text = installation.text
        self._rules = rules
        self._read: dict[str, Finding | str] = {}

    def of_role(self, name: str, ids: tuple[str, ...]) -> Iterator[Finding]:
        """Yield the findings of one role, and last the names of its people."""
        text = self._text
        users = [id_ for id_ in ids if not id_.startswith("S") and id_ != EVERYONE]
        groups = [id_ for id_ in ids if id_.startswith("S")]
        members: list[str] = []
        for group in groups:
            try:
                members += sorted(self._directory.members(group, READ_AGE))
            except Unreachable as error:
                yield _unreadable_group(name, group, str(error), text)
        if groups and name == "QUEUE_BOT_ADMINS":
            yield warning(
                text("doctor-group-admins", groups=", ".join(groups)),
                text("doctor-group-admins-do"),
            )
        for user in users:
            self._directory.prefetch(user, None, (), READ_AGE)
        every = list(dict.fromkeys([*users, *members]))
        answers = [self._person(name, user) for user in every[:MOST_PEOPLE]]
        yield from (answer for answer in answers if isinstance(answer, Finding))
        names = [answer for answer in answers if isinstance(answer, str)]
        if EVERYONE in ids:
            names.append(text("doctor-everyone"))
        if names:
            more = len(every) - MOST_PEOPLE
            shown = ", ".join(names[:10])
            number = len(names) - 10 + max(0, more)
            rest = text("doctor-role-more", number=number) if len(names) > 10 else ""
            yield ok(text("doctor-role", name=name, people=shown, rest=rest))
        elif name == "QUEUE_BOT_ADMINS" or ids:
            yield warning(
                text("doctor-role-empty", name=name), text("doctor-role-empty-do", name=name)
            )

    def _person(self, name: str, user: str) -> Finding | str:
        """Return the name of a person, or the reason why the bot refuses the person."""
        text = self._text
        try:
            check_account(self._rules, self._directory, Actor(user, self._rules.team, Source.SLASH))
            names = self._directory.profile(user, READ_AGE).names
        except NotMember as refusal:
            return warning(
                text("doctor-person-refused", user=user, name=name, why=refusal.why),
                text("doctor-person-refused-do", user=user, name=name),
            )
        except Unreachable as error:
            if "user_not_found" in str(error):
                return warning(
                    text("doctor-person-unknown", user=user, name=name),
                    text("doctor-correct", name=name),
                )
            return problem(text("doctor-person-unread", user=user, name=name, reason=error))
        return names[-1] if names else user


def _unreadable_group(name: str, group: str, reason: str, text: Sentence) -> Finding:
    if "is empty" in reason:
        return warning(
            text("doctor-group-empty", group=group, name=name),
            text("doctor-group-empty-do"),
        )
    if "no_such_subteam" in reason:
        return warning(
            text("doctor-group-unknown", group=group, name=name), text("doctor-correct", name=name)
        )
    return problem(
        text("doctor-group-unread", group=group, name=name, reason=reason),
        text("doctor-group-unread-do"),
    )
