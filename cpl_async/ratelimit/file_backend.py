"""The line of all processes of one host that use the same credentials, kept in a locked file.

A process stands in the line once, whatever waits inside it. Who is first takes the slot when it is due, writes, and
says when. Who sleeps through its turn is overtaken a few milliseconds later; who dies or hangs with the slot loses it.
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
"""Seconds that each place in the line waits longer, so that the first is first."""
GONE = 0.05
HELD_TOO_LONG = 2.0
"""Seconds after which a slot is taken from a process that is no more, and from one that hangs."""
ABSENT = 1.0
"""Seconds after which a place in the line is lost: who waits looks more often."""
LOST = 2.0
"""Seconds of a busy file after which it is left to the process that does not let go of it: it was stopped inside."""
ALONE_FOR = 10.0
LONGEST_AHEAD = 120.0
"""A slot further ahead than so many seconds is damage."""
NOTE = struct.Struct("<Qd")
"""At the beginning: who wrote a request last, and when. Whoever has the slot writes it, without a lock."""
HEAD = struct.Struct("<8sdddQQdII")
PLACE = struct.Struct("<QQd")
MAGIC = b"cplpace1"
LONGEST_LINE = 500
"""Processes that have a place; the others are behind them all."""
logger: logging.Logger = logging.getLogger("cpl_async")


@define
class _PacerState:
    """What the file holds."""

    free_at: float = 0.0
    factor: float = 1.0
    slow_until: float = 0.0
    next_ticket: int = 1
    holder: int = 0
    held_since: float = 0.0
    holder_process: int = 0
    line: dict[int, list[float]] = field(factory=dict)
    """Who waits: ticket, and when it looked last."""
    writer: int = 0
    wrote_at: float = 0.0

    @classmethod
    def of(cls, content: bytes, otherwise: float = 0.0) -> _PacerState:
        """Read it; what cannot be read is an empty line, whose slot is free at another time."""
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
                places = content[begin : begin + min(count, LONGEST_LINE) * PLACE.size]
                line = {who: [place, seen] for who, place, seen in PLACE.iter_unpack(places)}
        except struct.error:
            return cls(otherwise)
        return cls(free_at, factor, slow_until, ticket, holder, since, process, line, writer, wrote_at)

    @property
    def is_used(self) -> bool:
        """Whether who has the slot has written since it has it."""
        return self.holder == self.writer and self.wrote_at >= self.held_since

    def content(self) -> bytes:
        """Write it, but for the note."""
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
    """This process's place in the line; its methods never wait."""

    def __init__(
        self,
        file: SharedFile,
        interval: float,
        alone: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Stand in no line yet.

        :param interval: seconds between two writes.
        :param alone: seconds between two writes of this process while it cannot see the others.
        """
        self._file = file
        self._interval = interval
        self._alone_interval = alone
        self._clock = clock
        self._lock = threading.Lock()
        self._me = int.from_bytes(os.urandom(8), "little") or 1
        self._wrote_at = -LONGEST_AHEAD
        self._taken_at = -LONGEST_AHEAD
        self._busy_since: float | None = None
        self._alone_until = 0.0

    def request_permit(self, priority: Priority = Priority.INTERACTIVE) -> float:
        """Ask for the slot; return 0 when it is ours, else the seconds after which to ask again.

        :param priority: processes of one host take turns, whatever they send.
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
        """Return whether the slot is still ours."""
        now = self._clock()
        if now - self._taken_at < GONE or now < self._alone_until:  # nobody may have taken it yet
            return True
        try:
            state = _PacerState.of(self._file.peek())
            return state.holder == self._me and not state.is_used
        except OSError:
            return True

    def record_write(self) -> None:
        """Say that the first bytes have just left: the next slot is counted from now."""
        with self._lock:
            self._wrote_at = self._clock()
            self._taken_at = -LONGEST_AHEAD
            if self._wrote_at >= self._alone_until:
                with suppress(OSError):  # the next question will tell
                    self._file.note(NOTE.pack(self._me, self._wrote_at))

    def release(self) -> None:
        """Leave the line, or return the slot unused."""
        with self._lock:
            self._taken_at = -LONGEST_AHEAD
            self._change(self._leave)

    def throttle(self, slower: float, slowest: float, seconds: float, pause: float) -> None:
        """Widen the pace of all processes for a while.

        :param slower: factor by which it grows, up to ``slowest``, for so many ``seconds``.
        :param pause: seconds in which nothing is written.
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
        fresh = now + self._interval  # somebody may have written just before the file was made or damaged
        state = _PacerState.of(self._file.read(), fresh)
        if state.free_at > now + LONGEST_AHEAD or state.held_since > now + 1 or state.slow_until > now + LONGEST_AHEAD:
            state = _PacerState(fresh)
        if state.wrote_at <= now + 1:
            factor = state.factor if state.wrote_at < state.slow_until else 1.0
            state.free_at = max(state.free_at, state.wrote_at + self._interval * factor)
        if state.is_used:
            state.holder = 0
        return state

    def _stand(self, state: _PacerState, now: float) -> float:
        """Take the slot, or a place in the line."""
        if state.holder == self._me:  # given and never used
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
        for who in ahead:  # they sleep through their turn, or are no more
            if not 0 <= now - state.line[who][1] <= ABSENT:
                del state.line[who]
        state.holder, state.held_since, state.holder_process = self._me, now, os.getpid()
        return 0.0

    def _ticket(self, state: _PacerState) -> float:
        return state.line[self._me][0] if self._me in state.line else state.next_ticket

    def _place(self, state: _PacerState, now: float) -> int:
        """Stand in the line and return how many are before."""
        if self._me not in state.line and len(state.line) >= LONGEST_LINE:
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
        """Change the file, if nobody is inside for long; who has the slot and cannot say so loses it soon."""
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
            logger.warning("a process does not let go of the file of the pace, which is begun anew")
            try:
                self._file.replace()
            except OSError as error:
                self._go_alone(now, str(error))
                return self._alone(now)
        return 0.001

    def _go_alone(self, now: float, reason: str) -> None:
        self._alone_until = now + ALONE_FOR
        logger.warning(
            "the pace cannot be shared with other processes for %.0f s (%s): this one sends every %.0f ms at most",
            ALONE_FOR,
            reason,
            self._alone_interval * 1000,
        )

    def _alone(self, now: float) -> float:
        return max(0.0, self._wrote_at + self._alone_interval - now)
