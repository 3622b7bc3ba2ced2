"""The rate limit of one set of credentials, across all threads and loops of the process.

The limit is 40 ms between two consecutive requests (source: the vendor's documentation). It is counted from the time
when a request is written. So a permit is acquired with an open connection: its holder writes immediately, and the next
interval starts at that write.
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
"""Seconds for which the interval stays longer after a 429. Each 429 lengthens it by half, at most to four times."""
MAX_PAUSE_SECONDS = 60.0
MAX_HOLD_SECONDS = 2.0
"""Seconds after which an unused permit passes to the next waiter, because the loop of its holder hangs."""
WATCH_SECONDS = 1.0


class _Waiter:
    """A waiter on its own loop."""

    __slots__ = ("due", "future", "loop", "priority", "queued", "taken")

    def __init__(self, priority: Priority, loop: asyncio.AbstractEventLoop) -> None:
        self.priority: Priority = priority
        self.loop: asyncio.AbstractEventLoop = loop
        self.future: asyncio.Future[None] = loop.create_future()
        self.due: float = 0.0
        self.queued: bool = True
        self.taken: bool = False


class PacerBackend(Protocol):
    """The queue of several processes, in which this process has one place. Its methods never block."""

    def request_permit(self, priority: Priority) -> float:
        """Request the permit; return 0 if it was granted, otherwise the seconds until the next request.

        :param priority: Highest class of the waiters in this process.
        """
        ...

    def has_permit(self) -> bool:
        """Return whether this process still has the permit."""
        ...

    def record_write(self) -> None:
        """Record that the first bytes were just sent."""
        ...

    def release(self) -> None:
        """Leave the queue, or release an unused permit."""
        ...

    def throttle(self, slower: float, slowest: float, seconds: float, pause: float) -> None:
        """Reduce the rate of all processes temporarily."""
        ...


class Permit:
    """The right to write one request now."""

    __slots__ = ("_pacer", "_waiter", "waited")

    def __init__(self, pace: Pacer, turn: _Waiter, waited: float) -> None:
        self._pacer = pace
        self._waiter = turn
        self.waited: float = waited
        """Seconds that the caller waited for the permit."""

    @property
    def is_valid(self) -> bool:
        """Whether the permit still belongs to the caller. One that is not used for long passes to the next waiter."""
        pace = self._pacer
        return pace._holder is self._waiter and (pace._backend is None or pace._backend.has_permit())

    def record_write(self) -> None:
        """Record that the first bytes were just sent. The next interval starts now."""
        self._pacer._end(self._waiter, written=True)

    def release(self) -> None:
        """Release an unused permit. Has no effect after :meth:`record_write`."""
        self._pacer._end(self._waiter, written=False)


class Pacer:
    """The queue of all requests of one set of credentials in this process. Safe across threads and loops."""

    def __init__(
        self,
        interval: float = INTERVAL_SECONDS,
        clock: Callable[[], float] = monotonic,
        backend: PacerBackend | None = None,
        *,
        max_hold: float = MAX_HOLD_SECONDS,
        watch_interval: float = WATCH_SECONDS,
    ) -> None:
        """Create a queue whose first permit is free immediately.

        :param interval: Seconds between two writes. Default: 0.041.
        :param clock: Function that returns monotonic seconds.
        :param backend: Queue of all processes that share the limit, or ``None`` if there is only this process.
        :param max_hold: Seconds after which an unused permit passes to the next waiter. Default: 2.
        :param watch_interval: Seconds between two checks of the holder by a waiter. Default: 1.
        """
        self._max_hold = max_hold
        self._watch_interval = watch_interval
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
        """Current number of seconds between two writes."""
        if self._clock() >= self._slow_until:
            self._factor = 1.0
        return self._interval * self._factor

    async def acquire(self, priority: Priority) -> Permit:
        """Wait for the permit to write. A cancelled wait passes it on.

        :param priority: Priority class of the request.
        :return: The permit; the caller must call :meth:`Permit.record_write` or :meth:`Permit.release`.
        """
        loop = asyncio.get_running_loop()
        began = self._clock()
        while True:
            turn = _Waiter(priority, loop)
            with self._lock:
                # Fast path for the usual case: the permit is free and the queue is empty.
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
                if self._holder is turn:  # otherwise this loop hung until the permit passed to another waiter
                    turn.taken = True
                    return Permit(self, turn, self._clock() - began)

    async def _wait(self, turn: _Waiter) -> None:
        watch: asyncio.TimerHandle | None = None
        if not turn.future.done():
            watch = turn.loop.call_later(self._watch_interval, self._watch, turn)
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
        """Reduce the rate temporarily, because the server responded with 429.

        :param retry_after: Seconds that the server requested, in which nothing is written, or ``None`` if there was no
            such header.
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
        """Choose the next holder if there is no current one, and wake it on its own loop."""
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
            with self._lock:  # that loop is closed, and its waiter with it
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
        """Grant the permit when it is due. Runs on the waiter's loop."""
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
        """Take the permit from a loop that hangs. Runs on a waiter's loop, periodically while it waits."""
        if turn.future.done():
            return
        turn.loop.call_later(self._watch_interval, self._watch, turn)
        with self._lock:
            holder = self._holder
            if holder is not turn and not turn.queued:  # this loop hung and lost its permit, so it waits again
                turn.queued = True
                self._queue.push(turn.priority, turn)
            if holder is not None and holder is not turn and self._hangs(holder, turn.loop):
                self._holder = None  # its own watch requeues it if its loop resumes
        self._advance()

    def _hangs(self, holder: _Waiter, running: asyncio.AbstractEventLoop) -> bool:
        """Return whether a holder will not use its permit. A holder on a running loop has a timer that will fire."""
        late = self._clock() >= holder.due + self._max_hold
        return late and (holder.loop is not running or holder.taken)
