"""The sending of one batch: rejected rows are dropped, and a request with an unknown outcome is never repeated."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from attrs import define, frozen

from ...errors import ConfigurationError, CplError, Outcome, Problem, ValidationError
from ...messages import Message, message
from ...ratelimit.priority import Priority
from ...system.process_identity import worker_name
from ...transport.write_deadline import WriteDeadline
from ..client_protocols import SendCalls
from ..journal.batch_repository import Attempt, BatchRepository, BatchRow, RowResult
from ..journal.continuity import JournalGone
from ..parsing.row_parser import column_of
from ..records import RowState

__all__ = ["AcceptedBatch", "BatchSender", "SendingHalted", "default_write_deadline"]

T = TypeVar("T")
MAX_ROUNDS = 6
"""Rejections of one batch after which it is split in half."""
WRITE_TIMEOUT_SECONDS = 180.0
READY_TIMEOUT_SECONDS = 60.0
MAX_ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 30.0
ROW_STATUSES = (400, 409, 422)
"""Statuses that concern the shipments; others concern the address, the credentials or the network."""
TOO_LARGE = 413
PERMANENT_STATUSES = (404, 405, 410, 501)
"""Statuses that show that this is not the API; a retry cannot succeed."""


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
    check_clock: Callable[[], Awaitable[None]]
    """Compares the clocks if the carrier's was not known at the start; raises before anything is sent."""

    async def send(self, batch: int) -> None:
        """Send a batch until the server accepts it, nothing of it is left, or :attr:`stop` is set.

        :raises SendingHalted: No batch can be sent any more; the rows stay planned.
        """
        rounds = failures = 0
        while not self.stop.is_set():
            try:  # the token first, so that an attempt is recorded only when just the request itself is left
                await self.calls.ready(priority=Priority.BATCH, timeout=READY_TIMEOUT_SECONDS, tries=1)
                await self.check_clock()
            except ConfigurationError as error:
                raise SendingHalted(error) from None
            except CplError as error:
                failures += 1
                await self._wait_before_retry(error, failures)
                continue
            if self.stop.is_set():
                return
            identifier, write_deadline = str(uuid.uuid4()), self.write_deadline()
            try:
                attempt, claimed = await self.batches.begin_attempt(
                    batch,
                    tail=self.body_tail,
                    correlation_id=identifier,
                    owner=worker_name(),
                    write_deadline=write_deadline,
                )
            except JournalGone as error:  # batches that were sent before are still followed to their end and reported
                raise SendingHalted(error) from None
            self.on_rejected(claimed)
            if attempt is None:
                return
            failure = await self._send_once(batch, attempt, identifier, write_deadline)
            if failure is None:
                return
            refused = _rejections(attempt.rows, failure)
            await _shielded(self.batches.record_rejection(batch, attempt.id, failure, refused))
            self.on_rejected(refused)
            if failure.status in ROW_STATUSES or (failure.status == TOO_LARGE and len(attempt.rows) > 1):
                rounds += 1
                gone = {result.row for result in refused}
                left = [row.number for row in attempt.rows if row.number not in gone]
                if len(left) > 1 and (rounds >= MAX_ROUNDS or not refused):
                    second = await self.batches.split(batch, left[len(left) // 2 :])
                    await self.send(batch)
                    await self.send(second)
                    return
                continue
            if refused:
                continue
            failures += 1
            await self._wait_before_retry(failure, failures)

    async def _send_once(
        self, batch: int, attempt: Attempt, identifier: str, write_deadline: WriteDeadline
    ) -> CplError | None:
        """Send once and return why the server rejected the batch, or ``None`` if it was accepted or the outcome is
        unknown."""
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
            if error.outcome is not Outcome.UNKNOWN:
                return error
            await _shielded(self.batches.record_unknown(batch, attempt.id, error, _unknown_message(error, identifier)))
            self.on_undecided(len(attempt.rows))
            return None
        await _shielded(self.batches.record_accepted(batch, attempt.id, remote_id))
        self.on_accepted(AcceptedBatch(batch=batch, remote_id=remote_id, rows=len(attempt.rows)))
        return None

    async def _wait_before_retry(self, error: CplError, failures: int) -> None:
        """Wait before the next attempt, or until :attr:`stop` is set.

        :raises SendingHalted: A retry cannot succeed.
        """
        passing = error.outcome is Outcome.NOT_SENT or error.status == 429
        if failures >= MAX_ATTEMPTS or error.status in PERMANENT_STATUSES or not passing:
            raise SendingHalted(error) from None
        seconds = min(error.failure.retry_after or FIRST_PAUSE_SECONDS * 2 ** (failures - 1), MAX_PAUSE_SECONDS)
        self.on_note(f"{error.message}; trying again in {seconds:.0f} s")
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stop.wait()


async def _shielded(work: Awaitable[T]) -> T:
    """Complete the record of a response even if the run is cancelled in the meantime."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _rejections(rows: Sequence[BatchRow], error: CplError) -> list[RowResult]:
    """Return the rows that a rejection settles: those that it names, or all of them if it names none.

    A payload that is too large (413) settles no row of a batch with several rows: the batch is split in half.
    """
    if error.status not in (*ROW_STATUSES, TOO_LARGE) or not isinstance(error, ValidationError):
        return []
    named: dict[int, list[Message]] = {}
    for problem in error.problems:
        if problem.index is not None and problem.index < len(rows):
            named.setdefault(problem.index, []).append(_in_columns(problem))
    if not named:
        if error.status == TOO_LARGE and len(rows) > 1:
            return []
        problems = (error.detail, *(problem.detail.of(problem.path) for problem in error.problems))
        return [RowResult(row=row.number, line=row.line, state=RowState.REJECTED, problems=problems) for row in rows]
    return [
        RowResult(row=rows[index].number, line=rows[index].line, state=RowState.REJECTED, problems=tuple(of_row))
        for index, of_row in named.items()
    ]


def _in_columns(problem: Problem) -> Message:
    _, _, below = problem.path.partition("].")
    return problem.detail.of(column_of(below) if below else "")


def _unknown_message(error: CplError, identifier: str) -> Message:
    return message("unknown.lost", error=error.detail, correlation_id=identifier)
