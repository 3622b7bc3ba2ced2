"""Sends one batch: takes the rows out that the server refuses, and never sends what may have been taken."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, frozen

from ..errors import CplError, Outcome, Problem, ValidationError
from ..transport.lanes import Lane
from .columns import column_of
from .journal.course import BatchRow, Course, RowResult
from .protocol import BatchCalls
from .states import RowState

__all__ = ["Delivered", "Delivery", "NothingMoves", "compose"]

MOST_ROUNDS = 6
"""Refusals of one batch after which it is halved."""
WRITE_TIMEOUT = 180.0
TRIES = 5
FIRST_PAUSE = 2.0


class NothingMoves(Exception):
    """No batch can be sent any more: the credentials, the address or the network are the reason."""

    def __init__(self, reason: CplError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@frozen(kw_only=True)
class Delivered:
    """A batch that the server took."""

    batch: int
    remote_id: str
    rows: int


@define(kw_only=True)
class Delivery:
    """Sends the batches of one job."""

    calls: BatchCalls
    course: Course
    body_tail: bytes
    on_refused: Callable[[Sequence[RowResult]], None]
    on_undecided: Callable[[int], None]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def deliver(self, batch: int) -> list[Delivered]:
        """Send a batch until the server has taken it or nothing of it is left; return what was taken.

        :raises NothingMoves: when no batch can be sent any more; the rows stay planned.
        """
        rounds = failures = 0
        while True:
            rows = await self.course.rows_to_send(batch)
            if not rows:
                return []
            body = compose([row.body for row in rows], self.body_tail)
            identifier = str(uuid.uuid4())
            attempt = await self.course.begin_attempt(
                batch,
                body_hash=hashlib.sha256(body).hexdigest(),
                correlation_id=identifier,
                owner=f"{socket.gethostname()}:{os.getpid()}",
                write_by=time.time() + WRITE_TIMEOUT,
            )
            try:
                remote_id = await self.calls.send(
                    body,
                    references=[row.reference for row in rows],
                    correlation_id=identifier,
                    lane=Lane.CREATE,
                    timeout=WRITE_TIMEOUT,
                )
            except CplError as error:
                if error.outcome is Outcome.UNKNOWN:
                    await self.course.lost(batch, attempt, error, _words_of_loss(error, identifier))
                    self.on_undecided(len(rows))
                    return []
                refused = _refused(rows, error)
                await self.course.not_taken(batch, attempt, error, refused)
                if isinstance(error, ValidationError):
                    self.on_refused(refused)
                    rounds += 1
                    if len(refused) < len(rows) and (rounds >= MOST_ROUNDS or not refused):
                        return await self._in_halves(batch, [row.number for row in rows], refused)
                    continue
                failures += 1
                if failures >= TRIES or not _may_pass(error):
                    raise NothingMoves(error) from None
                await self.sleep(FIRST_PAUSE * 2 ** (failures - 1))
            else:
                await self.course.accepted(batch, attempt, remote_id)
                return [Delivered(batch=batch, remote_id=remote_id, rows=len(rows))]

    async def _in_halves(self, batch: int, numbers: Sequence[int], refused: Sequence[RowResult]) -> list[Delivered]:
        """Send the rest in two halves, so that good rows are not held up by bad ones."""
        gone = {result.row for result in refused}
        left = [number for number in numbers if number not in gone]
        if len(left) < 2:
            return await self.deliver(batch)
        second = await self.course.halve(batch, left[len(left) // 2 :])
        return [*await self.deliver(batch), *await self.deliver(second)]


def compose(bodies: Sequence[bytes], tail: bytes) -> bytes:
    """Return the body of a batch; the same rows give the same bytes."""
    return b'{"shipments":[' + b",".join(bodies) + tail


def _refused(rows: Sequence[BatchRow], error: CplError) -> list[RowResult]:
    """Return the rows that a refusal settles: those it names; all of them when it names none.

    A body that is too large (413) says nothing of its rows while there are several: it is halved.
    """
    if not isinstance(error, ValidationError):
        return []
    named: dict[int, list[str]] = {}
    for problem in error.problems:
        if problem.index is not None and problem.index < len(rows):
            named.setdefault(problem.index, []).append(_in_columns(problem))
    if not named:
        if error.status == 413 and len(rows) > 1:
            return []
        words = "; ".join([error.message, *map(str, error.problems)])
        return [RowResult(row=row.number, line=row.line, state=RowState.REJECTED, message=words) for row in rows]
    return [
        RowResult(row=rows[index].number, line=rows[index].line, state=RowState.REJECTED, message="; ".join(words))
        for index, words in named.items()
    ]


def _in_columns(problem: Problem) -> str:
    _, _, below = problem.path.partition("].")
    column = column_of(below) if below else ""
    return f"{column}: {problem.message}" if column else problem.message


def _may_pass(error: CplError) -> bool:
    """Return whether it is worth waiting: the network may come back, a limit may be free again."""
    return error.outcome is Outcome.NOT_SENT or error.status == 429


def _words_of_loss(error: CplError, identifier: str) -> str:
    return (
        f"it is not known whether this was created: {error.message} [correlation id {identifier}]; "
        "it is not sent again by itself, look it up by its reference"
    )
