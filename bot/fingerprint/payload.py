"""Read a job's class and its subjects from its payload. Nothing is executed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.fingerprint.payload_tree import CUT, holds_data, open_text, plain
from bot.fingerprint.php_text import PhpObject
from bot.models.subjects import ORDER, SHOP, JobSubject

DEFAULT_ORDER_PATHS: tuple[str, ...] = (
    "data.order_id",
    "data.orderId",
    "data.order.id",
    "order_id",
    "orderId",
    "order.id",
    "data.pedido_id",
    "data.pedidoId",
    "data.pedido.id",
    "pedido_id",
    "data.command.order_id",
    "data.command.orderId",
    "data.command.order.id",
    "data.command.order",
    "data.command.pedido_id",
    "data.command.pedidoId",
    "data.command.pedido.id",
    "data.command.data.order_id",
    "data.command.payload.order_id",
    "data.data.order_id",
    "data.payload.order_id",
    "data.order",
)
DEFAULT_TIENDA_PATHS: tuple[str, ...] = (
    "data.tienda_id",
    "data.tiendaId",
    "data.tienda.id",
    "tienda_id",
    "tiendaId",
    "tienda.id",
    "data.store_id",
    "data.storeId",
    "data.store.id",
    "store_id",
    "data.command.tienda_id",
    "data.command.tiendaId",
    "data.command.tienda.id",
    "data.command.tienda",
    "data.command.store_id",
    "data.command.storeId",
    "data.command.store.id",
    "data.command.data.tienda_id",
    "data.command.payload.tienda_id",
    "data.data.tienda_id",
    "data.payload.tienda_id",
    "data.tienda",
)

_MAX_TEXT = 64
_MAX_CLASS = 190
_MAX_NESTED = 6
_INT64 = range(-(2**63), 2**63)
_CANONICAL = re.compile(r"(?:0|-?[1-9][0-9]{0,18})\Z")
_MAX_SCAN = 200_000
_AMBIGUOUS = frozenset(("id", "order", "tienda", "store", "data"))
# The pattern does not consume the value, because a value may begin with the next key's quote.
_PAIR = re.compile(
    r'"(?:\\{1,8}u0000[^"\\]{1,60}\\{1,8}u0000)?(?P<key>[A-Za-z_]\w{0,60})\\{0,8}"\s{0,9}[:;]'
    r"(?=\s{0,9}(?:i:|s:\d{1,4}:)?"
    r'(?:(?P<number>-?\d{1,19})(?=[^\d.])|\\{0,8}"(?P<text>[^"]{1,200})"))'
)
_HANDLER = "Illuminate\\Queue\\CallQueuedHandler"
_CLASS_PATHS = ("displayName", "data.commandName", "data.command", "job", "class", "jobClass")


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """A job's class, order id and store id; each is None if the payload does not have it.

    `subjects` are the values of further subjects that the payload has, by name.
    """

    job_class: str | None
    order_id: int | str | None
    tienda_id: int | str | None
    subjects: Mapping[str, int | str] = field(default_factory=dict)

    def value(self, name: str) -> int | str | None:
        """Return the value of a subject, or None if the payload does not have it."""
        own = {ORDER: self.order_id, SHOP: self.tienda_id}
        return own[name] if name in own else self.subjects.get(name)


def identify(
    payload: str,
    *,
    order_paths: Sequence[str] = DEFAULT_ORDER_PATHS,
    tienda_paths: Sequence[str] = DEFAULT_TIENDA_PATHS,
    subjects: Iterable[JobSubject] = (),
) -> JobIdentity:
    """Read a payload by dotted paths; use the first path that leads to an id. Never raises.

    A path also leads into JSON in a string and into PHP-serialized text. A broken payload is
    searched for keys instead.
    """
    tree = _Tree(payload)
    if tree.root is None:
        values = _scan_values(payload)
        return JobIdentity(
            _class_by_key(values),
            _id_by_key(values, order_paths),
            _id_by_key(values, tienda_paths),
            {s.name: id_ for s in subjects if (id_ := _id_by_key(values, s.paths)) is not None},
        )
    return JobIdentity(
        _class_of(tree),
        _id_of(tree, order_paths),
        _id_of(tree, tienda_paths),
        {s.name: id_ for s in subjects if (id_ := _id_of(tree, s.paths)) is not None},
    )


def value_at(payload: str, *paths: str) -> object:
    """Return the first value at these dotted paths, or None; a path may enter nested data."""
    tree = _Tree(payload)
    return next((value for path in paths if (value := tree.at(path)) is not None), None)


class _Tree:
    """A payload's data; a string with nested data is parsed once, when a path leads into it."""

    def __init__(self, payload: str) -> None:
        self._opened: dict[str, object] = {}
        self.root = self.decoded(payload)

    def decoded(self, node: object) -> object:
        """Return the data in a string, or None without data; return other values unchanged."""
        for _ in range(_MAX_NESTED):
            if not isinstance(node, str):
                return node
            if node not in self._opened:
                self._opened[node] = open_text(node) if holds_data(node) else None
            node = self._opened[node]
        return None

    def at(self, path: str) -> object:
        """Return the value at a dotted path, or None; a number is an index of a list."""
        node = self.root
        for part in path.split("."):
            node = self.decoded(node)
            if isinstance(node, PhpObject):
                node = node.fields.get(part)
            elif isinstance(node, dict):
                node = node.get(part)
            elif isinstance(node, list) and part.isascii() and part.isdigit() and len(part) < 7:
                node = node[int(part)] if int(part) < len(node) else None
            else:
                return None
        return node


def _id_of(tree: _Tree, paths: Sequence[str]) -> int | str | None:
    for path in paths:
        value = _as_id(tree.at(path))
        if value is not None:
            return value
    return None


def _as_id(value: object) -> int | str | None:
    """Return an integer or a short text; None for a cut text, fraction, boolean or container."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value if value in _INT64 else str(value)[:_MAX_TEXT]
    if not isinstance(value, str) or value.endswith(CUT):
        return None
    text = plain(value).strip()
    if not text or holds_data(text):
        return None
    if _CANONICAL.match(text) and int(text) in _INT64:
        return int(text)
    return text[:_MAX_TEXT]


def _class_of(tree: _Tree) -> str | None:
    if isinstance(tree.root, PhpObject):
        return _class_name(tree.root.class_name)
    for path in _CLASS_PATHS:
        value = tree.at(path)
        if isinstance(value, str) and holds_data(value):
            value = tree.decoded(value)
        if isinstance(value, PhpObject):
            value = value.class_name
        if isinstance(value, str) and not value.endswith(CUT):
            name = _class_name(value)
            if name is not None:
                return name
    return None


def _class_name(text: str) -> str | None:
    r"""Return `App\Jobs\Sync` for `App\Jobs\Sync@handle`; Laravel's wrapper is not a job."""
    name = plain(text).partition("@")[0].strip().lstrip("\\")
    name = "".join(char for char in name if char.isprintable())[:_MAX_CLASS]
    return None if not name or name == _HANDLER else name


def _scan_values(text: str) -> dict[str, str]:
    """Return the first value of each key anywhere in a broken text, at any depth."""
    values: dict[str, str] = {}
    for pair in _PAIR.finditer(text[:_MAX_SCAN]):
        value = pair["number"] or pair["text"]
        values.setdefault(pair["key"], re.sub(r"\\+", r"\\", value).rstrip("\\"))
    return values


def _id_by_key(values: dict[str, str], paths: Sequence[str]) -> int | str | None:
    for path in paths:
        key = path.rpartition(".")[2]
        # Any object can have "id" and any list "order"; a broken text does not show the owner.
        if key not in _AMBIGUOUS and key in values:
            value = _as_id(values[key])
            if value is not None:
                return value
    return None


def _class_by_key(values: dict[str, str]) -> str | None:
    for key in ("displayName", "commandName", "job"):
        name = _class_name(values.get(key, ""))
        if name is not None:
            return name
    return None
