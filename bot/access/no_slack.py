"""The directory for a process that has no connection to Slack."""

from collections.abc import Sequence

from bot.access.roles import READ_AGE, Profile, Unreachable


class NoSlack:
    """The directory for a terminal. It contains no people, so no Slack id has a role there."""

    def profile(self, user: str, max_age: float = READ_AGE) -> Profile:  # noqa: ARG002 the protocol's
        """Raise `Unreachable`, because a terminal has no Slack."""
        raise Unreachable(f"no Slack to ask about {user}")

    def locale(self, user: str) -> str | None:  # noqa: ARG002 the protocol's
        """Return None, because a terminal has no Slack."""
        return None

    def time_zone(self, user: str) -> str | None:  # noqa: ARG002 the protocol's
        """Return None, because a terminal has no Slack."""
        return None

    def members(self, group: str, max_age: float) -> frozenset[str]:  # noqa: ARG002 the protocol's
        """Raise `Unreachable`, because a terminal has no Slack."""
        raise Unreachable(f"no Slack to ask about {group}")

    def is_shared(self, channel: str) -> bool:
        """Raise `Unreachable`, because a terminal has no Slack."""
        raise Unreachable(f"no Slack to ask about {channel}")

    def prefetch(
        self, user: str, channel: str | None, groups: Sequence[str], max_age: float
    ) -> None:
        """Do nothing, because a terminal has no Slack."""

    def forget(self) -> None:
        """Do nothing, because a terminal has no Slack."""
