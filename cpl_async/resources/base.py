"""What the families of calls have in common: a client's transport, objects, pages, and how a value is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from datetime import datetime
from inspect import iscoroutinefunction
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote

from attrs import frozen

from .._nearest import nearest_names
from ..errors import Failure, Outcome, Problem, ProtocolError, ValidationError
from ..models.references import normal_reference
from ..transport.call import COLLECTOR, OPTIONS, Call
from ..transport.responses import Response, json_of, limit_of, mapping_of, protocol_error, total_of
from .tracebacks import without_locals

if TYPE_CHECKING:
    from ..models.pages import Page
    from ..transport.requester import Requester
    from .page_cache import Kept

__all__ = [
    "FILTER_VALUES",
    "MOST_ITEMS",
    "Listing",
    "Opener",
    "Position",
    "Resource",
    "in_path",
    "in_range",
    "query_of",
    "refuse",
]

T = TypeVar("T")
FILTER_VALUES = 50
"""Values that one filter of a list takes (source: the vendor's documentation)."""
MOST_ITEMS = 1000
"""Items of one page (source: the vendor's schema)."""
REFERENCES = frozenset({"customer_references", "order_references"})
"""Filters whose values are references: they are looked for in the form in which they were sent."""
LONGEST_QUERY = 5000
"""Bytes of one filter's values: servers refuse addresses from some 8,000 on."""
READ_AT_ONCE = 100
"""Items that are read before the loop may do something else."""
LARGEST_OFFSET = 2**31 - 1


class Opener(Protocol):
    """What a family of calls needs of its client."""

    async def _transport(self) -> Requester:
        """Return what carries the calls, opening it at first use."""
        ...


@frozen
class Listing:
    """An operation that answers a list by pages."""

    operation: str
    path: str
    filters: frozenset[str] = frozenset()
    """Names of its filters."""
    lists: frozenset[str] = frozenset()
    """Of these, the ones that take a list of values."""

    @classmethod
    def of(cls, operation: str, path: str, filters: Any) -> Listing:
        """Return a listing whose filters are the keys that a typed mapping has beyond the options of every call."""
        kinds = {name: str(kind) for name, kind in filters.__annotations__.items() if name not in OPTIONS}
        return cls(operation, path, frozenset(kinds), frozenset(name for name in kinds if "Sequence[" in kinds[name]))


class Resource:
    """A family of calls of one client."""

    __slots__ = ("_client", "_kept")

    def __init_subclass__(cls) -> None:
        """Keep people's data out of the tracebacks of all calls of a family."""
        super().__init_subclass__()
        for name, call in list(vars(cls).items()):
            if not name.startswith("_") and iscoroutinefunction(call):
                setattr(cls, name, without_locals(call))

    def __init__(self, client: Opener, kept: Kept | None = None) -> None:
        self._client = client
        self._kept = kept

    async def _send(self, call: Call, options: Any) -> Response:
        return await (await self._client._transport()).send(call, options)

    async def _object(self, call: Call, options: Any, kind: type[T]) -> T:
        """Carry a call through and read its answer.

        :raises ProtocolError: If it is empty, ``null`` or no object: nothing of it is known.
        """
        from ..models.codec import decode

        answer = await self._send(call, options)
        data = json_of(answer, call)
        if not isinstance(data, dict):
            what = "an empty body" if data is None else "what is no JSON object"
            raise protocol_error(f"answered {answer.status} with {what}", answer, call)
        try:
            return decode(data, kind)
        except Exception as error:
            raise protocol_error(
                f"answered {answer.status} with odd values: {type(error).__name__}", answer, call
            ) from None

    async def _whatever(self, call: Call, options: Any) -> dict[str, Any]:
        """Carry a call through whose answer is not documented: what is no JSON object comes as ``answer``."""
        return mapping_of(await self._send(call, options))

    async def _objects(self, call: Call, options: Any, kind: type[T]) -> list[T]:
        """Carry a call through and read its answer as a list; one object is a list of one, nothing an empty one."""
        return await _items(await self._send(call, options), call, kind)

    async def _page(
        self, listing: Listing, asked: Mapping[str, Any], kind: type[T], limit: int, offset: int
    ) -> Page[T]:
        """Carry a call through and read its answer as a page of a list, or take it from what is kept."""
        _refuse_nothing(listing, asked)
        call, options = _call_for(listing, asked, limit, offset)
        if self._kept is None:
            return await _page_of(await self._send(call, options), call, kind, limit, offset)
        key = (listing.operation, tuple(call.query), str(options.get("language", "")))

        async def fetch() -> tuple[Page[T], Response]:
            answer = await self._send(call, options)
            return await _page_of(answer, call, kind, limit, offset), answer

        page, answer = await self._kept.page(key, fetch)
        if (collector := COLLECTOR.get()) is not None:
            collector.last = answer
        kept: Page[T] = page
        return kept

    async def _iterate(
        self, listing: Listing, asked: Mapping[str, Any], kind: type[T], page: int
    ) -> AsyncGenerator[T, None]:
        """Go through all pages, of each part of the filters in turn.

        While the caller works on a page, the next one is fetched. It waits as the bytes that came, so that never
        more than one page of models is in memory; items leave it as they are handed out.
        """
        if _asks_for_nothing(listing, asked):
            return
        for part in _parts(asked, listing.filters):
            position = Position(listing.operation)
            coming: asyncio.Task[tuple[Response, Call]] | None = None
            try:
                while True:
                    if self._kept is not None:
                        found = await self._page(listing, part, kind, page, position.offset)
                    else:
                        answer = await (coming or self._fetch(listing, part, page, position.offset))
                        coming = None
                        found = await _page_of(*answer, kind, page, position.offset)
                        del answer
                    items = found.items
                    last = position.advance(found)
                    if not last and self._kept is None:
                        coming = asyncio.ensure_future(self._fetch(listing, part, page, position.offset))
                    items.reverse()
                    while items:
                        yield items.pop()
                    if last:
                        break
            finally:
                if coming is not None:
                    coming.cancel()
                    await asyncio.wait([coming])

    async def _fetch(
        self, listing: Listing, asked: Mapping[str, Any], limit: int, offset: int
    ) -> tuple[Response, Call]:
        call, options = _call_for(listing, asked, limit, offset)
        return await self._send(call, options), call


class Position:
    """The position in a list that is fetched page by page."""

    __slots__ = ("_ends", "_operation", "offset")

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._ends: tuple[Any, Any] | None = None
        self.offset: int = 0
        """Number of items fetched so far."""

    def advance(self, page: Page[Any]) -> bool:
        """Move past a page and return whether it is the last one.

        :raises ProtocolError: The server returns the same page again, so that the list would never end, or says that
            there are more items and returns none.
        """
        items = page.items
        ends = (items[0], items[-1]) if items else None
        if ends is not None and ends == self._ends:
            raise self._error(f"the server returned the same {len(items)} items again at offset {self.offset}")
        self._ends = ends
        self.offset += len(items)
        if page.total is None:
            return len(items) < page.limit
        if not items and self.offset < page.total:
            raise self._error(f"the list ended after {self.offset} of {page.total} items")
        return self.offset >= page.total

    def _error(self, message: str) -> ProtocolError:
        failure = Failure(operation=self._operation, words=message, outcome=Outcome.REJECTED)
        return ProtocolError(message, failure=failure)


def _asks_for_nothing(listing: Listing, asked: Mapping[str, Any]) -> bool:
    """Return whether a filter has no values: nothing matches it, and sent without values it would match all."""
    return any(_is_list(asked.get(name)) and not asked[name] for name in listing.lists)


def _refuse_nothing(listing: Listing, asked: Mapping[str, Any]) -> None:
    if _asks_for_nothing(listing, asked):
        raise ValidationError("a filter without values would list everything: leave it out, or do not ask")


def _call_for(listing: Listing, asked: Mapping[str, Any], limit: int, offset: int) -> tuple[Call, dict[str, Any]]:
    """Return the call for a page, and the options apart from the filters."""
    if not asked.keys() <= (known := listing.filters | OPTIONS):
        raise TypeError(f"{listing.operation} got an unexpected argument: {nearest_names(asked.keys() - known, known)}")
    if missing := [name for name in listing.lists if name in asked and asked[name] is None]:
        raise ValidationError(f"{missing[0]} is None, which would list everything: leave it out if that is meant")
    filters = {name: value for name, value in asked.items() if name in listing.filters}
    options = {name: value for name, value in asked.items() if name not in listing.filters}
    query = query_of(filters, listing.lists)
    query.append(("Limit", in_range("limit", limit, 1, MOST_ITEMS)))
    query.append(("Offset", in_range("offset", offset, 0, LARGEST_OFFSET)))
    return Call(operation=listing.operation, method="GET", path=listing.path, query=query), options


async def _items(answer: Response, call: Call, kind: type[T]) -> list[T]:
    """Read a list, a slice at a time, so that the loop breathes."""
    from ..models.codec import decode_list

    data = json_of(answer, call)
    if data is not None and not isinstance(data, (dict, list)):
        raise protocol_error(f"answered {answer.status} with what is no list", answer, call)
    try:
        if not isinstance(data, list) or len(data) <= READ_AT_ONCE:
            return decode_list(data or None, kind)
        items: list[T] = []
        for start in range(0, len(data), READ_AT_ONCE):
            items += decode_list(data[start : start + READ_AT_ONCE], kind)
            await asyncio.sleep(0)
        return items
    except Exception as error:
        raise protocol_error(
            f"answered {answer.status} with odd values: {type(error).__name__}", answer, call
        ) from None


@without_locals
async def _page_of(answer: Response, call: Call, kind: type[T], limit: int, offset: int) -> Page[T]:
    from ..models.pages import Page

    items = await _items(answer, call, kind)
    return Page(items=items, offset=offset, limit=limit_of(answer) or limit, total=total_of(answer))


def _parts(asked: Mapping[str, Any], filters: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the filters in parts of at most 50 values that make no address too long for a server.

    :raises ValidationError: when two filters have more than 50 values.
    """
    lengths = {name: _length_of(asked[name]) for name in filters & asked.keys() if _is_list(asked[name])}
    long = [name for name in lengths if len(asked[name]) > FILTER_VALUES or lengths[name] > LONGEST_QUERY]
    if not long:
        yield asked
        return
    if len(long) > 1:
        names = " and ".join(sorted(long))
        raise ValidationError(f"only one filter may have more than {FILTER_VALUES} values, not {names}")
    name, part, length = long[0], list[Any](), 0
    for value in dict.fromkeys(asked[name]):
        more = _length_of([value])
        if part and (len(part) == FILTER_VALUES or length + more > LONGEST_QUERY):
            yield {**asked, name: part}
            part, length = [], 0
        part.append(value)
        length += more
    yield {**asked, name: part}


def _length_of(values: Sequence[Any]) -> int:
    """Return about how many bytes these values take in an address."""
    return sum(len(quote(str(value))) for value in values)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def query_of(parameters: Mapping[str, Any], lists: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Return named values as query parameters in the API's names; ``None`` is left out, a list repeated.

    :param lists: names of those that must be lists.
    :raises ValidationError: for more than 50 values, a text in place of a list, or a moment without its offset.
    """
    query: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if value is None:
            continue
        if (name in lists) is not _is_list(value):
            what = "a list of values, not one" if name in lists else "one value, not a list"
            raise ValidationError(f"{name} takes {what}")
        values = value if name in lists else (value,)
        if len(values) > FILTER_VALUES:
            raise ValidationError(
                f"{name} takes at most {FILTER_VALUES} values, not {len(values)}: use `iterate`, which splits them"
            )
        if name in REFERENCES:
            values = [normal_reference(item) for item in values]
        wire = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
        query.extend((wire, _text_of(name, item)) for item in values)
    return query


def _text_of(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValidationError(f"{name} needs a moment with its offset, e.g. datetime.now(UTC)")
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        raise ValidationError(f"{name} must be a number, not {value}")
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValidationError(f"{name} cannot be {type(value).__name__}")


def in_path(part: str) -> str:
    """Return a value as one part of a path.

    :raises ValidationError: when it is empty or would change the path.
    """
    if not isinstance(part, str) or not part or part in (".", ".."):
        raise ValidationError(f"an id or number is a text, not {part!r}; nothing was sent")
    try:
        return quote(part, safe="")
    except UnicodeEncodeError:
        raise ValidationError(f"{part!r} holds half a character; nothing was sent") from None


def in_range(name: str, value: int, least: int, most: int) -> str:
    """Return a whole number for a query.

    :raises ValidationError: when it is out of range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        problem = Problem(path=name, message=f"is {value!r}, a whole number from {least} to {most} is allowed")
        raise ValidationError(str(problem))
    return str(value)


def refuse(operation: str, problems: Sequence[Problem]) -> None:
    """Raise when there is anything wrong with what was to be sent.

    :raises ValidationError: names all of it.
    """
    if problems:
        noun = "thing is" if len(problems) == 1 else "things are"
        failure = Failure(operation=operation, problems=tuple(problems))
        raise ValidationError(f"{len(problems)} {noun} wrong, nothing was sent", failure=failure)
