"""Makes answers from the contract's schemas, and brings data into one form so that two can be compared.

The stated normalisation: what is ``null`` or an empty list or object is as good as left out, also in a
list of simple values, a moment is compared as
a moment (without an offset it is one of Prague), a time of day as one, a number by its value, and what the schema
does not name is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from . import resolved

__all__ = ["answers", "full", "normal"]

PRAGUE = ZoneInfo("Europe/Prague")


def full(schema: dict[str, Any], name: str = "x", *, change: Callable[[str, Any], Any] = lambda _, value: value) -> Any:
    """Return an answer with all properties.

    :param change: is given each simple value with its property's name, and returns what stands there.
    """
    schema = resolved(schema)
    kind = schema.get("type")
    if kind == "array":
        return [full(schema["items"], f"{name}{n}", change=change) for n in (1, 2)]
    if "properties" in schema:
        return {key: full(part, key, change=change) for key, part in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), dict) and kind == "object":
        return {name: full(schema["additionalProperties"], name, change=change)}
    return change(name, simple(schema, name))


def simple(schema: dict[str, Any], name: str) -> Any:
    if "enum" in schema:
        return schema["enum"][-1]
    texts = {
        "date-time": "2026-03-29T01:59:58+01:00",
        "date-span": "08:30",
        "uri": f"https://files.example/{name}?a=1&b=é",
    }
    values: dict[str, Any] = {"integer": 41, "number": 1234.56, "boolean": True}
    return values.get(schema["type"], texts.get(schema.get("format", ""), f"{name} ěšč"))


def answers(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy of answers that keep to the schema, odd ones too: nulls, fields and codes that are new."""
    schema = resolved(schema)
    kind = schema.get("type")
    made: st.SearchStrategy[Any]
    if kind == "array":
        made = st.lists(answers(schema["items"]), max_size=3)
    elif "properties" in schema:
        parts = {key: answers(part) for key, part in schema["properties"].items()}
        made = st.fixed_dictionaries({}, optional=parts | {"somethingNew": st.integers() | st.just({"a": [1]})})
    else:
        made = _simple_answers(schema)
    return st.none() | made if schema.get("nullable") or "properties" not in schema else made


def _simple_answers(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    kind, form = schema.get("type"), schema.get("format", "")
    if "enum" in schema:
        return st.sampled_from([*schema["enum"], "SomethingNew"])
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(-(2**31), 2**31 - 1)
    if kind == "number":
        return st.decimals(-(10**9), 10**9, places=4, allow_nan=False).map(float)
    if form == "date-time":
        moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))
        return moments.map(datetime.isoformat) | moments.map(lambda moment: moment.isoformat() + "Z")
    if form == "date-span":
        return st.times().map(lambda at: at.strftime("%H:%M")) | st.times().map(lambda at: at.strftime("%H:%M:%S"))
    return st.text(st.characters(codec="utf-8"), max_size=20)


def normal(value: Any, schema: dict[str, Any]) -> Any:
    """Return data in the form in which it is compared; ``None`` for what is as good as left out."""
    schema = resolved(schema)
    kind = schema.get("type")
    if value is None:
        return None
    if kind == "array":
        items = [normal(item, schema["items"]) for item in value]
        return [item for item in items if item is not None or "properties" in resolved(schema["items"])] or None
    if "properties" in schema:
        found = {key: normal(value.get(key), part) for key, part in schema["properties"].items()}
        return {key: part for key, part in found.items() if part is not None} or None
    if schema.get("format") == "date-time":
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=PRAGUE)).astimezone(UTC)
    if schema.get("format") == "date-span":
        return time.fromisoformat(value)
    if kind in ("number", "integer") and not isinstance(value, bool):
        return Decimal(str(value)).normalize()
    return value
