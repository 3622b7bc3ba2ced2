"""JSON encoding and decoding of models."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo

import attrs
import orjson
from cattrs import Converter

from ..errors import ValidationError
from .codes import OpenCode

__all__ = ["decode", "decode_list", "encode", "pythonic_path", "to_wire", "warm_up", "wire_name"]

T = TypeVar("T")
MAX_NUMBER_DIGITS = 400
"""Maximum number of digits; a JSON number has at most 308 before the decimal point."""
MAX_EXACT_FLOAT = 2.0**53
"""Integers from 2**64 on are parsed as floats, which are not exact from here on."""
END_OF_DAY = time(23, 59, 59)
_PLAIN = (str, int, bool, float, datetime, date, time)


def wire_name(name: str) -> str:
    """Return the JSON name of an attribute: ``zip_code`` → ``zipCode``."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def pythonic_path(path: str) -> str:
    """Return a JSON path with attribute names: ``Shipments[3].zipCode`` → ``shipments[3].zip_code``."""
    parts = []
    for part in path.split("."):
        part = part[:1].lower() + part[1:]
        parts.append("".join("_" + letter.lower() if letter.isupper() else letter for letter in part))
    return ".".join(parts)


def encode(value: Any) -> bytes:
    """Return a model, or plain data with models, as JSON bytes; equal values give equal bytes.

    :raises ValidationError: If a value cannot be represented in JSON. The message has its path.
    """
    try:
        return orjson.dumps(value, default=to_wire)
    except (orjson.JSONEncodeError, RecursionError) as error:
        reason = error
    path = _unwritable_path(value, "")
    raise ValidationError(f"{path or 'the body'} cannot be written as JSON: {reason}")


def _unwritable_path(value: Any, path: str) -> str:
    """Return the path of the innermost value that cannot be encoded; empty if all values can be encoded."""
    data = to_wire(value) if attrs.has(type(value)) else value
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, (list, tuple)) else ()
    for name, part in pairs:
        try:
            orjson.dumps(part, default=to_wire)
        except orjson.JSONEncodeError:
            inner = f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}".lstrip(".")
            return _unwritable_path(part, inner) or inner
    return path


def to_wire(value: Any) -> Any:
    """Return a model as a dict with JSON names, without values that are ``None``."""
    kind: Any = type(value)
    return _unstructure_hook(kind)(value)


def decode(data: Any, kind: type[T]) -> T:
    """Return parsed JSON as a model."""
    return _converter().structure(data, kind)


def decode_list(data: Any, kind: type[T]) -> list[T]:
    """Return a parsed JSON list as models; ``null`` gives an empty list, an object a list of one model."""
    of_kind: Any = kind
    structure: Callable[[Any, type[T]], T] = _structure_hook(of_kind)
    if data is None:
        return []
    return [structure(item, kind) for item in (data if isinstance(data, list) else [data])]


def warm_up(*, written: Iterable[Any], read: Iterable[Any]) -> None:
    """Compile the functions for models in advance, so that the first call is not delayed.

    :param written: Classes of models that are encoded.
    :param read: Classes of models that are decoded.
    """
    for kind in written:
        _unstructure_hook(kind)
    for kind in read:
        _structure_hook(kind)


@cache
def _structure_hook(kind: Any) -> Callable[[Any, Any], Any]:
    return _converter().get_structure_hook(kind)


@cache
def _unstructure_hook(kind: Any) -> Callable[[Any], Any]:
    return _converter().get_unstructure_hook(kind)


@cache
def _converter() -> Converter:
    converter = Converter(detailed_validation=False, prefer_attrib_converters=False)
    converter.register_structure_hook(Decimal, _read_decimal)
    converter.register_structure_hook(datetime, _read_datetime)
    converter.register_structure_hook(time, _read_time)
    converter.register_structure_hook_func(_is_code, _read_code)
    converter.register_unstructure_hook(Decimal, _write_decimal)
    for kind in (datetime, date, time):  # orjson does not encode subclasses from other libraries
        converter.register_unstructure_hook(kind, lambda value: value.isoformat())
    converter.register_structure_hook_factory(attrs.has, lambda kind: _reader(kind, converter))
    converter.register_unstructure_hook_factory(attrs.has, lambda kind: _writer(kind, converter))
    converter.register_structure_hook_factory(_is_optional, lambda kind: _optional_reader(kind, converter))
    converter.register_structure_hook_factory(_is_list, lambda kind: _list_reader(kind, converter))
    return converter


def _write_decimal(value: Decimal) -> orjson.Fragment:
    text = str(value)
    return orjson.Fragment(text if "E" not in text else format(value, "f"))


def _read_decimal(value: Any, _: Any = None) -> Decimal:
    number = Decimal(str(value))
    # 1e999999999 is short, but takes a gigabyte when written without an exponent
    if not number.is_finite() or max(abs(number.adjusted()), len(number.as_tuple().digits)) > MAX_NUMBER_DIGITS:
        raise ValueError("expected a number that can be written")
    return number


def _read_text(value: Any, _: Any = None) -> str:
    if type(value) is str:
        return value
    if isinstance(value, (dict, list)):
        raise TypeError(f"expected text, got {type(value).__name__}")
    if isinstance(value, float) and not abs(value) < MAX_EXACT_FLOAT:  # digits of a shipment number are lost
        raise ValueError("expected text, got a number that is too large to be exact")
    return str(value)


def _read_bool(value: Any, _: Any = None) -> bool:
    if value is True or value is False:
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise TypeError(f"expected true or false, got {type(value).__name__}")


def _read_int(value: Any, _: Any = None) -> int:
    number = int(value)
    if isinstance(value, bool) or (isinstance(value, float) and number != value):
        raise TypeError("expected a whole number")
    return number


def _read_float(value: Any, _: Any = None) -> float:
    if isinstance(value, bool):
        raise TypeError("expected a number")
    number = float(value)
    if not isfinite(number):
        raise ValueError("expected a finite number")
    return number


def _read_time(value: Any, _: Any = None) -> time:
    return END_OF_DAY if value in ("24:00", "24:00:00") else time.fromisoformat(value)


def _is_code(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, OpenCode)


def _read_code(value: Any, kind: type[OpenCode]) -> OpenCode:
    return typing.cast("OpenCode", kind._value2member_map_.get(value)) or kind(value)


def _read_datetime(value: Any, _: Any = None) -> datetime:
    timestamp = datetime.fromisoformat(value)
    return timestamp if timestamp.tzinfo is not None else timestamp.replace(tzinfo=_prague())


@cache
def _prague() -> ZoneInfo:
    return ZoneInfo("Europe/Prague")


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (list, tuple, Sequence) and get_args(kind) != ()


def _list_reader(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    inner = get_args(kind)[0]
    read = _plain_reader(inner, converter)
    if attrs.has(inner):  # null is an unreadable item, so that the others keep their positions
        return lambda value, _: [] if value is None else [read(item, inner) for item in _listed(value)]
    return lambda value, _: [] if value is None else [read(item, inner) for item in _listed(value) if item is not None]


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {type(value).__name__}")
    return value


def _is_optional(kind: Any) -> bool:
    parts = get_args(kind) if get_origin(kind) in (types.UnionType, typing.Union) else ()
    return len(parts) == 2 and type(None) in parts


def _optional_reader(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    inner = next(part for part in get_args(kind) if part is not type(None))
    read = _plain_reader(inner, converter)
    if inner in (str, int):  # the fast path for most fields of most responses

        def read_simple(value: Any, _: Any) -> Any:
            return value if value is None or type(value) is inner else read(value, inner)

        return read_simple

    def read_optional(value: Any, _: Any) -> Any:
        return None if value is None else read(value, inner)

    return read_optional


def _plain_reader(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """Return the reader of a simple value. The readers of cattrs accept any value as text, and any text as true."""
    readers: dict[Any, Callable[[Any, Any], Any]] = {
        str: _read_text,
        int: _read_int,
        bool: _read_bool,
        float: _read_float,
    }
    return readers.get(kind) or (_read_code if _is_code(kind) else converter.get_structure_hook(kind))


def _reader(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """Compile a function that makes a model from a dict.

    Setting attributes in place takes half the time of ``kind(...)``. Models
    """
    fields = attrs.fields(attrs.resolve_types(kind))
    in_place = kind.__setattr__ is object.__setattr__ and not hasattr(kind, "__attrs_post_init__")
    in_place = in_place and not any(field.converter or field.validator for field in fields)
    space: dict[str, Any] = {"kind": kind, "new": object.__new__, "text": _read_text, "missing": object()}
    lines = ["def read(d, _=None):", " o = new(kind)" if in_place else " o = {}"]
    for field in fields:
        if field.init or in_place:
            lines += _reader_lines(field, in_place, space, converter)
    lines.append(" return o" if in_place else " return kind(**o)")
    exec("\n".join(lines), space)  # noqa: S102 - the source consists of our own attribute names
    read = typing.cast("Callable[[Any, Any], Any]", space["read"])
    if not any(field.name == "unreadable" for field in fields):

        def read_object(value: Any, _: Any) -> Any:
            if not isinstance(value, dict):
                raise TypeError(f"expected an object, got {type(value).__name__}")
            return read(value, kind)

        return read_object

    def read_or_salvage(value: Any, _: Any) -> Any:
        try:
            return read(value, kind) if isinstance(value, dict) else _salvage(kind, value, converter)
        except Exception:
            return _salvage(kind, value, converter)

    return read_or_salvage


def _reader_lines(field: Any, in_place: bool, space: dict[str, Any], converter: Converter) -> list[str]:
    name, wire = field.name, wire_name(field.name)
    target = f"o.{name}" if in_place else f"o[{field.alias!r}]"
    made = type(field.default) is attrs.Factory
    space[f"d_{name}"] = field.default.factory if made else field.default
    default = f"d_{name}()" if made else f"d_{name}"
    if name == "unreadable" or not field.init:
        return [f" {target} = {default}"]
    inner = _without_none(field.type)
    value = "v if type(v) is str else text(v)"
    if inner is not str:
        space[f"r_{name}"], space[f"k_{name}"] = _plain_reader(inner, converter), inner
        value = f"r_{name}(v, k_{name})"
    if inner is not field.type:
        value = f"None if v is None else {value}"
    if field.default is attrs.NOTHING:
        return [f" v = d[{wire!r}]", f" {target} = {value}"]
    if field.default is None and inner is not field.type:
        return [f" v = d.get({wire!r})", f" {target} = {value}"]
    return [f" v = d.get({wire!r}, missing)", f" {target} = {default} if v is missing else {value}"]


def _without_none(kind: Any) -> Any:
    """Return a type without ``Annotated`` and ``None``."""
    while get_origin(kind) is typing.Annotated:
        kind = get_args(kind)[0]
    return next(part for part in get_args(kind) if part is not type(None)) if _is_optional(kind) else kind


def _salvage(kind: Any, value: Any, converter: Converter) -> Any:
    """Return an item with its readable fields, so that neither its reference nor the other items are lost."""
    if not isinstance(value, dict):
        return kind(unreadable=f"an object was expected, not {type(value).__name__}")
    unreadable: list[str] = []
    parts = _readable_parts(kind, value, "", unreadable, converter)
    return kind(**parts | {"unreadable": "cannot be read: " + ", ".join(unreadable)})


def _readable_parts(
    kind: Any, value: dict[str, Any], path: str, unreadable: list[str], converter: Converter
) -> dict[str, Any]:
    """Return the readable fields of an object, nested objects included, and add the paths of the others to a list."""
    parts: dict[str, Any] = {}
    for field in attrs.fields(kind):
        name = wire_name(field.name)
        if name not in value or field.name == "unreadable":
            continue
        field_path = f"{path}.{name}".lstrip(".")
        try:
            parts[field.name] = converter.structure(value[name], typing.cast("Any", field.type))
        except Exception as error:
            inner, many = _element_type(field.type)
            nested = value[name]
            if attrs.has(inner) and many and isinstance(nested, (list, dict)):
                items = nested if isinstance(nested, list) else [nested]
                if items is not nested:
                    unreadable.append(f"{field_path} (no list)")
                parts[field.name] = _readable_items(inner, items, field_path, unreadable, converter)
            elif attrs.has(inner) and isinstance(nested, dict):
                parts[field.name] = inner(**_readable_parts(inner, nested, field_path, unreadable, converter))
            else:
                unreadable.append(f"{field_path} ({type(error).__name__})")
    return parts


def _readable_items(kind: Any, items: list[Any], path: str, unreadable: list[str], converter: Converter) -> list[Any]:
    models = []
    for position, item in enumerate(items):
        item_path = f"{path}[{position}]"
        try:
            models.append(converter.structure(item, kind))
        except Exception:
            if isinstance(item, dict):
                models.append(kind(**_readable_parts(kind, item, item_path, unreadable, converter)))
            else:
                unreadable.append(item_path)
    return models


def _writer(kind: type, converter: Converter) -> Callable[[Any], dict[str, Any]]:
    """Compile a function that returns the attributes that are not ``None``, the costliest step of encoding a batch."""
    space: dict[str, Any] = {}
    lines = ["def write(o):", " r = {}"]
    for field in attrs.fields(attrs.resolve_types(kind)):
        if not field.init or field.name == "unreadable":
            continue
        inner, many = _element_type(field.type)
        value = "v"
        if not _written_as_is(inner):
            space[f"w_{field.name}"] = converter.get_unstructure_hook(inner)
            value = f"[w_{field.name}(i) for i in v]" if many else f"w_{field.name}(v)"
            if many and attrs.has(inner):
                # orjson converts and writes one item at a time, while it is in the CPU cache
                value = "v if type(v) is list else [*v]"
        test = "if v:" if many else "if v is not None:"
        lines += [f" v = o.{field.name}", f" {test} r[{wire_name(field.name)!r}] = {value}"]
    lines.append(" return r")
    exec("\n".join(lines), space)  # noqa: S102 - the source consists of our own attribute names
    return typing.cast("Callable[[Any], dict[str, Any]]", space["write"])


def _written_as_is(kind: Any) -> bool:
    return kind in _PLAIN or (isinstance(kind, type) and issubclass(kind, StrEnum))


def _element_type(kind: Any) -> tuple[Any, bool]:
    """Return the type inside ``Annotated``, ``Optional`` and list, and whether there was a list."""
    many = False
    while True:
        origin = get_origin(kind)
        if origin is typing.Annotated:
            kind = get_args(kind)[0]
        elif origin in (types.UnionType, typing.Union):
            kind = next(part for part in get_args(kind) if part is not type(None))
        elif origin in (list, tuple, Sequence):
            many = True
            kind = get_args(kind)[0]
        else:
            return kind, many
