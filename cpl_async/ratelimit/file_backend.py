"""The rate limit of all processes of one host that use the same credentials, kept in a locked file.

A process has one place in the queue, however many requests wait inside it. The first process takes the permit when it
is due, writes, and records the time. A process that misses its turn is overtaken a few milliseconds later; one that
dies or hangs with the permit loses it.
"""

from __future__ import annotations

import logging
import os
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from math import isfinite

from attrs import define, field

from ..system.clock import monotonic
from ..system.locked_file import FileBusy, SharedFile
from ..system.process_identity import is_alive
from .priority import Priority

__all__ = ["FilePacerBackend"]

GRACE_SECONDS = 0.004
"""Seconds that each place in the queue waits longer, so that the order of the queue is kept."""
GONE = 0.05
HELD_TOO_LONG = 2.0
"""Seconds after which the permit is taken from a process that hangs or has ended."""
ABSENT = 1.0
"""Seconds after which a place in the queue is lost. Waiting processes check more often."""
LOST = 2.0
"""Seconds after which a busy file is replaced: the process that holds its lock was stopped inside."""
LOCAL_SHARE_SECONDS = 10.0
MAX_AHEAD_SECONDS = 120.0
"""Seconds ahead. A permit that is due later means that the file is damaged."""
NOTE = struct.Struct("<Qd")
"""Note at the beginning of the file: the last writer and its time. The holder of the permit writes it without a
lock."""
HEAD = struct.Struct("<8sdddQQdII")
PLACE = struct.Struct("<QQd")
MAGIC = b"cplpace1"
MAX_WAITING_PROCESSES = 500
"""Maximum number of processes with a place in the queue. All others are behind them."""
logger: logging.Logger = logging.getLogger("cpl_async")


@define
class _PacerState:
    """Content of the file."""

    free_at: float = 0.0
    factor: float = 1.0
    slow_until: float = 0.0
    next_ticket: int = 1
    holder: int = 0
    held_since: float = 0.0
    holder_process: int = 0
    line: dict[int, list[float]] = field(factory=dict)
    """Waiting processes: ticket, and time of the last check."""
    writer: int = 0
    wrote_at: float = 0.0

    @classmethod
    def of(cls, content: bytes, otherwise: float = 0.0) -> _PacerState:
        """Parse the content. An unreadable file is an empty queue whose permit is free at the time ``otherwise``."""
        try:
            writer, wrote_at = NOTE.unpack_from(content)
            if not isfinite(wrote_at):
                writer, wrote_at = 0, 0.0
            head = HEAD.unpack_from(content, NOTE.size)
            magic, free_at, factor, slow_until, ticket, holder, since, process, count = head
            if magic != MAGIC or not all(map(isfinite, (free_at, factor, slow_until, since))):
                return cls(otherwise)
            line = {}
            if count:
                begin = NOTE.size + HEAD.size
                places = content[begin : begin + min(count, MAX_WAITING_PROCESSES) * PLACE.size]
                line = {who: [place, seen] for who, place, seen in PLACE.iter_unpack(places)}
        except struct.error:
            return cls(otherwise)
        return cls(free_at, factor, slow_until, ticket, holder, since, process, line, writer, wrote_at)

    @property
    def is_used(self) -> bool:
        """Whether the holder has written since it got the permit."""
        return self.holder == self.writer and self.wrote_at >= self.held_since

    def content(self) -> bytes:
        """Return the content without the note."""
        head = HEAD.pack(
            MAGIC,
            self.free_at,
            self.factor,
            self.slow_until,
            self.next_ticket,
            self.holder,
            self.held_since,
            self.holder_process,
            len(self.line),
        )
        if not self.line:
            return head
        return head + b"".join(PLACE.pack(who, int(place), seen) for who, (place, seen) in self.line.items())


class FilePacerBackend:
    """The place of this process in the queue of its host. Its methods never block."""

    def __init__(
        self,
        file: SharedFile,
        interval: float,
        alone: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Create the place without joining the queue.

        :param interval: Seconds between two writes.
        :param alone: Seconds between two writes of this process while the file is unavailable.
        """
        self._file = file
        self._interval = interval
        self._alone_interval = alone
        self._clock = clock
        self._lock = threading.Lock()
        self._me = int.from_bytes(os.urandom(8), "little") or 1
        self._wrote_at = -MAX_AHEAD_SECONDS
        self._taken_at = -MAX_AHEAD_SECONDS
        self._busy_since: float | None = None
        self._alone_until = 0.0

    def request_permit(self, priority: Priority = Priority.INTERACTIVE) -> float:
        """Request the permit; return 0 if it was granted, otherwise the seconds until the next request.

        :param priority: Ignored: the processes of one host take turns.
        """
        with self._lock:
            now = self._clock()
            if now < self._alone_until:
                return self._alone(now)
            try:
                self._file.enter()
            except FileBusy:
                return self._busy(now)
            except OSError as error:
                self._go_alone(now, str(error))
                return self._alone(now)
            try:
                self._busy_since = None
                state = self._read(now)
                wait = self._stand(state, now)
                self._file.write(state.content(), NOTE.size)
            except OSError as error:
                self._go_alone(now, str(error))
                return self._alone(now)
            finally:
                self._file.leave()
            if wait == 0.0:
                self._taken_at = now
            return wait

    def has_permit(self) -> bool:
        """Return whether this process still has the permit."""
        now = self._clock()
        if now - self._taken_at < GONE or now < self._alone_until:  # too early for another process to have taken it
            return True
        try:
            state = _PacerState.of(self._file.peek())
            return state.holder == self._me and not state.is_used
        except OSError:
            return True

    def record_write(self) -> None:
        """Record that the first bytes were just sent. The interval starts now."""
        with self._lock:
            self._wrote_at = self._clock()
            self._taken_at = -MAX_AHEAD_SECONDS
            if self._wrote_at >= self._alone_until:
                with suppress(OSError):  # the next request for a permit notices it
                    self._file.note(NOTE.pack(self._me, self._wrote_at))

    def release(self) -> None:
        """Leave the queue, or release an unused permit."""
        with self._lock:
            self._taken_at = -MAX_AHEAD_SECONDS
            self._change(self._leave)

    def throttle(self, slower: float, slowest: float, seconds: float, pause: float) -> None:
        """Reduce the rate of all processes temporarily.

        :param slower: Factor by which the interval grows, at least 1.
        :param slowest: Maximum of the accumulated factor.
        :param seconds: Seconds for which the factor applies.
        :param pause: Seconds in which nothing is written; 0 for no pause.
        """

        def change(state: _PacerState) -> None:
            now = self._clock()
            state.factor = min(slowest, (state.factor if now < state.slow_until else 1.0) * slower)
            state.slow_until = now + seconds
            if pause:
                state.free_at = max(state.free_at, now + pause)

        with self._lock:
            self._change(change)

    def _read(self, now: float) -> _PacerState:
        fresh = now + self._interval  # another process may have written just before the file was created or damaged
        state = _PacerState.of(self._file.read(), fresh)
        if (
            state.free_at > now + MAX_AHEAD_SECONDS
            or state.held_since > now + 1
            or state.slow_until > now + MAX_AHEAD_SECONDS
        ):
            state = _PacerState(fresh)
        if state.wrote_at <= now + 1:
            factor = state.factor if state.wrote_at < state.slow_until else 1.0
            state.free_at = max(state.free_at, state.wrote_at + self._interval * factor)
        if state.is_used:
            state.holder = 0
        return state

    def _stand(self, state: _PacerState, now: float) -> float:
        """Take the permit, or a place in the queue."""
        if state.holder == self._me:  # granted but never used
            state.holder = 0
        held_for = now - state.held_since
        if state.holder and (held_for < GONE or (held_for < HELD_TOO_LONG and is_alive(state.holder_process))):
            place = self._place(state, now)
            return min(max(held_for / 2, 0.001), 0.02) + place * self._interval
        ahead = [who for who, (ticket, _) in state.line.items() if ticket < self._ticket(state) and who != self._me]
        due = state.free_at + len(ahead) * GRACE_SECONDS
        if now < due:
            self._place(state, now)
            return due - now
        state.line.pop(self._me, None)
        for who in ahead:  # these have missed their turn, or have ended
            if not 0 <= now - state.line[who][1] <= ABSENT:
                del state.line[who]
        state.holder, state.held_since, state.holder_process = self._me, now, os.getpid()
        return 0.0

    def _ticket(self, state: _PacerState) -> float:
        return state.line[self._me][0] if self._me in state.line else state.next_ticket

    def _place(self, state: _PacerState, now: float) -> int:
        """Join the queue and return the number of processes ahead."""
        if self._me not in state.line and len(state.line) >= MAX_WAITING_PROCESSES:
            return len(state.line)
        ticket = state.line[self._me][0] if self._me in state.line else self._new_ticket(state)
        state.line[self._me] = [ticket, now]
        return sum(other < ticket for other, _ in state.line.values())

    def _new_ticket(self, state: _PacerState) -> int:
        ticket = state.next_ticket
        state.next_ticket = (ticket + 1) % (1 << 63)
        return ticket

    def _leave(self, state: _PacerState) -> None:
        state.line.pop(self._me, None)
        if state.holder == self._me:
            state.holder = 0

    def _change(self, change: Callable[[_PacerState], None]) -> None:
        """Change the file unless its lock stays busy. An unused permit then expires after seconds."""
        now = self._clock()

        def inside() -> None:
            state = self._read(now)
            change(state)
            self._file.write(state.content(), NOTE.size)

        if now >= self._alone_until:
            self._file.attempt(inside)

    def _busy(self, now: float) -> float:
        self._busy_since = self._busy_since or now
        if now - self._busy_since > LOST:
            self._busy_since = None
            logger.warning("a process does not release the file of the rate limit, which is replaced")
            try:
                self._file.replace()
            except OSError as error:
                self._go_alone(now, str(error))
                return self._alone(now)
        return 0.001

    def _go_alone(self, now: float, reason: str) -> None:
        self._alone_until = now + LOCAL_SHARE_SECONDS
        logger.warning(
            "the pace cannot be shared with other processes for %.0f s (%s): this one sends every %.0f ms at most",
            LOCAL_SHARE_SECONDS,
            reason,
            self._alone_interval * 1000,
        )

    def _alone(self, now: float) -> float:
        return max(0.0, self._wrote_at + self._alone_interval - now)
