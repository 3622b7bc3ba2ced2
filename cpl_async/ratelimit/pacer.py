"""Keeps requests of one set of credentials apart, on whatever thread or loop they run.

The limit is 40 ms between two consecutive requests (source: the vendor's documentation). It is counted
from the moment a request is written, so a slot is taken with an open connection in hand: whoever holds
it writes at once, and the next slot is counted from that write.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

from ..system.clock import monotonic
from .priority import Lane, LaneQueue

__all__ = ["INTERVAL", "Line", "Pace", "Slot"]

INTERVAL = 0.041
"""Seconds between two writes: the 40 ms of the limit and a margin for jitter."""
SLOWER = 1.5
SLOWEST = 4.0
SLOW_FOR = 30.0
"""After a 429 the interval grows by half, at most fourfold, and is normal again after so many seconds."""
LONGEST_PAUSE = 60.0
HELD_TOO_LONG = 2.0
"""A slot that was granted and not used for so many seconds belongs to a loop that hangs: it goes to the next."""
WATCH_EVERY = 1.0


class _Turn:
    """One waiter, on its own loop."""

    __slots__ = ("due", "future", "lane", "loop", "queued", "taken")

    def __init__(self, lane: Lane, loop: asyncio.AbstractEventLoop) -> None:
        self.lane: Lane = lane
        self.loop: asyncio.AbstractEventLoop = loop
        self.future: asyncio.Future[None] = loop.create_future()
        self.due: float = 0.0
        self.queued: bool = True
        self.taken: bool = False


class Line(Protocol):
    """The line of several processes, in which this one stands once; its methods never wait."""

    def ask(self, lane: Lane) -> float:
        """Ask for the slot; return 0 when it is ours, else the seconds after which to ask again.

        :param lane: the first class of those that wait in this process.
        """
        ...

    def holds(self) -> bool:
        """Return whether the slot is still ours."""
        ...

    def wrote(self) -> None:
        """Say that the first bytes have just left."""
        ...

    def give_back(self) -> None:
        """Leave the line, or return the slot unused."""
        ...

    def slow_down(self, slower: float, slowest: float, seconds: float, pause: float) -> None:
        """Widen the pace of all processes for a while."""
        ...


class Slot:
    """The right to write one request now."""

    __slots__ = ("_pace", "_turn", "waited")

    def __init__(self, pace: Pace, turn: _Turn, waited: float) -> None:
        self._pace = pace
        self._turn = turn
        self.waited: float = waited
        """Seconds that the slot was waited for."""

    @property
    def valid(self) -> bool:
        """Whether it is still ours; a slot that is not used for long goes to the next."""
        pace = self._pace
        return pace._holder is self._turn and (pace._line is None or pace._line.holds())

    def wrote(self) -> None:
        """Say that the first bytes have just left: the next slot is counted from now."""
        self._pace._end(self._turn, written=True)

    def give_back(self) -> None:
        """Return an unused slot; after :meth:`wrote` it does nothing."""
        self._pace._end(self._turn, written=False)


class Pace:
    """The one line of all requests of one set of credentials in this process; safe among threads and loops."""

    def __init__(
        self, interval: float = INTERVAL, clock: Callable[[], float] = monotonic, line: Line | None = None
    ) -> None:
        """Let the first request go at once.

        :param interval: seconds between two writes.
        :param line: of all processes that share the limit; it says when a slot is free.
        """
        self._line = line
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: LaneQueue[_Turn] = LaneQueue()
        self._holder: _Turn | None = None
        self._free_at = 0.0
        self._factor = 1.0
        self._slow_until = 0.0

    @property
    def interval(self) -> float:
        """Seconds between two writes at the moment."""
        if self._clock() >= self._slow_until:
            self._factor = 1.0
        return self._interval * self._factor

    async def acquire(self, lane: Lane) -> Slot:
        """Wait for the right to write; cancelling the wait passes it on.

        :param lane: the class of the request.
        :return: the slot, of which :meth:`Slot.wrote` or :meth:`Slot.give_back` must be called.
        """
        loop = asyncio.get_running_loop()
        began = self._clock()
        while True:
            turn = _Turn(lane, loop)
            with self._lock:
                # nobody waits and the slot is free: the commonest case costs next to nothing
                if self._holder is None and not self._queue and self._free_at <= began and self._ask(lane) == 0.0:
                    self._hold(turn, began)
                    turn.taken = True
                    return Slot(self, turn, 0.0)
                self._queue.push(lane, turn)
            self._advance()
            await self._wait(turn)
            with self._lock:
                if self._holder is turn:  # else this loop hung so long that the slot went to another
                    turn.taken = True
                    return Slot(self, turn, self._clock() - began)

    async def _wait(self, turn: _Turn) -> None:
        watch: asyncio.TimerHandle | None = None
        if not turn.future.done():
            watch = turn.loop.call_later(WATCH_EVERY, self._watch, turn)
        try:
            await turn.future
        except BaseException:
            self._leave(turn)
            raise
        finally:
            if watch is not None:
                watch.cancel()

    def _hold(self, turn: _Turn, now: float) -> None:
        self._holder = turn
        turn.queued = False
        turn.due = max(self._free_at, now)

    def slow_down(self, retry_after: float | None = None) -> None:
        """Widen the pace for a while, since the server said that it was too fast (429).

        :param retry_after: seconds that the server asked for, during which nothing is written.
        """
        with self._lock:
            now = self._clock()
            self._factor = min(SLOWEST, (self._factor if now < self._slow_until else 1.0) * SLOWER)
            self._slow_until = now + SLOW_FOR
            pause = min(retry_after or 0.0, LONGEST_PAUSE)
            self._free_at = max(self._free_at, now + pause) if pause else self._free_at
        if self._line is not None:
            self._line.slow_down(SLOWER, SLOWEST, SLOW_FOR, pause)

    def _ask(self, lane: Lane) -> float:
        return self._line.ask(self._queue.first(lane)) if self._line is not None else 0.0

    def _advance(self) -> None:
        """Choose the next holder, if there is none, and wake it on its own loop."""
        while True:
            with self._lock:
                if self._holder is not None:
                    return
                turn = self._queue.pop()
                if turn is None:
                    return
                self._hold(turn, self._clock())
            if self._wake(turn):
                return
            with self._lock:  # that loop is closed: its waiter is gone
                self._holder = None

    def _wake(self, turn: _Turn) -> bool:
        if turn.loop is asyncio._get_running_loop():
            self._grant(turn)
            return True
        try:
            turn.loop.call_soon_threadsafe(self._grant, turn)
        except RuntimeError:
            return False
        return True

    def _grant(self, turn: _Turn) -> None:
        """Give the slot when it is due; runs on the waiter's loop."""
        with self._lock:
            if self._holder is not turn or turn.future.done():
                return
            now = self._clock()
            delay = max(turn.due, self._free_at) - now
            if delay <= 0 and (delay := self._ask(turn.lane)) > 0:
                turn.due = now + delay
        if delay <= 0:
            turn.future.set_result(None)
        else:
            turn.loop.call_later(delay, self._grant, turn)

    def _end(self, turn: _Turn, *, written: bool) -> None:
        with self._lock:
            if written:
                self._free_at = max(self._free_at, self._clock() + self.interval)
                if self._line is not None:
                    self._line.wrote()
            if self._holder is not turn:
                return
            self._holder = None
            if self._line is not None and not written:
                self._line.give_back()
        self._advance()

    def _leave(self, turn: _Turn) -> None:
        with self._lock:
            waited_only = self._queue.remove(turn.lane, turn)
        if not waited_only:
            self._end(turn, written=False)

    def _watch(self, turn: _Turn) -> None:
        """Take the slot from a loop that hangs; runs on a waiter's loop, and again while it waits."""
        if turn.future.done():
            return
        turn.loop.call_later(WATCH_EVERY, self._watch, turn)
        with self._lock:
            holder = self._holder
            if holder is not turn and not turn.queued:  # this loop hung and lost its slot: it waits again
                turn.queued = True
                self._queue.push(turn.lane, turn)
            if holder is not None and holder is not turn and self._hangs(holder, turn.loop):
                self._holder = None  # its own watch puts it back in the line, if its loop ever runs again
        self._advance()

    def _hangs(self, holder: _Turn, running: asyncio.AbstractEventLoop) -> bool:
        """Return whether a holder will not use its slot; one on a loop that runs has a timer that will fire."""
        late = self._clock() >= holder.due + HELD_TOO_LONG
        return late and (holder.loop is not running or holder.taken)
