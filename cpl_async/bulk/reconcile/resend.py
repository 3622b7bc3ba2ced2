"""The cancellation of rows found without label, which are then resent, and of duplicates, both by a user's decision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from attrs import define, field

from ...messages import Message, message
from ...system.clock import monotonic
from ..client_protocols import ShipmentCalls
from ..journal.cancellation_repository import CancellationRepository
from ..options import JobOptions
from ..records import RowState
from ..shutdown import unless_stopped
from .canceller import CancelResult, ShipmentCanceller

__all__ = ["ResendStep"]

MAX_ROWS = 1_000_000
"""Maximum number of rows that are cancelled and resent together after the first one succeeded."""
PATIENCE = 60.0
"""Seconds after which a parcel whose cancellation is not confirmed is left for the next run."""
CHECK_SECONDS = 0.2
UNDER_WAY = (RowState.PLANNED, RowState.SENDING, RowState.ACCEPTED)


@define(kw_only=True)
class ResendStep:
    """The cancellations in one run of one job."""

    calls: ShipmentCalls
    cancellations: CancellationRepository
    job: int
    options: JobOptions
    has_labels: bool
    """Whether single shipments can be cancelled. An order is cancelled by its reference, which includes its
    duplicate."""
    stop: asyncio.Event
    """Set when nothing more should be cancelled."""
    on_cancelled: Callable[[int], None]
    """Called with the number of rows that are confirmed as cancelled and planned again."""
    on_note: Callable[[str], None]
    _tried: int | None = field(init=False, default=None)
    """The first row that was cancelled and sent again in this run, or ``None`` if there is no such row."""

    async def cancel_unlabelled(self) -> int:
        """Cancel rows that have no label and should be sent again; return how many rows are planned again."""
        withdrawals = self.cancellations
        if self.options.resend_unlabelled and not await self._resend_was_refused():
            await withdrawals.begin(self.job, 1 if self._tried is None else MAX_ROWS)
        of_rows = await withdrawals.under_way(self.job)
        if not of_rows:
            return 0
        self.on_note(f"{len(of_rows)} rows without label are cancelled, to be sent again")
        results = await self._cancel([number for numbers in of_rows.values() for number in numbers])
        gone: list[int] = []
        kept: dict[int, Message] = {}
        waiting: dict[int, Message] = {}
        for row, numbers in of_rows.items():
            parcels = [results[number] for number in numbers]
            reasons = tuple(dict.fromkeys(reason for parcel in parcels for reason in parcel.reasons))
            if all(parcel.cancelled for parcel in parcels):
                gone.append(row)
            elif all(parcel.refused for parcel in parcels):
                kept[row] = message("cancel.refused", reasons=reasons)
            else:
                waiting[row] = message("cancel.to_resend_so_far", reasons=reasons)
        await withdrawals.record_cancelled(self.job, gone)
        await withdrawals.record_kept(self.job, kept)
        await withdrawals.set_message(self.job, waiting)
        self.on_cancelled(len(gone))
        self._tried = self._tried or next(iter(gone), None)
        return len(gone)

    async def _resend_was_refused(self) -> bool:
        """Return whether the first row that was resent was refused: then the others stay as they are.

        It is not documented whether a reference may be used again after its shipment was cancelled.
        """
        if self._tried is None:
            return False
        until = monotonic() + self.options.import_timeout
        while (state := await self.cancellations.state_of(self.job, self._tried)) in UNDER_WAY:
            if self.stop.is_set() or monotonic() > until:
                return True
            await unless_stopped(self.stop, asyncio.sleep(CHECK_SECONDS))
        if state is RowState.REJECTED:
            self.on_note("the first row that was sent again was refused: the others stay shipped without label")
        return state is RowState.REJECTED

    async def cancel_duplicates(self) -> None:
        """Cancel duplicates for which that was requested, in this run or in an earlier one."""
        numbers = await self.cancellations.duplicates(self.job, begin=self.options.cancel_duplicates)
        if not numbers or not self.has_labels:  # an order is cancelled by its reference: both would be
            return
        results = await self._cancel(numbers)
        kept = {number: result.reasons for number, result in results.items() if not result.cancelled}
        await self.cancellations.settle_duplicates(self.job, set(numbers) - set(kept), kept)

    async def _cancel(self, numbers: Sequence[str]) -> dict[str, CancelResult]:
        return await ShipmentCanceller(
            calls=self.calls, patience=min(self.options.settle_time, PATIENCE), stop=self.stop
        ).cancel(numbers)
