"""What the families of calls have in common: a client's transport, and pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from ..errors import Problem, ValidationError

if TYPE_CHECKING:
    from ..client import Client

__all__ = ["FILTER_VALUES", "Resource", "chunks", "in_path", "in_range", "many", "moment"]

T = TypeVar("T")
FILTER_VALUES = 50
"""Values that one filter of a list takes (source: the vendor's documentation)."""


class Resource:
    """A family of calls of one client."""

    __slots__ = ("_client",)

    def __init__(self, client: Client) -> None:
        self._client = client


def in_path(part: str) -> str:
    """Return a value as one part of a path.

    :raises ValidationError: when it is empty or would change the path.
    """
    if not part or part in (".", ".."):
        raise ValidationError(f"{part!r} is no id or number")
    return quote(part, safe="")


def in_range(name: str, value: int, least: int, most: int) -> str:
    """Return a whole number for a query.

    :raises ValidationError: when it is out of range.
    """
    if not least <= value <= most:
        problem = Problem(path=name, message=f"is {value}, {least} to {most} is allowed")
        raise ValidationError(str(problem))
    return str(value)


def many(name: str, values: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return the values of a filter as repeated parameters.

    :raises ValidationError: for more than 50 values, or a single text in place of a list.
    """
    if not values:
        return []
    if isinstance(values, str):
        raise ValidationError(f"{name} takes a list of texts, not one text")
    if len(values) > FILTER_VALUES:
        raise ValidationError(
            f"{name} takes at most {FILTER_VALUES} values, not {len(values)}: use `iterate`, which splits them"
        )
    return [(name, value) for value in values]


def moment(name: str, value: datetime | None) -> list[tuple[str, str]]:
    """Return a moment for a query; it must know its offset.

    :raises ValidationError: for a moment without an offset.
    """
    if value is None:
        return []
    if value.tzinfo is None:
        raise ValidationError(f"{name} needs a moment with its offset, e.g. datetime.now(UTC)")
    return [(name, value.isoformat())]


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the values in lists of at most so many."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
