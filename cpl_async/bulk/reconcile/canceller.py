"""The cancellation of parcels: a search confirms each result, also after a lost response."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence

from attrs import define, field, frozen

from ...errors import CplError, Outcome, ValidationError
from ...messages import Message, message, text_of
from ...ratelimit.priority import Priority
from ...system.clock import monotonic
from ...system.error_groups import ungrouped
from ..client_protocols import ShipmentCalls
from ..shutdown import unless_stopped
from .evidence import CANCELLED

__all__ = ["CancelResult", "ShipmentCanceller"]

MAX_CONCURRENT_CANCELLATIONS = 8
MAX_CONCURRENT_SEARCHES = 50
"""Values of a filter in one request (source: the vendor's documentation)."""
MAX_ATTEMPTS = 4
FIRST_PAUSE = 0.5
MAX_INTERVAL_SECONDS = 15.0


@frozen(kw_only=True)
class CancelResult:
    """The result of the cancellation of one parcel."""

    number: str
    cancelled: bool
    """Whether a search confirmed the cancellation."""
    refused: str = ""
    """The carrier's reason if it no longer cancels the parcel; empty if there is no refusal."""
    unknown: str = ""
    """Why it is not known whether the parcel is cancelled; empty if it is known."""
    reasons: tuple[Message, ...] = ()
    """The same as data."""


@define(kw_only=True)
class ShipmentCanceller:
    """Cancels any number of parcels."""

    calls: ShipmentCalls
    patience: float
    """Seconds after which a parcel whose cancellation is not confirmed is left undecided."""
    stop: asyncio.Event = field(factory=asyncio.Event)
    """Set when no more parcels should be cancelled."""

    async def cancel(self, numbers: Sequence[str]) -> dict[str, CancelResult]:
        """Cancel parcels, confirm each cancellation and return the result of each.

        Cancelling is idempotent: a parcel that is cancelled already counts as cancelled.
        """
        left = list(dict.fromkeys(numbers))
        results: dict[str, CancelResult] = {}
        waiting = iter(left)
        words: dict[str, tuple[Message, ...]] = {}

        async def some() -> None:
            for number in waiting:
                if self.stop.is_set():
                    return
                reason = await self._request_cancellation(number)
                if reason:
                    words[number] = reason
                sent.add(number)

        sent: set[str] = set()
        with ungrouped():
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(MAX_CONCURRENT_CANCELLATIONS, len(left))):
                    tasks.create_task(some())
        seen = await self._see(sent, words)
        for number in left:
            if number in seen:
                results[number] = CancelResult(number=number, cancelled=True)
            elif number not in sent:
                results[number] = _not_cancelled(number, message("cancel.stopped"))
            elif number in words:
                reasons = words[number]
                results[number] = CancelResult(
                    number=number, cancelled=False, refused=text_of(reasons), reasons=reasons
                )
            else:
                results[number] = _not_cancelled(number, message("cancel.not_seen", seconds=f"{self.patience:.0f}"))
        return results

    async def _request_cancellation(self, number: str) -> tuple[Message, ...]:
        """Cancel a parcel, retry until the server responds, and return the reasons of a refusal."""
        pause = FIRST_PAUSE
        for attempt in range(MAX_ATTEMPTS):
            try:
                await self.calls.cancel(number, priority=Priority.BATCH)
            except ValidationError as error:
                return (error.detail, *(problem.detail for problem in error.problems))
            except CplError as error:
                if attempt == MAX_ATTEMPTS - 1 or (error.outcome is Outcome.REJECTED and error.status != 429):
                    return (error.detail,) if error.outcome is not Outcome.UNKNOWN else ()
                await asyncio.sleep(pause)  # cancelling again is safe: it is done or it is refused
                pause = min(pause * 2, MAX_INTERVAL_SECONDS)
            else:
                return ()
        return ()

    async def _see(self, numbers: Iterable[str], refused: Collection[str]) -> set[str]:
        """Return which parcels a search shows as cancelled; those that were refused may have been cancelled before."""
        open_ones = set(numbers)
        seen: set[str] = set()
        until = monotonic() + self.patience
        pause = FIRST_PAUSE
        while open_ones:
            for number in await self._cancelled_among(sorted(open_ones)):
                seen.add(number)
                open_ones.discard(number)
            if open_ones <= set(refused) or monotonic() + pause > until:
                break
            if await unless_stopped(self.stop, _slept(pause)) is None:
                break
            pause = min(pause * 1.5, MAX_INTERVAL_SECONDS)
        return seen

    async def _cancelled_among(self, numbers: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(numbers), MAX_CONCURRENT_SEARCHES):
            chunk = numbers[start : start + MAX_CONCURRENT_SEARCHES]
            try:
                page = await self.calls.list(shipment_numbers=chunk, limit=1000, priority=Priority.BACKGROUND)
            except CplError:
                continue  # repeated with the next search
            found |= {item.shipment_number or "" for item in page.items if item.phase in CANCELLED}
        return found & set(numbers)


def _not_cancelled(number: str, reason: Message) -> CancelResult:
    return CancelResult(number=number, cancelled=False, unknown=str(reason), reasons=(reason,))


async def _slept(seconds: float) -> bool:
    await asyncio.sleep(seconds)
    return True
