"""Every single change of the rule tables, such as a limit off by one or a field more or less."""

import math
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from bot.localslack.blocks.block_rules import BLOCKS, VIEWS
from bot.localslack.blocks.element_rules import ELEMENT_SURFACES, ELEMENTS
from bot.localslack.blocks.specs import Many, Number, OneOf, OrNull, Shape, Spec, Str, Text

Mutant = tuple[str, Callable[[], None], Callable[[], None]]
"""The mutant's name, and functions that apply and remove it."""


def shapes() -> dict[str, Shape]:
    """Return every shape of the tables by its path, each shape once."""
    shapes_by_id: dict[int, tuple[str, Shape]] = {}
    for table in (ELEMENTS, BLOCKS, VIEWS):
        for name, shape in table.items():
            _walk(shape, name, shapes_by_id)
    return dict(shapes_by_id.values())


def _walk(value: object, path: str, shapes_by_id: dict[int, tuple[str, Shape]]) -> None:
    if id(value) in shapes_by_id:
        return
    if isinstance(value, Shape):
        shapes_by_id[id(value)] = (path, value)
        for name, spec in value.fields.items():
            _walk(spec, f"{path}.{name}", shapes_by_id)
    elif isinstance(value, OneOf):
        for name, shape in value.table.items():
            _walk(shape, f"{path}<{name}>", shapes_by_id)
    elif is_dataclass(value):
        for field in fields(value):
            _walk(getattr(value, field.name), path, shapes_by_id)


def sheet() -> list[str]:
    """Return every rule of the tables as one line: place, content, and Slack's page."""
    lines = []
    for path, shape in shapes().items():
        places = " ".join(sorted(shape.surfaces))
        lines.append(f"{path} ({shape.page}){': ' if places else ''}{places}")
        for name, spec in shape.fields.items():
            needed = " required" if name in shape.required else ""
            lines.append(f"  {name}: {described(spec)}{needed}")
    for kind, surfaces in ELEMENT_SURFACES.items():
        lines.append(f"{kind} only in {' '.join(sorted(surfaces))}")
    return lines


def described(spec: Spec) -> str:
    """Describe a spec in a few words."""
    match spec:
        case Str():
            most = "" if spec.longest is None else spec.longest
            among = f" among {' '.join(spec.choices)}" if spec.choices else ""
            return f"text {spec.shortest}..{most}{among}"
        case Text():
            return f"{' or '.join(spec.kinds)} 1..{spec.longest}"
        case Number():
            return f"{'whole ' if spec.whole else ''}number {spec.least:.0f}..{spec.most:.0f}"
        case _:
            return _nested(spec)


def _nested(spec: Spec) -> str:
    match spec:
        case Many():
            most = "" if spec.most is None else spec.most
            return f"{spec.least}..{most} of {described(spec.of)}"
        case OrNull():
            return f"null or {described(spec.of)}"
        case OneOf():
            return f"one of {' '.join(spec.only or spec.table)}"
    return "object" if isinstance(spec, Shape) else "flag"


def mutants() -> Iterator[Mutant]:
    """Yield all mutants, in a fixed order."""
    for path, shape in shapes().items():
        own = shape.fields
        for name, spec in own.items():
            for change, other in variations(spec):
                yield _of(shape, "fields", {**own, name: other}, f"{path}.{name}: {change}")
            without = {key: value for key, value in own.items() if key != name}
            yield _of(shape, "fields", without, f"{path}.{name}: unknown")
        for name in shape.required:
            rest = tuple(one for one in shape.required if one != name)
            yield _of(shape, "required", rest, f"{path}.{name}: not required")
        for surface in ("message", "modal", "home"):
            if shape.surfaces:
                other_surfaces = shape.surfaces ^ {surface}
                yield _of(shape, "surfaces", other_surfaces, f"{path}: {surface} toggled")
    for kind, surfaces in list(ELEMENT_SURFACES.items()):
        for surface in ("message", "modal", "home"):
            yield _in_table(kind, surfaces ^ {surface}, f"{kind}: {surface} toggled")


def _of(shape: Shape, name: str, value: object, title: str) -> Mutant:
    before = getattr(shape, name)
    # The tables are frozen; only a test changes them, for a moment.
    return (
        title,
        lambda: object.__setattr__(shape, name, value),
        lambda: object.__setattr__(shape, name, before),
    )


def _in_table(kind: str, value: frozenset[str], title: str) -> Mutant:
    before = ELEMENT_SURFACES[kind]
    return (
        title,
        lambda: ELEMENT_SURFACES.__setitem__(kind, value),
        lambda: ELEMENT_SURFACES.__setitem__(kind, before),
    )


def variations(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """Yield copies of the spec with one change each."""
    match spec:
        case Str():
            yield from _str_variations(spec)
        case Text():
            yield "longer", replace(spec, longest=spec.longest + 1)
            yield "shorter", replace(spec, longest=spec.longest - 1)
            other = ("plain_text",) if len(spec.kinds) > 1 else ("plain_text", "mrkdwn")
            yield f"kinds {other}", replace(spec, kinds=other)
        case Number():
            yield from _number_variations(spec)
        case Many():
            if spec.most is not None:
                yield "one more", replace(spec, most=spec.most + 1)
                yield "one less", replace(spec, most=spec.most - 1)
            yield "fewest", replace(spec, least=0 if spec.least else 1)
            yield from ((f"of {n}", replace(spec, of=one)) for n, one in variations(spec.of))
        case OrNull():
            yield "not null", spec.of
        case OneOf() if spec.only:
            for name in spec.only:
                rest = tuple(one for one in spec.only if one != name)
                if rest:
                    yield f"no {name}", replace(spec, only=rest)


def _str_variations(spec: Str) -> Iterator[tuple[str, Spec]]:
    if spec.longest is not None:
        yield "longer", replace(spec, longest=spec.longest + 1)
        yield "shorter", replace(spec, longest=spec.longest - 1)
    if spec.shortest:
        yield "may be empty", replace(spec, shortest=0)
    for choice in spec.choices:
        rest: Any = tuple(one for one in spec.choices if one != choice)
        yield f"no {choice}", replace(spec, choices=rest or ("none",))
    if spec.choices:
        yield "any choice", replace(spec, choices=())


def _number_variations(spec: Number) -> Iterator[tuple[str, Spec]]:
    if math.isfinite(spec.least):
        yield "lower", replace(spec, least=spec.least - 1)
        yield "least higher", replace(spec, least=spec.least + 1)
    if math.isfinite(spec.most):
        yield "higher", replace(spec, most=spec.most + 1)
        yield "most lower", replace(spec, most=spec.most - 1)
    yield "fractions", replace(spec, whole=not spec.whole)
