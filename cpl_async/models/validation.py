"""Validation of models before they are sent."""

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
from ..messages import Message, message
from .constraints import ItemsConstraint, NestedConstraint, NumberConstraint, TextConstraint

__all__ = ["problems_of"]

Violation = tuple[str, Message]
"""Path of a field and a message."""
_KINDS: dict[type, str] = {
    str: "kind.text",
    int: "kind.whole_number",
    bool: "kind.boolean",
    Decimal: "kind.decimal",
    datetime: "kind.datetime",
    date: "kind.date",
    time: "kind.time",
}


@attrs.frozen
class _FieldCheck:
    """Checks of one field."""

    name: str
    required: bool
    kind: type | None
    nested: bool
    many: bool
    counts: tuple[ItemsConstraint, ...]
    bounds: tuple[TextConstraint | NumberConstraint, ...]
    parts: NestedConstraint | None
    shortest: int
    """Texts of ``shortest`` to ``longest`` characters are valid without further checks. This covers most fields."""
    longest: int


@cache
def _checks_of(cls: Any) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[_FieldCheck, ...]]:
    """Return a getter of all field values of a class, and the checks of each field."""
    checks = tuple(_field_check(attribute) for attribute in attrs.fields(attrs.resolve_types(cls)) if attribute.init)
    names = [check.name for check in checks]
    if len(names) < 2:
        return lambda value: tuple(getattr(value, name) for name in names), checks
    return attrgetter(*names), checks


def _field_check(attribute: attrs.Attribute[Any]) -> _FieldCheck:
    metadata: list[Any] = []
    kind: Any = attribute.type
    optional = many = False
    while True:
        origin = get_origin(kind)
        if origin is typing.Annotated:
            metadata.extend(get_args(kind)[1:])
            kind = get_args(kind)[0]
        elif origin in (types.UnionType, typing.Union):
            optional = True
            kind = next(part for part in get_args(kind) if part is not type(None))
        elif origin in (list, tuple, Sequence):
            many = True
            kind = get_args(kind)[0]
        else:
            break
    counts = tuple(entry for entry in metadata if isinstance(entry, ItemsConstraint))
    bounds = tuple(entry for entry in metadata if isinstance(entry, (TextConstraint, NumberConstraint)))
    texts = [bound for bound in bounds if isinstance(bound, TextConstraint) and bound.pattern is None]
    plain = kind is str and not many and len(texts) == len(bounds) and not counts
    return _FieldCheck(
        attribute.name,
        not optional and (attribute.default is attrs.NOTHING or many),
        kind if isinstance(kind, type) else None,
        isinstance(kind, type) and attrs.has(kind),
        many,
        counts,
        bounds,
        next((entry for entry in metadata if isinstance(entry, NestedConstraint)), None),
        max((text.min for text in texts), default=0) if plain else 1,
        min((text.max for text in texts if text.max is not None), default=sys.maxsize) if plain else 0,
    )


def problems_of(
    value: object, *, path: str = "", index: int | None = None, reference_id: str | None = None
) -> list[Problem]:
    """Return all problems of one model.

    :param value: Model to check, e.g. a shipment.
    :param path: Path of the model in the request, e.g. ``shipments[3]``. Default: the model is the request.
    :param index: Index of the model in the call, from 0. Default: none.
    :param reference_id: Reference of the model, added to each problem. Default: none.
    :return: The problems; empty if the model is valid.
    """
    if not attrs.has(type(value)):
        not_a_model = message("field.not_a_model", actual=type(value).__name__)
        return [Problem(path=path, message=str(not_a_model), detail=not_a_model, index=index)]
    return [
        Problem(
            path=".".join(part for part in (path, field) if part),
            message=str(violation),
            detail=violation,
            index=index,
            reference_id=reference_id,
        )
        for field, violation in _violations(value)
    ]


def _violations(value: Any) -> list[Violation]:
    violations: list[Violation] = []
    kind: Any = type(value)
    values_of, checks = _checks_of(kind)
    for part, check in zip(values_of(value), checks, strict=True):
        if part is None:
            if check.required:
                violations.append((check.name, message("field.not_a_list" if check.many else "field.missing")))
        elif type(part) is str and check.shortest <= len(part) <= check.longest:
            continue
        elif check.many:
            if part != ():
                _check_list(violations, check, part)
        else:
            _check_value(violations, check, part, check.name)
    rules = getattr(value, "_rules", None)
    if rules is not None:
        try:
            violations.extend(rules())
        except (AttributeError, TypeError):
            if not violations:  # rules assume valid types; a wrong type was already reported
                raise
    return violations


def _check_list(violations: list[Violation], check: _FieldCheck, part: Any) -> None:
    if not isinstance(part, (list, tuple)):
        violations.append((check.name, message("field.not_a_list")))
        return
    for bound in check.counts:
        if violation := bound.violation(part):
            violations.append((check.name, violation))
    for position, item in enumerate(part):
        _check_value(violations, check, item, f"{check.name}[{position}]")


def _check_value(violations: list[Violation], check: _FieldCheck, part: Any, name: str) -> None:
    if check.nested:
        kind = typing.cast("type", check.kind)
        if not isinstance(part, kind):
            violations.append((name, message("field.wrong_kind", expected=kind.__name__, actual=type(part).__name__)))
            return
        nested = dict(_nested_violations(check.parts, part)) if check.parts else {}
        if nested:
            violations.extend((f"{name}.{field}", problem) for field, problem in nested.items())
        if own := _violations(part):
            violations.extend((f"{name}.{field}", problem) for field, problem in own if field not in nested)
        return
    violation = None
    for bound in check.bounds:
        if violation := bound.violation(part):
            break
    if violation is None and (not check.bounds or check.kind is int):
        violation = _type_violation(check.kind, part)
    if violation is not None:
        violations.append((name, violation))


def _nested_violations(parts: NestedConstraint, value: Any) -> Iterator[Violation]:
    for name, text in parts.texts.items():
        part = getattr(value, name)
        if part is None or part == "":
            if name in parts.required:
                yield name, message("field.missing")
        elif violation := text.violation(part):
            yield name, violation


def _type_violation(kind: type | None, value: object) -> Message | None:
    if kind is None:
        return None
    if issubclass(kind, enum.StrEnum):
        if not isinstance(value, str):
            return message("field.wrong_kind", expected=message("kind.text"), actual=type(value).__name__)
        if value not in kind._value2member_map_:  # members too: an open enumeration accepts unknown codes when decoding
            return message("field.not_allowed", value=str(value)[:30], allowed=", ".join(kind))
        return None
    if type(value) is kind is not datetime and kind is not time:
        return None
    if kind is datetime and isinstance(value, datetime) and value.tzinfo is None:
        return message("field.no_offset")
    if kind is time and isinstance(value, time) and (value.microsecond or value.tzinfo):
        return message("field.time_with_offset")
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    if fits:
        return None
    code = _KINDS.get(kind)
    expected = message(code) if code is not None else kind.__name__
    return message("field.wrong_kind", expected=expected, actual=type(value).__name__)
