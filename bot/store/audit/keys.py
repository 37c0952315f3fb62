"""The keys of the audit log: outside the database, held by replicas, named by the chain."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

KEY_CHANGE = "audit-key"
"""The action of the records that name a key; their outcome is `ok`."""
FIRST, ROTATED, BEGUN, LOST = "first", "rotated", "begun", "lost"
"""The chain's first key; a new key, named by its predecessor; its first use; a lost predecessor."""


@dataclass(frozen=True, slots=True)
class AuditKey:
    """A secret of 64 hex digits; `id` is a part of its hash, which does not reveal it."""

    secret: str = field(repr=False)

    @property
    def id(self) -> str:
        """Return the name by which records and links refer to the key."""
        return hashlib.sha256(f"queue-bot audit key {self.secret}".encode()).hexdigest()[:16]

    def mac(self, text: str) -> str:
        """Return the HMAC-SHA-256 of a text (64 hex digits)."""
        return hmac.new(bytes.fromhex(self.secret), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """The keys of a replica: `newest` is QUEUE_BOT_AUDIT_KEY, `older` QUEUE_BOT_AUDIT_KEY_OLD.

    Which of them is active is read from the chain, never from their order.
    """

    newest: AuditKey | None = None
    older: AuditKey | None = None

    def by_id(self, id_: str | None) -> AuditKey | None:
        """Return the key of this name, or None if the replica does not hold it."""
        held = (key for key in (self.newest, self.older) if key is not None)
        return next((key for key in held if key.id == id_), None)


NO_KEYS = AuditKeys()


@dataclass(frozen=True, slots=True)
class KeyChange:
    """The content of a record that names a key; `before` is the key that was active until then."""

    segment: str
    key_id: str
    before: str | None = None

    @classmethod
    def of(cls, arguments: object) -> "KeyChange | None":
        """Return the change that a record with these arguments makes; None if it makes none."""
        if not isinstance(arguments, dict) or not isinstance(arguments.get("key_id"), str):
            return None
        return cls(str(arguments.get("segment")), arguments["key_id"], arguments.get("before"))

    @property
    def arguments(self) -> dict[str, str]:
        """Return the arguments of the record."""
        values = {"segment": self.segment, "key_id": self.key_id, "before": self.before}
        return {name: value for name, value in values.items() if value is not None}


def new_secret() -> str:
    """Return a new random key."""
    return secrets.token_hex(32)


def is_equal(first: str, second: str) -> bool:
    """Compare two HMACs in a time that does not depend on their content."""
    return hmac.compare_digest(first.encode(), second.encode())
