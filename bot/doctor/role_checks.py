"""The check of the roles: the people behind the ids, and ids that give nobody a role."""

from collections.abc import Iterator

from bot.access.roles import EVERYONE, READ_AGE, Rules, Unreachable, check_account
from bot.doctor.installation import Installation
from bot.models.doctor import Finding, ok, problem, warning
from bot.models.refusals import NotMember
from bot.models.requests import Actor, Source

MOST_PEOPLE = 50
"""The most people that a check reads from Slack, whose limit is 100 calls a minute."""

_WHY = {
    "foreign": "belongs to another workspace",
    "deactivated": "is deactivated",
    "bot": "is a bot",
    "guest": "is a guest",
}


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
        self._rules = rules
        self._read: dict[str, Finding | str] = {}

    def of_role(self, name: str, ids: tuple[str, ...]) -> Iterator[Finding]:
        """Yield the findings of one role, and last the names of its people."""
        users = [id_ for id_ in ids if not id_.startswith("S") and id_ != EVERYONE]
        groups = [id_ for id_ in ids if id_.startswith("S")]
        members: list[str] = []
        for group in groups:
            try:
                members += sorted(self._directory.members(group, READ_AGE))
            except Unreachable as error:
                yield _unreadable_group(name, group, str(error))
        if groups and name == "QUEUE_BOT_ADMINS":
            yield warning(
                f"Members of {' and '.join(groups)} are admins. In Slack's default, every member "
                "of the workspace may edit user groups, and so become an admin.",
                "List the user ids of the admins in QUEUE_BOT_ADMINS, or let only owners of the "
                "workspace edit user groups.",
            )
        for user in users:
            self._directory.prefetch(user, None, (), READ_AGE)
        every = list(dict.fromkeys([*users, *members]))
        answers = [self._person(name, user) for user in every[:MOST_PEOPLE]]
        yield from (answer for answer in answers if isinstance(answer, Finding))
        names = [answer for answer in answers if isinstance(answer, str)]
        if EVERYONE in ids:
            names.append("every full member of the workspace")
        if names:
            more = len(every) - MOST_PEOPLE
            shown = ", ".join(names[:10])
            rest = f" and {len(names) - 10 + max(0, more)} more" if len(names) > 10 else ""
            yield ok(f"{name}: {shown}{rest}.")
        elif name == "QUEUE_BOT_ADMINS" or ids:
            yield warning(f"{name} gives nobody the role.", f"List ids of people in {name}.")

    def _person(self, name: str, user: str) -> Finding | str:
        """Return the name of a person, or the reason why the bot refuses the person."""
        try:
            check_account(self._rules, self._directory, Actor(user, self._rules.team, Source.SLASH))
            names = self._directory.profile(user, READ_AGE).names
        except NotMember as refusal:
            return warning(
                f"{user} in {name} {_WHY.get(refusal.why, refusal.why)}: the bot refuses this "
                "person.",
                f"Replace {user} in {name}, or make the person a full member.",
            )
        except Unreachable as error:
            if "user_not_found" in str(error):
                return warning(f"{user} in {name} is unknown in the workspace.", f"Correct {name}.")
            return problem(f"{user} in {name} cannot be read: {error}.")
        return names[-1] if names else user


def _unreadable_group(name: str, group: str, reason: str) -> Finding:
    if "is empty" in reason:
        return warning(
            f"The user group {group} in {name} has no members: it gives nobody the role.",
            "Add members to the group in Slack.",
        )
    if "no_such_subteam" in reason:
        return warning(f"The user group {group} in {name} is unknown.", f"Correct {name}.")
    return problem(
        f"The user group {group} in {name} cannot be read ({reason}): the bot refuses its members.",
        "User groups need a paid plan of Slack and the scope usergroups:read.",
    )
