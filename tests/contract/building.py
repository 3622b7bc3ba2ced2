"""Builds whatever a caller can build: strategies for the models that are sent, from their types and constraints."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin

import attrs
from hypothesis import strategies as st

from cpl_async.models.codes import OpenCode
from cpl_async.models.constraints import ItemsConstraint, NestedConstraint, NumberConstraint, TextConstraint

__all__ = ["good", "wild"]

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))


def good(hint: Any, *, complete: bool = False, parts: NestedConstraint | None = None) -> st.SearchStrategy[Any]:
    """Return values of a type that keep its constraints.

    :param complete: leave nothing out.
    :param parts: bounds for the fields of a nested object.
    """
    hint, words, optional = _bare(hint)
    parts = next((word for word in words if isinstance(word, NestedConstraint)), parts)
    made = _of_kind(hint, words, complete, parts)
    return st.none() | made if optional and not complete else made


def wild(hint: Any) -> st.SearchStrategy[Any]:
    """Return values of a type, and values of no type at all, whatever the constraints say."""
    hint, _, _ = _bare(hint)
    odd: st.SearchStrategy[Any] = st.one_of(
        st.none(),
        st.text(max_size=400),
        st.integers(),
        st.decimals(),
        st.booleans(),
        st.binary(max_size=3),
        st.datetimes(),
        st.lists(st.text(), max_size=2),
        st.floats(),
    )
    if isinstance(hint, type) and attrs.has(hint):
        return odd | _object(hint, wild)
    return odd | good(hint) if hint in (str, int, Decimal, datetime) else odd


def _bare(hint: Any) -> tuple[Any, list[Any], bool]:
    words: list[Any] = []
    optional = False
    while True:
        origin = get_origin(hint)
        if origin is typing.Annotated:
            words += get_args(hint)[1:]
            hint = get_args(hint)[0]
        elif origin in (types.UnionType, typing.Union):
            parts = [part for part in get_args(hint) if part is not type(None)]
            optional = optional or len(parts) < len(get_args(hint))
            hint = parts[0]
        else:
            return hint, words, optional


def _of_kind(hint: Any, words: list[Any], complete: bool, parts: NestedConstraint | None) -> st.SearchStrategy[Any]:
    if get_origin(hint) in (list, tuple, Sequence, Iterable):
        bounds = next((word for word in words if isinstance(word, ItemsConstraint)), ItemsConstraint(3))
        inner = typing.Annotated[(get_args(hint)[0], *words)] if words else get_args(hint)[0]
        least = max(bounds.min, 1 if complete else 0)
        return st.lists(good(inner, complete=complete), min_size=least, max_size=max(least, 2))
    if isinstance(hint, type) and issubclass(hint, OpenCode):
        return st.sampled_from(list(hint))
    if isinstance(hint, type) and attrs.has(hint):
        return _object(hint, lambda part: good(part, complete=complete), parts, complete)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        float: st.floats(-90, 90),
        date: st.dates(),
        time: st.times().map(lambda moment: moment.replace(microsecond=0)),
        datetime: st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
        Path: st.just(Path("invoice.pdf")),
    }
    if hint is str:
        return _text(next((word for word in words if isinstance(word, TextConstraint)), TextConstraint(20, 1)))
    if hint in (int, Decimal):
        return _number(
            hint, next((word for word in words if isinstance(word, NumberConstraint)), NumberConstraint(ge=0, le=1000))
        )
    return simple[hint]


def _text(bounds: TextConstraint) -> st.SearchStrategy[str]:
    if bounds.pattern is not None:
        return st.from_regex(re.compile(bounds.pattern, re.ASCII), fullmatch=True).filter(
            lambda text: bounds.violation(text) is None
        )
    return st.text(LETTERS, min_size=max(bounds.min, 1), max_size=bounds.max or 60)


def _number(kind: type, bounds: NumberConstraint) -> st.SearchStrategy[Any]:
    least = bounds.ge if bounds.ge is not None else -(2**31)
    most = bounds.le if bounds.le is not None else 10 ** (bounds.digits or 9) - 1
    if kind is int:
        return st.integers(least, most)
    return st.decimals(least, most, places=bounds.decimal_places or 2, allow_nan=False)


def _object(
    kind: type,
    make: typing.Callable[[Any], st.SearchStrategy[Any]],
    parts: NestedConstraint | None = None,
    complete: bool = False,
) -> st.SearchStrategy[Any]:
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field in attrs.fields(attrs.resolve_types(typing.cast("Any", kind))):
        if not field.init:
            continue
        if parts is not None and field.name in parts.texts:
            must = field.name in parts.required or complete
            made = _text(parts.texts[field.name])
        else:
            must = field.default is attrs.NOTHING or complete
            made = make(field.type)
        (required if must else optional)[field.name] = made
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: _try(kind, fields))


def _try(kind: type, fields: dict[str, Any]) -> Any:
    """Make an object; what refuses to be made is the refusal itself, for the test to count as raised."""
    try:
        return kind(**fields)
    except (TypeError, ValueError) as error:
        return error
