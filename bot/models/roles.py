"""The roles of people."""

from enum import IntEnum


class Role(IntEnum):
    """The permissions of a person; each role includes the ones before it."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """Return the role's name in settings, messages and the audit log."""
        return self.name.lower()
