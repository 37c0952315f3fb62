"""The roles that give people permissions."""

from enum import IntEnum


class Role(IntEnum):
    """The role of a person. Each role includes the permissions of all lower roles."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """Return the role's name in settings, messages and the audit log."""
        return self.name.lower()
