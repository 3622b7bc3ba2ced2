"""Base class of the resources: requests, decoding of responses, pagination and query parameters."""

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
"""Maximum number of values of one list filter (source: the vendor's documentation)."""
MAX_PAGE_SIZE = 1000
"""Maximum number of items on one page (source: the vendor's schema)."""
REFERENCES = frozenset({"customer_references", "order_references"})
"""Filters whose values are references, which are sent in their normal form."""
MAX_FILTER_BYTES = 5000
"""Maximum URL-encoded size of the values of one filter; servers reject URLs from about 8,000 bytes on."""
DECODE_CHUNK_SIZE = 100
"""Number of items that are decoded before the event loop runs other tasks."""
MAX_OFFSET = 2**31 - 1


class TransportProvider(Protocol):
    """A client that provides the transport of a resource."""

    async def _transport(self) -> Requester:
        """Return the transport; the first call opens it."""
        ...


@frozen
class Listing:
    """An operation that returns a paginated list."""

    operation: str
    path: str
    filters: frozenset[str] = frozenset()
    """Names of all filters."""
    lists: frozenset[str] = frozenset()
    """Names of the filters that take a list of values."""

    @classmethod
    def of(cls, operation: str, path: str, filters: Any) -> Listing:
        """Return a listing with the filters of a typed dict.

        :param operation: Operation of the contract.
        :param path: Path of the URL.
        :param filters: Typed dict whose keys are the filters and the options of every call.
        """
        kinds = {name: str(kind) for name, kind in filters.__annotations__.items() if name not in OPTIONS}
        return cls(operation, path, frozenset(kinds), frozenset(name for name in kinds if "Sequence[" in kinds[name]))


class Resource:
    """A group of API operations of one client."""

    __slots__ = ("_cache", "_client")

    def __init_subclass__(cls) -> None:
        """Remove local variables, which hold personal data, from the tracebacks of all operations."""
        super().__init_subclass__()
        for name, call in list(vars(cls).items()):
            if not name.startswith("_") and iscoroutinefunction(call):
                setattr(cls, name, without_locals(call))

    def __init__(self, client: TransportProvider, cache: PageCache | None = None) -> None:
        self._client = client
        self._cache = cache

    async def _send(self, call: Call, options: Any) -> Response:
        return await (await self._client._transport()).send(call, options)

    async def _object(self, call: Call, options: Any, kind: type[T]) -> T:
        """Send a request and return the response as a model.

        :raises ProtocolError: If the response body is empty, ``null`` or not a valid object.
        """
        from ..models.codec import decode

        answer = await self._send(call, options)
        data = json_of(answer, call)
        if not isinstance(data, dict):
            content = "an empty body" if data is None else "a body that is not a JSON object"
            raise protocol_error(f"answered {answer.status} with {content}", answer, call)
        try:
            return decode(data, kind)
        except Exception as error:
            raise protocol_error(
                f"answered {answer.status} with invalid values: {type(error).__name__}", answer, call
            ) from None

    async def _mapping(self, call: Call, options: Any) -> dict[str, Any]:
        """Send a request and return its undocumented response; a body that is no object is stored under ``answer``."""
        return mapping_of(await self._send(call, options))

    async def _objects(self, call: Call, options: Any, kind: type[T]) -> list[T]:
        """Send a request and return the response as a list: of one item for an object, empty for an empty body."""
        return await _items(await self._send(call, options), call, kind)

    async def _page(
        self, listing: Listing, arguments: Mapping[str, Any], kind: type[T], limit: int, offset: int
    ) -> Page[T]:
        """Return one page of a list from the cache, if there is one, or from the server."""
        _reject_empty_filter(listing, arguments)
        call, options = _page_call(listing, arguments, limit, offset)
        if self._cache is None:
            return await _page_of(await self._send(call, options), call, kind, limit, offset)
        key = (listing.operation, tuple(call.query), str(options.get("language", "")))

        async def fetch() -> tuple[Page[T], Response]:
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
        """Yield the items of all pages for each chunk of the filters.

        The next page is fetched in the background and stays undecoded, so that at most one page of models is in
        memory. Items are removed from the page as they are yielded.
        """
        if _has_empty_filter(listing, arguments):
            return
        for chunk in _filter_chunks(arguments, listing.filters):
            position = PagePosition(listing.operation)
            pending: asyncio.Task[tuple[Response, Call]] | None = None
            try:
                while True:
                    if self._cache is not None:
                        fetched = await self._page(listing, chunk, kind, page, position.offset)
                    else:
                        answer = await (pending or self._fetch(listing, chunk, page, position.offset))
                        pending = None
                        fetched = await _page_of(*answer, kind, page, position.offset)
                        del answer
                    items = fetched.items
                    last = position.advance(fetched)
                    if not last and self._cache is None:
                        pending = asyncio.ensure_future(self._fetch(listing, chunk, page, position.offset))
                    items.reverse()
                    while items:
                        yield items.pop()
                    if last:
                        break
            finally:
                if pending is not None:
                    pending.cancel()
                    await asyncio.wait([pending])

    async def _fetch(
        self, listing: Listing, arguments: Mapping[str, Any], limit: int, offset: int
    ) -> tuple[Response, Call]:
        call, options = _page_call(listing, arguments, limit, offset)
        return await self._send(call, options), call


class PagePosition:
    """Position in a list that is fetched page by page."""

    __slots__ = ("_ends", "_operation", "offset")

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._ends: tuple[Any, Any] | None = None
        self.offset: int = 0
        """Number of items fetched so far."""

    def advance(self, page: Page[Any]) -> bool:
        """Move past a page and return whether it is the last one.

        :raises ProtocolError: If the server returns the same page again, so that the list would never end, or returns
            an empty page although the total is greater.
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
    """Return whether a list filter is empty: it matches nothing, but omitting it would match everything."""
    return any(_is_list(arguments.get(name)) and not arguments[name] for name in listing.lists)


def _reject_empty_filter(listing: Listing, arguments: Mapping[str, Any]) -> None:
    if _has_empty_filter(listing, arguments):
        raise ValidationError("a filter without values would list everything: omit the filter, or skip the call")


def _page_call(listing: Listing, arguments: Mapping[str, Any], limit: int, offset: int) -> tuple[Call, dict[str, Any]]:
    """Return the call for a page, and the options that are not filters."""
    if not arguments.keys() <= (known := listing.filters | OPTIONS):
        raise TypeError(
            f"{listing.operation} got an unexpected argument: {nearest_names(arguments.keys() - known, known)}"
        )
    if missing := [name for name in listing.lists if name in arguments and arguments[name] is None]:
        raise ValidationError(f"{missing[0]} is None, which would list everything: omit the filter to list everything")
    filters = {name: value for name, value in arguments.items() if name in listing.filters}
    options = {name: value for name, value in arguments.items() if name not in listing.filters}
    query = query_params(filters, listing.lists)
    query.append(("Limit", checked_int("limit", limit, 1, MAX_PAGE_SIZE)))
    query.append(("Offset", checked_int("offset", offset, 0, MAX_OFFSET)))
    return Call(operation=listing.operation, method="GET", path=listing.path, query=query), options


async def _items(answer: Response, call: Call, kind: type[T]) -> list[T]:
    """Decode a list in slices, so that the event loop is not blocked."""
    from ..models.codec import decode_list

    data = json_of(answer, call)
    if data is not None and not isinstance(data, (dict, list)):
        raise protocol_error(f"answered {answer.status} with a body that is not a list", answer, call)
    try:
        if not isinstance(data, list) or len(data) <= DECODE_CHUNK_SIZE:
            return decode_list(data or None, kind)
        items: list[T] = []
        for start in range(0, len(data), DECODE_CHUNK_SIZE):
            items += decode_list(data[start : start + DECODE_CHUNK_SIZE], kind)
            await asyncio.sleep(0)
        return items
    except Exception as error:
        raise protocol_error(
            f"answered {answer.status} with invalid values: {type(error).__name__}", answer, call
        ) from None


@without_locals
async def _page_of(answer: Response, call: Call, kind: type[T], limit: int, offset: int) -> Page[T]:
    from ..models.pages import Page

    items = await _items(answer, call, kind)
    return Page(items=items, offset=offset, limit=limit_of(answer) or limit, total=total_of(answer))


def _filter_chunks(arguments: Mapping[str, Any], filters: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the filters in chunks of at most 50 values that fit into a URL.

    :raises ValidationError: If more than one filter has too many values.
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
    name, chunk, length = long[0], list[Any](), 0
    for value in dict.fromkeys(arguments[name]):
        value_length = _encoded_length([value])
        if chunk and (len(chunk) == MAX_FILTER_VALUES or length + value_length > MAX_FILTER_BYTES):
            yield {**arguments, name: chunk}
            chunk, length = [], 0
        chunk.append(value)
        length += value_length
    yield {**arguments, name: chunk}


def _encoded_length(values: Sequence[Any]) -> int:
    """Return the URL-encoded length of values in bytes."""
    return sum(len(quote(str(value))) for value in values)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def query_params(parameters: Mapping[str, Any], lists: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Return query parameters with the API's names. ``None`` is omitted, a list becomes a repeated parameter.

    :param parameters: Values by attribute name.
    :param lists: Names of the parameters that must be lists.
    :raises ValidationError: If a value is invalid, e.g. a list of more than 50 values or a naive datetime.
    """
    query: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if value is None:
            continue
        if (name in lists) is not _is_list(value):
            expected = "a list of values, not one" if name in lists else "one value, not a list"
            raise ValidationError(f"{name} takes {expected}")
        values = value if name in lists else (value,)
        if len(values) > MAX_FILTER_VALUES:
            raise ValidationError(
                f"{name} takes at most {MAX_FILTER_VALUES} values, not {len(values)}: use `iterate`, which splits them"
            )
        if name in REFERENCES:
            values = [normal_reference(item) for item in values]
        wire_name = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
        query.extend((wire_name, _query_text(name, item)) for item in values)
    return query


def _query_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValidationError(f"{name} needs a timezone-aware datetime, e.g. datetime.now(UTC)")
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        raise ValidationError(f"{name} must be a number, not {value}")
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValidationError(f"{name} cannot be {type(value).__name__}")


def path_segment(part: str) -> str:
    """Return a value as an encoded path segment.

    :raises ValidationError: If the value is empty or would change the path.
    """
    if not isinstance(part, str) or not part or part in (".", ".."):
        raise ValidationError(f"an id or number must be a non-empty string, not {part!r}; nothing was sent")
    try:
        return quote(part, safe="")
    except UnicodeEncodeError:
        raise ValidationError(f"{part!r} contains a lone surrogate; nothing was sent") from None


def checked_int(name: str, value: int, minimum: int, maximum: int) -> str:
    """Return an integer as a query value.

    :raises ValidationError: If the value is not an integer or out of range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        problem = Problem(path=name, message=f"is {value!r}, a whole number from {minimum} to {maximum} is allowed")
        raise ValidationError(str(problem))
    return str(value)


def raise_problems(operation: str, problems: Sequence[Problem]) -> None:
    """Raise an error with all problems of a request, if there are any.

    :raises ValidationError: If there is at least one problem.
    """
    if problems:
        noun = "problem" if len(problems) == 1 else "problems"
        failure = Failure(operation=operation, problems=tuple(problems))
        raise ValidationError(f"{len(problems)} {noun} found, nothing was sent", failure=failure)
