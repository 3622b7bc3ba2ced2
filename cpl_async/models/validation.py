"""Finds everything that is wrong with what a caller built, before it is sent."""

from __future__ import annotations

import enum
import sys
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, get_args, get_origin

import attrs

from ..errors import Problem
from .constraints import ItemsConstraint, NestedConstraint, NumberConstraint, TextConstraint

__all__ = ["problems_of"]

Complaint = tuple[str, str]
_KINDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    Decimal: "a Decimal",
    datetime: "a datetime",
    date: "a date",
    time: "a time of day",
}


@attrs.frozen
class _Step:
    """How one field is checked."""

    name: str
    required: bool
    kind: type | None
    nested: bool
    many: bool
    counts: tuple[ItemsConstraint, ...]
    bounds: tuple[TextConstraint | NumberConstraint, ...]
    parts: NestedConstraint | None
    shortest: int
    """Texts of ``shortest`` to ``longest`` characters need no further look: most fields of most shipments."""
    longest: int


@cache
def _plan(cls: Any) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[_Step, ...]]:
    """Return what gives the values of all fields at once, and how each is checked."""
    steps = tuple(_step(attribute) for attribute in attrs.fields(attrs.resolve_types(cls)) if attribute.init)
    names = [step.name for step in steps]
    if len(names) < 2:
        return lambda value: tuple(getattr(value, name) for name in names), steps
    return attrgetter(*names), steps


def _step(attribute: attrs.Attribute[Any]) -> _Step:
    words: list[Any] = []
    kind: Any = attribute.type
    optional = many = False
    while True:
        origin = get_origin(kind)
        if origin is typing.Annotated:
            words.extend(get_args(kind)[1:])
            kind = get_args(kind)[0]
        elif origin in (types.UnionType, typing.Union):
            optional = True
            kind = next(part for part in get_args(kind) if part is not type(None))
        elif origin in (list, tuple, Sequence):
            many = True
            kind = get_args(kind)[0]
        else:
            break
    counts = tuple(word for word in words if isinstance(word, ItemsConstraint))
    bounds = tuple(word for word in words if isinstance(word, (TextConstraint, NumberConstraint)))
    texts = [word for word in bounds if isinstance(word, TextConstraint) and word.pattern is None]
    plain = kind is str and not many and len(texts) == len(bounds) and not counts
    return _Step(
        attribute.name,
        not optional and (attribute.default is attrs.NOTHING or many),
        kind if isinstance(kind, type) else None,
        isinstance(kind, type) and attrs.has(kind),
        many,
        counts,
        bounds,
        next((word for word in words if isinstance(word, NestedConstraint)), None),
        max((text.min for text in texts), default=0) if plain else 1,
        min((text.max for text in texts if text.max is not None), default=sys.maxsize) if plain else 0,
    )


def problems_of(
    value: object, *, path: str = "", index: int | None = None, reference_id: str | None = None
) -> list[Problem]:
    """Return everything that is wrong with one object, all at once.

    :param value: a model, e.g. a shipment.
    :param path: where it stands, e.g. ``shipments[3]``.
    :param index: its position in the call, from 0.
    :param reference_id: its reference, named in each problem.
    :return: the problems; empty when all is well.
    """
    if not attrs.has(type(value)):
        return [Problem(path=path, message=f"is no model, but {type(value).__name__}", index=index)]
    return [
        Problem(
            path=".".join(part for part in (path, where) if part),
            message=what,
            index=index,
            reference_id=reference_id,
        )
        for where, what in _complaints(value)
    ]


def _complaints(value: Any) -> list[Complaint]:
    found: list[Complaint] = []
    kind: Any = type(value)
    values_of, steps = _plan(kind)
    for part, step in zip(values_of(value), steps, strict=True):
        if part is None:
            if step.required:
                found.append((step.name, "must be a list" if step.many else "is missing"))
        elif type(part) is str and step.shortest <= len(part) <= step.longest:
            continue
        elif step.many:
            if part != ():
                _add_list(found, step, part)
        else:
            _add_part(found, step, part, step.name)
    rules = getattr(value, "_rules", None)
    if rules is not None:
        try:
            found.extend(rules())
        except (AttributeError, TypeError):
            if not found:  # rules trust the types, which were just found wrong
                raise
    return found


def _add_list(found: list[Complaint], step: _Step, part: Any) -> None:
    if not isinstance(part, (list, tuple)):
        found.append((step.name, "must be a list"))
        return
    for bound in step.counts:
        if violation := bound.violation(part):
            found.append((step.name, violation))
    for position, item in enumerate(part):
        _add_part(found, step, item, f"{step.name}[{position}]")


def _add_part(found: list[Complaint], step: _Step, part: Any, name: str) -> None:
    if step.nested:
        kind = typing.cast("type", step.kind)
        if not isinstance(part, kind):
            found.append((name, f"must be {kind.__name__}, not {type(part).__name__}"))
            return
        here = dict(_of_place(step.parts, part)) if step.parts else {}
        if here:
            found.extend((f"{name}.{where}", what) for where, what in here.items())
        if below := _complaints(part):
            found.extend((f"{name}.{where}", what) for where, what in below if where not in here)
        return
    violation = None
    for bound in step.bounds:
        if violation := bound.violation(part):
            break
    if violation is None and (not step.bounds or step.kind is int):
        violation = _of_kind(step.kind, part)
    if violation is not None:
        found.append((name, violation))


def _of_place(parts: NestedConstraint, value: Any) -> Iterator[Complaint]:
    for name, text in parts.texts.items():
        part = getattr(value, name)
        if part is None or part == "":
            if name in parts.required:
                yield name, "is missing"
        elif violation := text.violation(part):
            yield name, violation


def _of_kind(kind: type | None, value: object) -> str | None:
    if kind is None:
        return None
    if issubclass(kind, enum.StrEnum):
        if not isinstance(value, str):
            return f"must be text, not {type(value).__name__}"
        if value not in kind._value2member_map_:  # also one that is of the kind, which is open for what is read
            return f"is {str(value)[:30]!r}, allowed: {', '.join(kind)}"
        return None
    if type(value) is kind is not datetime and kind is not time:
        return None
    if kind is datetime and isinstance(value, datetime) and value.tzinfo is None:
        return "needs its offset, e.g. datetime.now(UTC)"
    if kind is time and isinstance(value, time) and (value.microsecond or value.tzinfo):
        return "must be a time of day in whole seconds without an offset"
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    return None if fits else f"must be {_KINDS.get(kind, kind.__name__)}, not {type(value).__name__}"
