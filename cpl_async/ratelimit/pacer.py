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
from .priority import Priority, PriorityQueue

__all__ = ["INTERVAL_SECONDS", "Pacer", "PacerBackend", "Permit"]

INTERVAL_SECONDS = 0.041
"""Seconds between two writes: the 40 ms of the limit and a margin for jitter."""
THROTTLE_FACTOR = 1.5
MAX_THROTTLE_FACTOR = 4.0
THROTTLE_SECONDS = 30.0
"""After a 429 the interval grows by half, at most fourfold, and is normal again after so many seconds."""
MAX_PAUSE_SECONDS = 60.0
MAX_HOLD_SECONDS = 2.0
"""A slot that was granted and not used for so many seconds belongs to a loop that hangs: it goes to the next."""
WATCH_SECONDS = 1.0


class _Waiter:
    """One waiter, on its own loop."""

    __slots__ = ("due", "future", "loop", "priority", "queued", "taken")

    def __init__(self, priority: Priority, loop: asyncio.AbstractEventLoop) -> None:
        self.priority: Priority = priority
        self.loop: asyncio.AbstractEventLoop = loop
        self.future: asyncio.Future[None] = loop.create_future()
        self.due: float = 0.0
        self.queued: bool = True
        self.taken: bool = False


class PacerBackend(Protocol):
    """The line of several processes, in which this one stands once; its methods never wait."""

    def request_permit(self, priority: Priority) -> float:
        """Ask for the slot; return 0 when it is ours, else the seconds after which to ask again.

        :param priority: the first class of those that wait in this process.
        """
        ...

    def has_permit(self) -> bool:
        """Return whether the slot is still ours."""
        ...

    def record_write(self) -> None:
        """Say that the first bytes have just left."""
        ...

    def release(self) -> None:
        """Leave the line, or return the slot unused."""
        ...

    def throttle(self, slower: float, slowest: float, seconds: float, pause: float) -> None:
        """Widen the pace of all processes for a while."""
        ...


class Permit:
    """The right to write one request now."""

    __slots__ = ("_pacer", "_waiter", "waited")

    def __init__(self, pace: Pacer, turn: _Waiter, waited: float) -> None:
        self._pacer = pace
        self._waiter = turn
        self.waited: float = waited
        """Seconds that the slot was waited for."""

    @property
    def is_valid(self) -> bool:
        """Whether it is still ours; a slot that is not used for long goes to the next."""
        pace = self._pacer
        return pace._holder is self._waiter and (pace._backend is None or pace._backend.has_permit())

    def record_write(self) -> None:
        """Say that the first bytes have just left: the next slot is counted from now."""
        self._pacer._end(self._waiter, written=True)

    def release(self) -> None:
        """Return an unused slot; after :meth:`wrote` it does nothing."""
        self._pacer._end(self._waiter, written=False)


class Pacer:
    """The one line of all requests of one set of credentials in this process; safe among threads and loops."""

    def __init__(
        self,
        interval: float = INTERVAL_SECONDS,
        clock: Callable[[], float] = monotonic,
        backend: PacerBackend | None = None,
    ) -> None:
        """Let the first request go at once.

        :param interval: seconds between two writes.
        :param line: of all processes that share the limit; it says when a slot is free.
        """
        self._backend = backend
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: PriorityQueue[_Waiter] = PriorityQueue()
        self._holder: _Waiter | None = None
        self._next_write_at = 0.0
        self._factor = 1.0
        self._slow_until = 0.0

    @property
    def interval(self) -> float:
        """Seconds between two writes at the moment."""
        if self._clock() >= self._slow_until:
            self._factor = 1.0
        return self._interval * self._factor

    async def acquire(self, priority: Priority) -> Permit:
        """Wait for the right to write; cancelling the wait passes it on.

        :param priority: the class of the request.
        :return: the slot, of which :meth:`Slot.wrote` or :meth:`Slot.give_back` must be called.
        """
        loop = asyncio.get_running_loop()
        began = self._clock()
        while True:
            turn = _Waiter(priority, loop)
            with self._lock:
                # nobody waits and the slot is free: the commonest case costs next to nothing
                if (
                    self._holder is None
                    and not self._queue
                    and self._next_write_at <= began
                    and self._request_permit(priority) == 0.0
                ):
                    self._hold(turn, began)
                    turn.taken = True
                    return Permit(self, turn, 0.0)
                self._queue.push(priority, turn)
            self._advance()
            await self._wait(turn)
            with self._lock:
                if self._holder is turn:  # else this loop hung so long that the slot went to another
                    turn.taken = True
                    return Permit(self, turn, self._clock() - began)

    async def _wait(self, turn: _Waiter) -> None:
        watch: asyncio.TimerHandle | None = None
        if not turn.future.done():
            watch = turn.loop.call_later(WATCH_SECONDS, self._watch, turn)
        try:
            await turn.future
        except BaseException:
            self._leave(turn)
            raise
        finally:
            if watch is not None:
                watch.cancel()

    def _hold(self, turn: _Waiter, now: float) -> None:
        self._holder = turn
        turn.queued = False
        turn.due = max(self._next_write_at, now)

    def throttle(self, retry_after: float | None = None) -> None:
        """Widen the pace for a while, since the server said that it was too fast (429).

        :param retry_after: seconds that the server asked for, during which nothing is written.
        """
        with self._lock:
            now = self._clock()
            self._factor = min(MAX_THROTTLE_FACTOR, (self._factor if now < self._slow_until else 1.0) * THROTTLE_FACTOR)
            self._slow_until = now + THROTTLE_SECONDS
            pause = min(retry_after or 0.0, MAX_PAUSE_SECONDS)
            self._next_write_at = max(self._next_write_at, now + pause) if pause else self._next_write_at
        if self._backend is not None:
            self._backend.throttle(THROTTLE_FACTOR, MAX_THROTTLE_FACTOR, THROTTLE_SECONDS, pause)

    def _request_permit(self, priority: Priority) -> float:
        return self._backend.request_permit(self._queue.first(priority)) if self._backend is not None else 0.0

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

    def _wake(self, turn: _Waiter) -> bool:
        if turn.loop is asyncio._get_running_loop():
            self._grant(turn)
            return True
        try:
            turn.loop.call_soon_threadsafe(self._grant, turn)
        except RuntimeError:
            return False
        return True

    def _grant(self, turn: _Waiter) -> None:
        """Give the slot when it is due; runs on the waiter's loop."""
        with self._lock:
            if self._holder is not turn or turn.future.done():
                return
            now = self._clock()
            delay = max(turn.due, self._next_write_at) - now
            if delay <= 0 and (delay := self._request_permit(turn.priority)) > 0:
                turn.due = now + delay
        if delay <= 0:
            turn.future.set_result(None)
        else:
            turn.loop.call_later(delay, self._grant, turn)

    def _end(self, turn: _Waiter, *, written: bool) -> None:
        with self._lock:
            if written:
                self._next_write_at = max(self._next_write_at, self._clock() + self.interval)
                if self._backend is not None:
                    self._backend.record_write()
            if self._holder is not turn:
                return
            self._holder = None
            if self._backend is not None and not written:
                self._backend.release()
        self._advance()

    def _leave(self, turn: _Waiter) -> None:
        with self._lock:
            waited_only = self._queue.remove(turn.priority, turn)
        if not waited_only:
            self._end(turn, written=False)

    def _watch(self, turn: _Waiter) -> None:
        """Take the slot from a loop that hangs; runs on a waiter's loop, and again while it waits."""
        if turn.future.done():
            return
        turn.loop.call_later(WATCH_SECONDS, self._watch, turn)
        with self._lock:
            holder = self._holder
            if holder is not turn and not turn.queued:  # this loop hung and lost its slot: it waits again
                turn.queued = True
                self._queue.push(turn.priority, turn)
            if holder is not None and holder is not turn and self._hangs(holder, turn.loop):
                self._holder = None  # its own watch puts it back in the line, if its loop ever runs again
        self._advance()

    def _hangs(self, holder: _Waiter, running: asyncio.AbstractEventLoop) -> bool:
        """Return whether a holder will not use its slot; one on a loop that runs has a timer that will fire."""
        late = self._clock() >= holder.due + MAX_HOLD_SECONDS
        return late and (holder.loop is not running or holder.taken)
