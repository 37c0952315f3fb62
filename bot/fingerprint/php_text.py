"""Parse text in PHP's `serialize()` format into plain data; nothing in it is executed."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

# The bounds exceed any job's payload. Beyond a bound, the reader keeps the data read before it.
_MAX_DEPTH = 48
_MAX_VALUES = 20_000
_MAX_DIGITS = 19

_STARTS = re.compile(r'(?:[OC]:\+?\d{1,4}:"|a:\d{1,9}:\{|s:\d{1,9}:"|[idb]:[-+\d.]{1,40};|N;)')
_HEAD = re.compile(rb"[-+]?\d{1,10}")


@dataclass(frozen=True, slots=True)
class PhpObject:
    """An object's class name and properties; private and protected names have no prefix."""

    class_name: str
    fields: dict[str, object] = field(default_factory=dict)


class _Cut(Exception):
    """The text ended early, is invalid, or exceeds the reader's bounds."""


def looks_like_php(text: str) -> bool:
    """Whether the first 60 characters of a text begin like a serialized value."""
    return _STARTS.match(text[:60]) is not None


def read_php(text: str) -> tuple[object, bool]:
    """Return the value in `text`, up to a cut, and whether the value is complete."""
    root = _Root()
    try:
        _Reader(text.encode("utf-8", "surrogatepass")).value(root, 0)
    except _Cut:
        return root.value, False
    return root.value, True


@dataclass(slots=True)
class _Root:
    value: object = None

    def put(self, value: object) -> None:
        self.value = value


class _Reader:
    """A reader over bytes, because lengths in PHP's format count bytes, not characters."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._slots: list[object] = [None]

    def value(self, into: "_Root | _Entry", depth: int) -> None:
        """Read one value; store a container before its content, so that a cut does not lose it."""
        if depth > _MAX_DEPTH or len(self._slots) > _MAX_VALUES:
            raise _Cut
        kind = self._take(1)
        if kind == b"N":
            self._expect(b";")
            self._put(into, None)
            return
        self._expect(b":")
        read = _KINDS.get(kind)
        if read is None:
            raise _Cut
        read(self, into, depth)

    def integer(self, into: "_Root | _Entry", _depth: int) -> None:
        digits = self._until(b";", 64)
        self._put(into, _whole(digits))

    def boolean(self, into: "_Root | _Entry", _depth: int) -> None:
        self._put(into, self._until(b";", 8) == b"1")

    def real(self, into: "_Root | _Entry", _depth: int) -> None:
        try:
            self._put(into, float(self._until(b";", 64).replace(b"INF", b"inf")))
        except ValueError:
            raise _Cut from None

    def string(self, into: "_Root | _Entry", _depth: int) -> None:
        self._put(into, self._quoted())
        self._expect(b";")

    def array(self, into: "_Root | _Entry", depth: int) -> None:
        items: dict[str, object] = {}
        self._put(into, items)
        self._entries(items, depth)

    def instance(self, into: "_Root | _Entry", depth: int) -> None:
        php_object = PhpObject(self._quoted())
        self._put(into, php_object)
        self._expect(b":")
        self._entries(php_object.fields, depth)

    def opaque(self, into: "_Root | _Entry", _depth: int) -> None:
        """Read an object in its class's own format (`C:`): keep the name, skip the content."""
        self._put(into, PhpObject(self._quoted()))
        self._expect(b":")
        length = self._count()
        self._expect(b":{")
        self._take(length)
        self._expect(b"}")

    def case(self, into: "_Root | _Entry", _depth: int) -> None:
        """Read an enum's case (`E:`), which the text has as `Class:Case`."""
        self._put(into, self._quoted())
        self._expect(b";")

    def reference(self, into: "_Root | _Entry", _depth: int) -> None:
        slot = _whole(self._until(b";", 20))
        in_range = isinstance(slot, int) and 0 < slot < len(self._slots)
        self._put(into, self._slots[slot] if in_range and isinstance(slot, int) else None)

    def alias(self, into: "_Root | _Entry", depth: int) -> None:
        """Read `R:`, a reference that shares its target's slot and adds no slot."""
        self.reference(into, depth)
        self._slots.pop()

    def _entries(self, items: dict[str, object], depth: int) -> None:
        count = self._count()
        self._expect(b":{")
        for _ in range(count):
            name = self._name()
            self.value(_Entry(items, name), depth + 1)
        self._expect(b"}")

    def _name(self) -> str:
        kind = self._take(2)
        if kind == b"i:":
            return self._until(b";", 64).decode("ascii", "replace")
        if kind != b"s:":
            raise _Cut
        name = self._quoted()
        self._expect(b";")
        return _plain_name(name)

    def _quoted(self) -> str:
        length = self._count()
        self._expect(b':"')
        end = self._at + length
        if self._data[end : end + 1] != b'"':
            end = self._repaired_end()
        text = self._data[self._at : end].decode("utf-8", "replace")
        self._at = end + 1
        return text

    def _repaired_end(self) -> int:
        """Return the end of a string whose length is wrong, as after a change of encoding."""
        positions = [self._data.find(mark, self._at, self._at + 70_000) for mark in (b'";', b'":')]
        ends = [end for end in positions if end >= 0]
        if not ends:
            raise _Cut
        return min(ends)

    def _count(self) -> int:
        head = _HEAD.match(self._data, self._at)
        if head is None:
            raise _Cut
        self._at = head.end()
        return max(0, int(head.group()))

    def _until(self, mark: bytes, limit: int) -> bytes:
        end = self._data.find(mark, self._at, self._at + limit)
        if end < 0:
            raise _Cut
        part = self._data[self._at : end]
        self._at = end + len(mark)
        return part

    def _take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if len(part) < count:
            raise _Cut
        self._at += count
        return part

    def _expect(self, mark: bytes) -> None:
        if self._take(len(mark)) != mark:
            raise _Cut

    def _put(self, into: "_Root | _Entry", value: object) -> None:
        self._slots.append(value)
        into.put(value)


@dataclass(frozen=True, slots=True)
class _Entry:
    items: dict[str, object]
    name: str

    def put(self, value: object) -> None:
        self.items[self.name] = value


_Read = Callable[[_Reader, "_Root | _Entry", int], None]
_KINDS: dict[bytes, _Read] = {
    b"i": _Reader.integer,
    b"b": _Reader.boolean,
    b"d": _Reader.real,
    b"s": _Reader.string,
    b"a": _Reader.array,
    b"O": _Reader.instance,
    b"C": _Reader.opaque,
    b"E": _Reader.case,
    b"r": _Reader.reference,
    b"R": _Reader.alias,
}


def _whole(digits: bytes) -> int | str:
    text = digits.decode("ascii", "replace")
    if len(text) > _MAX_DIGITS + 1:
        return text
    try:
        return int(text)
    except ValueError:
        return text


def _plain_name(name: str) -> str:
    """Return a property's name without the prefix between NUL bytes (private, protected)."""
    if "\0" in name:
        return name.rsplit("\0", 1)[1]
    # A protected name begins with a star if a copy lost the NUL bytes.
    return name.removeprefix("*")
