"""Looks up many shipments at once, and follows them until nothing more happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from attrs import define, field

from ..errors import ValidationError
from ..ratelimit.priority import Lane
from ..system.clock import monotonic
from ..system.event_loop import running_loop
from .base import MAX_FILTER_VALUES, MAX_PAGE_SIZE, PagePosition

if TYPE_CHECKING:
    from ..models.pages import Page
    from ..models.shipments import StateChange, TrackedShipment, Tracking, TrackingEvent

__all__ = ["DEFAULT_EVERY_SECONDS", "DEFAULT_SLOWEST_SECONDS", "tracking", "watch_shipments"]

MAX_CONCURRENT_REQUESTS = 8
"""Requests under way: enough that the pace, not the server's time to answer, is what counts."""
DEFAULT_EVERY_SECONDS = 60.0
DEFAULT_SLOWEST_SECONDS = 3600.0
BACKOFF_FACTOR = 2.0

Lister = Callable[..., Awaitable["Page[TrackedShipment]"]]


async def tracking(
    look: Lister, numbers: Iterable[str] | AsyncIterable[str], options: Any
) -> AsyncGenerator[Tracking, None]:
    """Yield what is known of each number, chunk by chunk, several requests at once.

    Results are handed out while the numbers to come are still waited for.
    """
    running_loop()
    chunks = _chunks(numbers)
    source: asyncio.Task[list[str] | None] | None = None
    under_way: set[asyncio.Task[list[Tracking]]] = set()
    more = True
    failure: BaseException | None = None
    try:
        while more or under_way:
            if more and source is None and len(under_way) < MAX_CONCURRENT_REQUESTS:
                source = asyncio.ensure_future(_next_of(chunks))
            waiting: set[asyncio.Task[Any]] = {*under_way, *([source] if source else [])}
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if source is not None and source in done:
                given, source = source, None
                failure = given.exception()
                chunk = None if failure is not None else given.result()
                more = chunk is not None
                if chunk is not None:
                    under_way.add(asyncio.ensure_future(_look_up(look, chunk, options)))
            for task in done & under_way:
                under_way.discard(task)
                for result in task.result():
                    yield result
        if failure is not None:  # what came before it has been handed out
            raise failure
    finally:
        left: set[asyncio.Task[Any]] = {*under_way, *([source] if source else [])}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        await chunks.aclose()


async def _next_of(chunks: AsyncGenerator[list[str], None]) -> list[str] | None:
    return await anext(chunks, None)


async def _look_up(look: Lister, numbers: list[str], options: Any) -> list[Tracking]:
    from ..models.shipments import Tracking

    found: dict[str, TrackedShipment] = {}
    wanted = list(dict.fromkeys(numbers))
    position = PagePosition("shipments.list")
    while True:
        page = await look(
            **{"lane": Lane.BACKGROUND, **options}, shipment_numbers=wanted, limit=MAX_PAGE_SIZE, offset=position.offset
        )
        for shipment in page.items:
            if shipment.shipment_number is not None:
                found[shipment.shipment_number] = shipment
        if position.advance(page):
            break
    return [Tracking(number=number, shipment=found.get(number)) for number in numbers]


async def _chunks(numbers: Iterable[str] | AsyncIterable[str]) -> AsyncGenerator[list[str], None]:
    """Yield the numbers as they were given, so that each chunk holds at most 50 different ones."""
    if isinstance(numbers, (str, bytes)) or not isinstance(numbers, (Iterable, AsyncIterable)):
        raise ValidationError("numbers takes a list of shipment numbers, not one")
    chunk: list[str] = []
    different: set[str] = set()
    position = -1
    try:
        async for number in _iterate_async(numbers):
            position += 1
            if not isinstance(number, str) or not number:
                raise ValidationError(_number_error(number, position))
            chunk.append(number)
            different.add(number)
            if len(different) == MAX_FILTER_VALUES or len(chunk) == MAX_PAGE_SIZE:
                yield chunk
                chunk, different = [], set()
    except Exception:
        if chunk:  # what came before is asked for all the same
            yield chunk
        raise
    if chunk:
        yield chunk


def _number_error(number: object, position: int) -> str:
    if number == "":
        return f"numbers[{position}] is empty"
    hint = ": give one column of each row" if isinstance(number, (tuple, list, dict)) else ""
    return f"numbers[{position}] is {number!r}, a shipment number is a text{hint}"


async def _iterate_async(numbers: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[str]:
    if isinstance(numbers, AsyncIterable):
        async for number in numbers:
            yield number
    else:
        for number in numbers:
            yield number


@define
class _WatchedShipment:
    """One shipment that is followed."""

    pause: float
    due: float
    seen: set[tuple[Any, ...]] = field(factory=set)
    phase: str | None = None
    known: bool = False


async def watch_shipments(
    look: Lister,
    numbers: Iterable[str] | AsyncIterable[str],
    until: Callable[[TrackedShipment], bool | Awaitable[bool]] | None,
    every: float,
    slowest: float,
    options: Any,
    clock: Callable[[], float] = monotonic,
) -> AsyncGenerator[StateChange, None]:
    """Yield each change of state once, until each shipment needs no further look."""
    running_loop()
    if until is not None and not callable(until):
        raise ValidationError(f"until is a function that takes a shipment, not {until!r}")
    if every <= 0 or slowest < every:
        raise ValidationError("every must be over 0 seconds, slowest no less than every")
    watched = {number: _WatchedShipment(every, clock()) async for chunk in _chunks(numbers) for number in chunk}
    while watched:
        await asyncio.sleep(max(0.0, min(entry.due for entry in watched.values()) - clock()))
        soon = clock() + every / 2
        due = [number for number, entry in watched.items() if entry.due <= soon]
        async for result in tracking(look, due, options):
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
    said = until(shipment) if until is not None else shipment.is_final
    return bool(await said) if isinstance(said, Awaitable) else bool(said)


def _change(entry: _WatchedShipment, result: Tracking) -> StateChange | None:
    """Return what has changed since the last look, and remember it."""
    from ..models.shipments import StateChange

    shipment = result.shipment
    if shipment is None:
        return None
    events = shipment.track_and_trace.events if shipment.track_and_trace else []
    new = [event for event in events if _event_key(event) not in entry.seen]
    before, entry.phase = entry.phase, shipment.phase
    first, entry.known = not entry.known, True
    if not new and not first and before == entry.phase:
        return None
    entry.seen.update(_event_key(event) for event in new)
    return StateChange(number=result.number, shipment=shipment, before=before, phase=entry.phase, events=tuple(new))


def _event_key(event: TrackingEvent) -> tuple[Any, ...]:
    return (event.status_id, event.code, event.phase, event.event_date)
