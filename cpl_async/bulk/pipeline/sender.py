"""The sending of one batch: it performs what the send cycle decides, and records each step before the next one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from attrs import define, frozen

from ...errors import CplError
from ...messages import message
from ...ratelimit.priority import Priority
from ...system.process_identity import worker_name
from ...transport.write_deadline import WriteDeadline
from ..client_protocols import SendCalls
from ..journal.batch_repository import BatchRepository, RowResult
from ..journal.continuity import JournalGone
from .send_cycle import Decision, NextStep, SendCycle, SendPolicy

__all__ = ["AcceptedBatch", "BatchSender", "SendingHalted", "default_write_deadline"]

T = TypeVar("T")
WRITE_TIMEOUT_SECONDS = 180.0
READY_TIMEOUT_SECONDS = 60.0


def default_write_deadline() -> WriteDeadline:
    """Return the write deadline of an attempt that begins now, if no lease expires before it."""
    return WriteDeadline.after(WRITE_TIMEOUT_SECONDS)


class SendingHalted(Exception):
    """No batch can be sent any more, because of the credentials, the address or the network."""

    def __init__(self, reason: CplError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@frozen(kw_only=True)
class AcceptedBatch:
    """A batch that the server accepted."""

    batch: int
    remote_id: str
    rows: int


@define(kw_only=True)
class BatchSender:
    """Sends the batches of one job."""

    calls: SendCalls
    batches: BatchRepository
    body_tail: bytes
    stop: asyncio.Event
    """Set when nothing more should be sent."""
    on_accepted: Callable[[AcceptedBatch], None]
    on_rejected: Callable[[Sequence[RowResult]], None]
    on_undecided: Callable[[int], None]
    on_note: Callable[[str], None]
    write_deadline: Callable[[], WriteDeadline]
    """Returns the write deadline of an attempt that begins now."""
    policy: SendPolicy
    check_clock: Callable[[], Awaitable[None]]
    """Compares the clocks if the carrier's was not known at the start; raises before anything is sent."""

    async def send(self, batch: int) -> None:
        """Send a batch until the server accepts it, nothing of it is left, or :attr:`stop` is set.

        :raises SendingHalted: No batch can be sent any more; the rows stay planned.
        """
        waiting = [(batch, SendCycle(self.policy))]
        while waiting and not self.stop.is_set():
            number, cycle = waiting[-1]
            decision = await self._attempt(number, cycle)
            if decision is None or decision.step is NextStep.RECONCILE:
                waiting.pop()
            elif decision.step is NextStep.SPLIT:
                second = await self.batches.split(number, decision.second_half)
                waiting[-1:] = (second, SendCycle(self.policy)), (number, SendCycle(self.policy))

    async def _attempt(self, batch: int, cycle: SendCycle) -> Decision | None:
        """Send once, record the response, and return the next step, or ``None`` if nothing is left to send.

        :raises SendingHalted: No batch can be sent any more.
        """
        try:  # the token first, so that an attempt is recorded only when just the request itself is left
            await self.calls.ready(priority=Priority.BATCH, timeout=READY_TIMEOUT_SECONDS, tries=1)
            await self.check_clock()
        except CplError as error:
            return await self._wait(cycle.not_ready(error), error)
        if self.stop.is_set():
            return None
        identifier, write_deadline = str(uuid.uuid4()), self.write_deadline()
        try:
            attempt, conflicts = await self.batches.begin_attempt(
                batch,
                tail=self.body_tail,
                correlation_id=identifier,
                owner=worker_name(),
                write_deadline=write_deadline,
            )
        except JournalGone as error:  # batches that were sent before are still followed to their end and reported
            raise SendingHalted(error) from None
        self.on_rejected(conflicts)
        if attempt is None:
            return None
        try:
            remote_id = await self.calls.send(
                attempt.payload,
                references=[row.reference for row in attempt.rows],
                correlation_id=identifier,
                priority=Priority.BATCH,
                timeout=WRITE_TIMEOUT_SECONDS,
                tries=1,
                write_deadline=write_deadline,
            )
        except CplError as error:
            decision = cycle.failed(attempt.rows, error)
            if decision.step is NextStep.RECONCILE:
                lost = message("unknown.lost", error=error.detail, correlation_id=identifier)
                await _shielded(self.batches.record_unknown(batch, attempt.id, error, lost))
                self.on_undecided(len(attempt.rows))
                return decision
            await _shielded(self.batches.record_rejection(batch, attempt.id, error, decision.rejected))
            self.on_rejected(decision.rejected)
            return await self._wait(decision, error)
        await _shielded(self.batches.record_accepted(batch, attempt.id, remote_id))
        self.on_accepted(AcceptedBatch(batch=batch, remote_id=remote_id, rows=len(attempt.rows)))
        return None

    async def _wait(self, decision: Decision, error: CplError) -> Decision:
        """Wait as decided, or until :attr:`stop` is set.

        :raises SendingHalted: It was decided to send nothing more.
        """
        if decision.step is NextStep.HALT:
            raise SendingHalted(error) from None
        if decision.step is NextStep.WAIT:
            self.on_note(f"{error.message}; trying again in {decision.pause:.0f} s")
            with suppress(TimeoutError):
                async with asyncio.timeout(decision.pause):
                    await self.stop.wait()
        return decision


async def _shielded(work: Awaitable[T]) -> T:
    """Complete the record of a response even if the run is cancelled in the meantime."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
