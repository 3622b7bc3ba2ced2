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
from ..transport.responses import Answer, json_of, limit_of, mapping_of, total_of, unreadable
from .tracebacks import without_locals

if TYPE_CHECKING:
    from ..models.pages import Page
    from ..transport.requester import Requester
    from .page_cache import PageCache

__all__ = [
    "MAX_FILTER_VALUES",
    "MAX_PAGE_SIZE",
    "Listing",
    "PagePosition",
    "Resource",
    "TransportProvider",
    "checked_int",
    "path_segment",
    "query_params",
    "raise_problems",
]

T = TypeVar("T")
MAX_FILTER_VALUES = 50
"""Values that one filter of a list takes (source: the vendor's documentation)."""
MAX_PAGE_SIZE = 1000
"""Items of one page (source: the vendor's schema)."""
REFERENCES = frozenset({"customer_references", "order_references"})
"""Filters whose values are references: they are looked for in the form in which they were sent."""
MAX_FILTER_BYTES = 5000
"""Bytes of one filter's values: servers refuse addresses from some 8,000 on."""
DECODE_CHUNK_SIZE = 100
"""Items that are read before the loop may do something else."""
MAX_OFFSET = 2**31 - 1


class TransportProvider(Protocol):
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

    __slots__ = ("_cache", "_client")

    def __init_subclass__(cls) -> None:
        """Keep people's data out of the tracebacks of all calls of a family."""
        super().__init_subclass__()
        for name, call in list(vars(cls).items()):
            if not name.startswith("_") and iscoroutinefunction(call):
                setattr(cls, name, without_locals(call))

    def __init__(self, client: TransportProvider, cache: PageCache | None = None) -> None:
        self._client = client
        self._cache = cache

    async def _send(self, call: Call, options: Any) -> Answer:
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
            raise unreadable(f"answered {answer.status} with {what}", answer, call)
        try:
            return decode(data, kind)
        except Exception as error:
            raise unreadable(
                f"answered {answer.status} with odd values: {type(error).__name__}", answer, call
            ) from None

    async def _mapping(self, call: Call, options: Any) -> dict[str, Any]:
        """Carry a call through whose answer is not documented: what is no JSON object comes as ``answer``."""
        return mapping_of(await self._send(call, options))

    async def _objects(self, call: Call, options: Any, kind: type[T]) -> list[T]:
        """Carry a call through and read its answer as a list; one object is a list of one, nothing an empty one."""
        return await _items(await self._send(call, options), call, kind)

    async def _page(
        self, listing: Listing, arguments: Mapping[str, Any], kind: type[T], limit: int, offset: int
    ) -> Page[T]:
        """Carry a call through and read its answer as a page of a list, or take it from what is kept."""
        _reject_empty_filter(listing, arguments)
        call, options = _page_call(listing, arguments, limit, offset)
        if self._cache is None:
            return await _page_of(await self._send(call, options), call, kind, limit, offset)
        key = (listing.operation, tuple(call.query), str(options.get("language", "")))

        async def fetch() -> tuple[Page[T], Answer]:
            answer = await self._send(call, options)
            return await _page_of(answer, call, kind, limit, offset), answer

        page, answer = await self._cache.page(key, fetch)
        if (collector := COLLECTOR.get()) is not None:
            collector.last = answer
        cached_page: Page[T] = page
        return cached_page

    async def _iterate(
        self, listing: Listing, arguments: Mapping[str, Any], kind: type[T], page: int
    ) -> AsyncGenerator[T, None]:
        """Go through all pages, of each part of the filters in turn.

        While the caller works on a page, the next one is fetched. It waits as the bytes that came, so that never
        more than one page of models is in memory; items leave it as they are handed out.
        """
        if _has_empty_filter(listing, arguments):
            return
        for part in _filter_chunks(arguments, listing.filters):
            position = PagePosition(listing.operation)
            coming: asyncio.Task[tuple[Answer, Call]] | None = None
            try:
                while True:
                    if self._cache is not None:
                        found = await self._page(listing, part, kind, page, position.offset)
                    else:
                        answer = await (coming or self._fetch(listing, part, page, position.offset))
                        coming = None
                        found = await _page_of(*answer, kind, page, position.offset)
                        del answer
                    items = found.items
                    last = position.advance(found)
                    if not last and self._cache is None:
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
        self, listing: Listing, arguments: Mapping[str, Any], limit: int, offset: int
    ) -> tuple[Answer, Call]:
        call, options = _page_call(listing, arguments, limit, offset)
        return await self._send(call, options), call


class PagePosition:
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


def _has_empty_filter(listing: Listing, arguments: Mapping[str, Any]) -> bool:
    """Return whether a filter has no values: nothing matches it, and sent without values it would match all."""
    return any(_is_list(arguments.get(name)) and not arguments[name] for name in listing.lists)


def _reject_empty_filter(listing: Listing, arguments: Mapping[str, Any]) -> None:
    if _has_empty_filter(listing, arguments):
        raise ValidationError("a filter without values would list everything: leave it out, or do not ask")


def _page_call(listing: Listing, arguments: Mapping[str, Any], limit: int, offset: int) -> tuple[Call, dict[str, Any]]:
    """Return the call for a page, and the options apart from the filters."""
    if not arguments.keys() <= (known := listing.filters | OPTIONS):
        raise TypeError(
            f"{listing.operation} got an unexpected argument: {nearest_names(arguments.keys() - known, known)}"
        )
    if missing := [name for name in listing.lists if name in arguments and arguments[name] is None]:
        raise ValidationError(f"{missing[0]} is None, which would list everything: leave it out if that is meant")
    filters = {name: value for name, value in arguments.items() if name in listing.filters}
    options = {name: value for name, value in arguments.items() if name not in listing.filters}
    query = query_params(filters, listing.lists)
    query.append(("Limit", checked_int("limit", limit, 1, MAX_PAGE_SIZE)))
    query.append(("Offset", checked_int("offset", offset, 0, MAX_OFFSET)))
    return Call(operation=listing.operation, method="GET", path=listing.path, query=query), options


async def _items(answer: Answer, call: Call, kind: type[T]) -> list[T]:
    """Read a list, a slice at a time, so that the loop breathes."""
    from ..models.codec import decode_list

    data = json_of(answer, call)
    if data is not None and not isinstance(data, (dict, list)):
        raise unreadable(f"answered {answer.status} with what is no list", answer, call)
    try:
        if not isinstance(data, list) or len(data) <= DECODE_CHUNK_SIZE:
            return decode_list(data or None, kind)
        items: list[T] = []
        for start in range(0, len(data), DECODE_CHUNK_SIZE):
            items += decode_list(data[start : start + DECODE_CHUNK_SIZE], kind)
            await asyncio.sleep(0)
        return items
    except Exception as error:
        raise unreadable(f"answered {answer.status} with odd values: {type(error).__name__}", answer, call) from None


@without_locals
async def _page_of(answer: Answer, call: Call, kind: type[T], limit: int, offset: int) -> Page[T]:
    from ..models.pages import Page

    items = await _items(answer, call, kind)
    return Page(items=items, offset=offset, limit=limit_of(answer) or limit, total=total_of(answer))


def _filter_chunks(arguments: Mapping[str, Any], filters: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the filters in parts of at most 50 values that make no address too long for a server.

    :raises ValidationError: when two filters have more than 50 values.
    """
    lengths = {
        name: _encoded_length(arguments[name]) for name in filters & arguments.keys() if _is_list(arguments[name])
    }
    long = [name for name in lengths if len(arguments[name]) > MAX_FILTER_VALUES or lengths[name] > MAX_FILTER_BYTES]
    if not long:
        yield arguments
        return
    if len(long) > 1:
        names = " and ".join(sorted(long))
        raise ValidationError(f"only one filter may have more than {MAX_FILTER_VALUES} values, not {names}")
    name, part, length = long[0], list[Any](), 0
    for value in dict.fromkeys(arguments[name]):
        more = _encoded_length([value])
        if part and (len(part) == MAX_FILTER_VALUES or length + more > MAX_FILTER_BYTES):
            yield {**arguments, name: part}
            part, length = [], 0
        part.append(value)
        length += more
    yield {**arguments, name: part}


def _encoded_length(values: Sequence[Any]) -> int:
    """Return about how many bytes these values take in an address."""
    return sum(len(quote(str(value))) for value in values)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def query_params(parameters: Mapping[str, Any], lists: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
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
        if len(values) > MAX_FILTER_VALUES:
            raise ValidationError(
                f"{name} takes at most {MAX_FILTER_VALUES} values, not {len(values)}: use `iterate`, which splits them"
            )
        if name in REFERENCES:
            values = [normal_reference(item) for item in values]
        wire = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
        query.extend((wire, _query_text(name, item)) for item in values)
    return query


def _query_text(name: str, value: object) -> str:
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


def path_segment(part: str) -> str:
    """Return a value as one part of a path.

    :raises ValidationError: when it is empty or would change the path.
    """
    if not isinstance(part, str) or not part or part in (".", ".."):
        raise ValidationError(f"an id or number is a text, not {part!r}; nothing was sent")
    try:
        return quote(part, safe="")
    except UnicodeEncodeError:
        raise ValidationError(f"{part!r} holds half a character; nothing was sent") from None


def checked_int(name: str, value: int, least: int, most: int) -> str:
    """Return a whole number for a query.

    :raises ValidationError: when it is out of range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        problem = Problem(path=name, message=f"is {value!r}, a whole number from {least} to {most} is allowed")
        raise ValidationError(str(problem))
    return str(value)


def raise_problems(operation: str, problems: Sequence[Problem]) -> None:
    """Raise when there is anything wrong with what was to be sent.

    :raises ValidationError: names all of it.
    """
    if problems:
        noun = "thing is" if len(problems) == 1 else "things are"
        failure = Failure(operation=operation, problems=tuple(problems))
        raise ValidationError(f"{len(problems)} {noun} wrong, nothing was sent", failure=failure)
