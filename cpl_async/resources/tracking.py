"""Tracking of many shipments: lookup in chunks, and polling for changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from attrs import define, field

from ..errors import ValidationError
from ..ratelimit.priority import Priority
from ..system.clock import monotonic
from ..system.event_loop import running_loop
from .base import MAX_FILTER_VALUES, MAX_PAGE_SIZE, PagePosition

if TYPE_CHECKING:
    from ..models.pages import Page
    from ..models.shipments import StateChange, TrackedShipment, Tracking, TrackingEvent

__all__ = ["DEFAULT_EVERY_SECONDS", "DEFAULT_SLOWEST_SECONDS", "track_shipments", "watch_shipments"]

MAX_CONCURRENT_REQUESTS = 8
"""Enough concurrent requests that the rate limit, not the response time, determines the throughput."""
DEFAULT_EVERY_SECONDS = 60.0
DEFAULT_SLOWEST_SECONDS = 3600.0
BACKOFF_FACTOR = 2.0

Lister = Callable[..., Awaitable["Page[TrackedShipment]"]]


async def track_shipments(
    list_page: Lister, numbers: Iterable[str] | AsyncIterable[str], options: Any
) -> AsyncGenerator[Tracking, None]:
    """Yield the tracking result of each number, with several concurrent requests.

    Results are yielded while further numbers are still awaited.

    :param list_page: Lists one page of shipments.
    :param numbers: Shipment numbers.
    :param options: Options of the calls.
    """
    running_loop()
    chunks = _chunks(numbers)
    source: asyncio.Task[list[str] | None] | None = None
    running: set[asyncio.Task[list[Tracking]]] = set()
    more = True
    failure: BaseException | None = None
    try:
        while more or running:
            if more and source is None and len(running) < MAX_CONCURRENT_REQUESTS:
                source = asyncio.ensure_future(_next_of(chunks))
            waiting: set[asyncio.Task[Any]] = {*running, *([source] if source else [])}
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if source is not None and source in done:
                finished, source = source, None
                failure = finished.exception()
                chunk = None if failure is not None else finished.result()
                more = chunk is not None
                if chunk is not None:
                    running.add(asyncio.ensure_future(_look_up(list_page, chunk, options)))
            for task in done & running:
                running.discard(task)
                for result in task.result():
                    yield result
        if failure is not None:  # all results before the failure have been yielded
            raise failure
    finally:
        unfinished: set[asyncio.Task[Any]] = {*running, *([source] if source else [])}
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)
        await chunks.aclose()


async def _next_of(chunks: AsyncGenerator[list[str], None]) -> list[str] | None:
    return await anext(chunks, None)


async def _look_up(list_page: Lister, numbers: list[str], options: Any) -> list[Tracking]:
    from ..models.shipments import Tracking

    shipments: dict[str, TrackedShipment] = {}
    unique_numbers = list(dict.fromkeys(numbers))
    position = PagePosition("shipments.list")
    while True:
        page = await list_page(
            **{"priority": Priority.BACKGROUND, **options},
            shipment_numbers=unique_numbers,
            limit=MAX_PAGE_SIZE,
            offset=position.offset,
        )
        for shipment in page.items:
            if shipment.shipment_number is not None:
                shipments[shipment.shipment_number] = shipment
        if position.advance(page):
            break
    return [Tracking(number=number, shipment=shipments.get(number)) for number in numbers]


async def _chunks(numbers: Iterable[str] | AsyncIterable[str]) -> AsyncGenerator[list[str], None]:
    """Yield the numbers in their order, in chunks of at most 50 distinct numbers."""
    if isinstance(numbers, (str, bytes)) or not isinstance(numbers, (Iterable, AsyncIterable)):
        raise ValidationError("numbers must be a list of shipment numbers, not a single value")
    chunk: list[str] = []
    distinct: set[str] = set()
    position = -1
    try:
        async for number in _iterate_async(numbers):
            position += 1
            if not isinstance(number, str) or not number:
                raise ValidationError(_number_error(number, position))
            chunk.append(number)
            distinct.add(number)
            if len(distinct) == MAX_FILTER_VALUES or len(chunk) == MAX_PAGE_SIZE:
                yield chunk
                chunk, distinct = [], set()
    except Exception:
        if chunk:  # the numbers before the error are still looked up
            yield chunk
        raise
    if chunk:
        yield chunk


def _number_error(number: object, position: int) -> str:
    if number == "":
        return f"numbers[{position}] is empty"
    hint = ": pass one column of each row" if isinstance(number, (tuple, list, dict)) else ""
    return f"numbers[{position}] is {number!r}, but a shipment number must be a string{hint}"


async def _iterate_async(numbers: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[str]:
    if isinstance(numbers, AsyncIterable):
        async for number in numbers:
            yield number
    else:
        for number in numbers:
            yield number


@define
class _WatchedShipment:
    """Polling state of one watched shipment."""

    pause: float
    due: float
    seen_events: set[tuple[Any, ...]] = field(factory=set)
    phase: str | None = None
    is_known: bool = False


async def watch_shipments(
    list_page: Lister,
    numbers: Iterable[str] | AsyncIterable[str],
    until: Callable[[TrackedShipment], bool | Awaitable[bool]] | None,
    every: float,
    slowest: float,
    options: Any,
    clock: Callable[[], float] = monotonic,
) -> AsyncGenerator[StateChange, None]:
    """Yield each change of state once, until all shipments are finished; see :meth:`Shipments.watch`.

    :param list_page: Lists one page of shipments.
    :param clock: Monotonic clock in seconds.
    """
    running_loop()
    if until is not None and not callable(until):
        raise ValidationError(f"until must be a function that takes a shipment, not {until!r}")
    if every <= 0 or slowest < every:
        raise ValidationError("every must be greater than 0 seconds, and slowest at least every")
    watched = {number: _WatchedShipment(every, clock()) async for chunk in _chunks(numbers) for number in chunk}
    while watched:
        await asyncio.sleep(max(0.0, min(entry.due for entry in watched.values()) - clock()))
        horizon = clock() + every / 2
        due = [number for number, entry in watched.items() if entry.due <= horizon]
        async for result in track_shipments(list_page, due, options):
            entry = watched[result.number]
            change = _change(entry, result)
            entry.pause = every if change else min(entry.pause * BACKOFF_FACTOR, slowest)
            entry.due = clock() + entry.pause
            if result.shipment is not None and await _is_finished(result.shipment, until):
                del watched[result.number]
            if change is not None:
                yield change


async def _is_finished(
    shipment: TrackedShipment, until: Callable[[TrackedShipment], bool | Awaitable[bool]] | None
) -> bool:
    verdict = until(shipment) if until is not None else shipment.is_final
    return bool(await verdict) if isinstance(verdict, Awaitable) else bool(verdict)


def _change(entry: _WatchedShipment, result: Tracking) -> StateChange | None:
    """Return the change since the previous poll and record it, or return ``None`` if there is no change."""
    from ..models.shipments import StateChange

    shipment = result.shipment
    if shipment is None:
        return None
    events = shipment.track_and_trace.events if shipment.track_and_trace else []
    new = [event for event in events if _event_key(event) not in entry.seen_events]
    before, entry.phase = entry.phase, shipment.phase
    first, entry.is_known = not entry.is_known, True
    if not new and not first and before == entry.phase:
        return None
    entry.seen_events.update(_event_key(event) for event in new)
    return StateChange(number=result.number, shipment=shipment, before=before, phase=entry.phase, events=tuple(new))


def _event_key(event: TrackingEvent) -> tuple[Any, ...]:
    return (event.status_id, event.code, event.phase, event.event_date)
