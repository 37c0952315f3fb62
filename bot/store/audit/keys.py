"""The keys of the audit log: replicas hold them outside the database; the chain names them."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

KEY_CHANGE = "audit-key"
"""The action of the records that name a key; their outcome is `ok`."""
FIRST, ROTATED, BEGUN, LOST = "first", "rotated", "begun", "lost"
"""The key changes: the chain's first key; a new key that the active key named; the first use of
that new key; a new key because the active key was lost."""


@dataclass(frozen=True, slots=True)
class AuditKey:
    """A secret of 64 hex digits. `id` is a part of its hash and does not reveal the secret."""

    secret: str = field(repr=False)

    @property
    def id(self) -> str:
        """Return the key's name in records and links."""
        return hashlib.sha256(f"queue-bot audit key {self.secret}".encode()).hexdigest()[:16]

    def mac(self, text: str) -> str:
        """Return the HMAC-SHA-256 of a text (64 hex digits)."""
        return hmac.new(bytes.fromhex(self.secret), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """The keys of a replica: `newest` is QUEUE_BOT_AUDIT_KEY, `older` QUEUE_BOT_AUDIT_KEY_OLD.

    The chain says which key is active; the order of the two settings does not matter.
    """

    newest: AuditKey | None = None
    older: AuditKey | None = None

    def by_id(self, id_: str | None) -> AuditKey | None:
        """Return the key with this name, or None if the replica does not hold the key."""
        held = (key for key in (self.newest, self.older) if key is not None)
        return next((key for key in held if key.id == id_), None)


NO_KEYS = AuditKeys()


@dataclass(frozen=True, slots=True)
class KeyChange:
    """The content of a record that names a key. `before` is the key that was active before."""

    segment: str
    key_id: str
    before: str | None = None

    @classmethod
    def of(cls, arguments: object) -> "KeyChange | None":
        """Return the key change in a record's arguments, or None if they contain no key change."""
        if not isinstance(arguments, dict) or not isinstance(arguments.get("key_id"), str):
            return None
        return cls(str(arguments.get("segment")), arguments["key_id"], arguments.get("before"))

    @property
    def arguments(self) -> dict[str, str]:
        """Return the arguments of the key change's record."""
        values = {"segment": self.segment, "key_id": self.key_id, "before": self.before}
        return {name: value for name, value in values.items() if value is not None}


def new_secret() -> str:
    """Return a new random key."""
    return secrets.token_hex(32)


def is_equal(first: str, second: str) -> bool:
    """Compare two HMACs in constant time, so that the duration reveals nothing about the HMACs."""
    return hmac.compare_digest(first.encode(), second.encode())
