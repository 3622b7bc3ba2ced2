"""What the families of calls have in common: a client's transport, and pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import quote

from ..errors import Problem, ValidationError
from ..transport.answers import Answer, Asked, json_of, total_of, unreadable

if TYPE_CHECKING:
    from ..models.pages import Page
    from ..transport.call import Call, CallOptions
    from ..transport.requester import Requester

__all__ = ["FILTER_VALUES", "Opener", "Resource", "chunks", "in_path", "in_range", "many", "moment"]

T = TypeVar("T")
FILTER_VALUES = 50
"""Values that one filter of a list takes (source: the vendor's documentation)."""


class Opener(Protocol):
    """What a family of calls needs of its client."""

    async def transport(self) -> Requester:
        """Return what carries the calls, opening it at first use."""
        ...


class Resource:
    """A family of calls of one client."""

    __slots__ = ("_client",)

    def __init__(self, client: Opener) -> None:
        self._client = client

    async def _send(self, call: Call, options: CallOptions) -> tuple[Answer, Asked]:
        transport = await self._client.transport()
        answer = await transport.send(call, options)
        return answer, transport.asked(call, answer)

    async def _object(self, call: Call, options: CallOptions, kind: type[T]) -> T:
        """Carry a call through and read its answer; an empty one is an object without anything."""
        from ..models.codec import decode

        answer, asked = await self._send(call, options)
        data = json_of(answer, asked)
        if data is not None and not isinstance(data, dict):
            raise unreadable(f"answered {answer.status} with what is no JSON object", answer, asked)
        try:
            return decode(data or {}, kind)
        except Exception as error:
            raise unreadable(
                f"answered {answer.status} with odd values: {type(error).__name__}", answer, asked
            ) from None

    async def _page(self, call: Call, options: CallOptions, kind: type[T], *, offset: int, limit: int) -> Page[T]:
        """Carry a call through and read its answer as a page of a list."""
        from ..models.codec import decode_list
        from ..models.pages import Page

        answer, asked = await self._send(call, options)
        data = json_of(answer, asked)
        if data is not None and not isinstance(data, (dict, list)):
            raise unreadable(f"answered {answer.status} with what is no list", answer, asked)
        return Page(items=decode_list(data, kind), offset=offset, limit=limit, total=total_of(answer))


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
