"""What a payload says of its job: its class, its order and its store. Nothing is executed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.queue.payload_tree import CUT, holds_data, open_text, plain
from bot.queue.php_text import PhpObject

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
_HANDLER = "Illuminate\\Queue\\CallQueuedHandler"
_CLASS_PATHS = ("displayName", "data.commandName", "data.command", "job", "class", "jobClass")


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """A job's class and the ids of its order and store; None for what the payload does not say."""

    job_class: str | None
    order_id: int | str | None
    tienda_id: int | str | None


def identify(
    payload: str,
    *,
    order_paths: Sequence[str] = DEFAULT_ORDER_PATHS,
    tienda_paths: Sequence[str] = DEFAULT_TIENDA_PATHS,
) -> JobIdentity:
    """Reads a payload by dotted paths, the first that leads to an id wins; never raises.

    JSON nested as a string and PHP-serialized text are entered on the way. Of a broken payload
    what can still be found by its key is taken.
    """
    root = _entered(payload)
    if root is None:
        text = payload.replace("\\", "")
        return JobIdentity(
            _scanned_class(payload), _scanned_id(text, order_paths), _scanned_id(text, tienda_paths)
        )
    return JobIdentity(_class_of(root), _id_of(root, order_paths), _id_of(root, tienda_paths))


def _entered(node: object) -> object:
    """The data inside a string that holds some, else None for a string; other nodes unchanged."""
    for _ in range(_MAX_NESTED):
        if not isinstance(node, str):
            return node
        node = open_text(node) if holds_data(node) or node.lstrip()[:1] == '"' else None
    return None


def _at(root: object, path: str) -> object:
    """What a dotted path leads to, or None; a number is an index where the node is a list."""
    node = root
    for part in path.split("."):
        node = _entered(node)
        if isinstance(node, PhpObject):
            node = node.fields.get(part)
        elif isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list) and part.isascii() and part.isdigit() and len(part) < 7:
            node = node[int(part)] if int(part) < len(node) else None
        else:
            return None
    return node


def _id_of(root: object, paths: Sequence[str]) -> int | str | None:
    for path in paths:
        found = _as_id(_at(root, path))
        if found is not None:
            return found
    return None


def _as_id(value: object) -> int | str | None:
    """A whole number or a short text; a cut string, a fraction, a flag or a container is none."""
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


def _class_of(root: object) -> str | None:
    if isinstance(root, PhpObject):
        return _class_name(root.class_name)
    for path in _CLASS_PATHS:
        found = _at(root, path)
        if isinstance(found, str) and holds_data(found):
            found = _entered(found)
        if isinstance(found, PhpObject):
            found = found.class_name
        if isinstance(found, str) and not found.endswith(CUT):
            name = _class_name(found)
            if name is not None:
                return name
    return None


def _class_name(text: str) -> str | None:
    r"""`App\Jobs\Sync@handle` as `App\Jobs\Sync`; Laravel's own wrapper names no job."""
    name = plain(text).partition("@")[0].strip().lstrip("\\")
    name = "".join(char for char in name if char.isprintable())[:_MAX_CLASS]
    return None if not name or name == _HANDLER else name


def _scanned_id(text: str, paths: Sequence[str]) -> int | str | None:
    """The first value, in a text without backslashes, of a key that ends one of the paths."""
    for path in paths:
        key = path.rpartition(".")[2]
        # "id" alone belongs to anything; only a whole tree can tell whose it is.
        if len(key) < 4 or key in ("order", "tienda"):
            continue
        found = re.search(
            rf'"[^"]{{0,60}}?(?<![A-Za-z_]){re.escape(key)}"\s{{0,9}}[:;]\s{{0,9}}'
            rf'(?:i:|s:\d{{1,4}}:)?(?:(-?\d{{1,19}})(?=[^\d.])|"([^"]{{1,200}})")',
            text,
        )
        if found is not None:
            value = found.group(1) or found.group(2)
            return _as_id(value)
    return None


def _scanned_class(text: str) -> str | None:
    for key in ("displayName", "commandName", "job"):
        found = re.search(rf'"{key}\\{{0,8}}"\s{{0,9}}:\s{{0,9}}\\{{0,8}}"([^"]{{1,200}})"', text)
        if found is not None:
            name = _class_name(re.sub(r"\\+", r"\\", found.group(1)).rstrip("\\"))
            if name is not None:
                return name
    return None
