"""The rate limit in Redis, shared by all processes of all hosts that use the same credentials.

The first process in the queue gets the permit some milliseconds before it is due, so that the round trip to Redis does
not delay it. The process writes when the permit is due, and reports the time of its write.

Without Redis, two rules hold. A process keeps to its share of the rate: ``interval / share`` seconds between two of its
writes. And the processes of one host keep the full interval between each other, through a file. Requests of different
hosts can still be too close together; the server then refuses one, and it is retried.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

from ..ratelimit.pacer import PacerBackend
from ..ratelimit.priority import Priority
from ..system.clock import monotonic
from .redis_connection import MICRO, RedisConnection, ScriptCall, micro
from .scripts import ASK, LEAVE, SLOW, WROTE

__all__ = ["RedisPacerBackend"]

LEAD = 0.02
"""Seconds by which a permit is granted ahead of its due time."""
GRACE = 0.004
"""Seconds that each place in the queue waits longer, in case the process before it is late."""
VALID = 0.06
"""Seconds after its due time in which a permit may be used. Then it passes to the next process."""
MAX_CLOCK_ERROR = VALID / 2
"""Seconds by which a permit expires earlier here, at most, because Redis's clock is known only approximately."""
ABSENT = 1.0
"""Seconds after which a place in the queue is lost. A waiting process sends requests more often than that."""
JITTER = 0.2
"""Fraction of the wait that is added at random without Redis: two synchronized hosts would collide at every request."""
CHECK_SECONDS = 0.002
MAX_CHECK_SECONDS = 0.05


class RedisPacerBackend:
    """The place of this process in the queue of all hosts. Its methods never block."""

    def __init__(
        self,
        link: RedisConnection,
        key: str,
        interval: float,
        share: float,
        host: Callable[[], PacerBackend | None] = lambda: None,
    ) -> None:
        """Create the place without joining the queue.

        :param link: Connection to Redis.
        :param key: Prefix of the names in Redis.
        :param interval: Seconds between two writes of all processes.
        :param share: Share of the rate that this process may use without Redis, greater than 0, at most 1.
        :param host: Function that returns the queue of this host's processes, or ``None`` if there is no shared folder.
            Called once, when Redis is unavailable for the first time. Default: no such queue.
        """
        self._link = link
        self._keys = [f"{key}:pace", f"{key}:line"]
        self._interval = interval
        self._alone_interval = interval / share
        self._host: PacerBackend | None = None
        self._find_host: Callable[[], PacerBackend | None] | None = host
        self._lock = threading.Lock()
        self._granted: tuple[float, float] | None = None
        """Due time and expiry of the current permit, in monotonic seconds of this host."""
        self._is_alone = False
        """Whether the current permit was taken without Redis."""
        self._under_way = False
        self._look_at = 0.0
        self._wrote_at = float("-inf")
        self._alone_at: float | None = None
        """Time from which this process may write without Redis."""
        self._unreported = False
        self._slow = (1.0, 0.0)
        """Factor of the interval, and its expiry, from 429 responses to this process."""
        self._generation = 0

    def request_permit(self, priority: Priority) -> float:
        """Request the permit; return 0 if it was granted, otherwise the seconds until the next request."""
        link, now = self._link, monotonic()
        with self._lock:
            if self._granted is not None:
                due, last = self._granted
                if now < last:
                    return max(0.0, due - now)
                self._granted = None
            if not link.is_connected():
                link.is_needed()
                return self._ask_alone(priority, now)
            self._leave_host()
            if self._unreported:
                self._report()
            if not self._under_way and now >= self._look_at:
                self._under_way = True
                link.submit(self._question(priority))
            return CHECK_SECONDS if self._under_way else min(max(self._look_at - now, 0.001), MAX_CHECK_SECONDS)

    def has_permit(self) -> bool:
        """Return whether this process still has the permit."""
        with self._lock:
            if self._granted is not None:
                return monotonic() < self._granted[1]
            return self._is_alone and (self._host is None or self._host.has_permit())

    def record_write(self) -> None:
        """Record that the first bytes were just sent. The next interval starts now."""
        now = monotonic()
        with self._lock:
            if self._is_alone and self._host is not None:
                self._host.record_write()
            self._wrote_at, self._granted, self._is_alone, self._look_at = now, None, False, 0.0
            self._alone_at = self._alone_from(now)
            self._unreported = True
            if self._link.is_connected():
                self._report()

    def _report(self) -> None:
        self._unreported = False
        when = micro(self._link.to_redis_time(self._wrote_at))
        self._link.submit(ScriptCall(WROTE, self._keys[:1], [self._link.me, when, micro(self._interval)]))

    def release(self) -> None:
        """Leave the queue, or release an unused permit."""
        with self._lock:
            self._generation += 1  # a response that is still pending is then discarded
            self._granted, self._under_way, self._look_at = None, False, 0.0
            self._leave_host()
            if self._link.is_connected():
                self._link.submit(ScriptCall(LEAVE, self._keys, [self._link.me]))

    def throttle(self, slower: float, slowest: float, seconds: float, pause: float) -> None:
        """Reduce the rate of all processes temporarily; see :meth:`FilePacerBackend.throttle`."""
        now = monotonic()
        with self._lock:
            factor, until = self._slow
            self._slow = min(slowest, (factor if now < until else 1.0) * slower), now + seconds
            self._alone_at = max(self._alone_at or now, now + pause, self._alone_from(self._wrote_at))
            if self._link.is_connected():
                arguments = [slower, slowest, micro(seconds), micro(pause)]
                self._link.submit(ScriptCall(SLOW, self._keys[:1], arguments))
            elif self._host is not None:
                self._host.throttle(slower, slowest, seconds, pause)

    def _question(self, priority: Priority) -> ScriptCall:
        link, generation = self._link, self._generation
        arguments: list[Any] = [link.me, priority.value]
        arguments += map(micro, (self._interval, LEAD, GRACE, VALID, ABSENT))

        def on_answer(answer: list[bytes | int]) -> None:
            taken, when = int(answer[0]), link.to_local_time(int(answer[1]) / MICRO)
            with self._lock:
                if generation != self._generation:  # released in the meantime, together with the permit
                    if taken:
                        link.submit(ScriptCall(LEAVE, self._keys, [link.me]))
                    return
                self._under_way = False
                if taken:
                    self._granted = when, when + VALID - min(link.clock_error(), MAX_CLOCK_ERROR)
                else:
                    self._look_at = when

        def on_lost() -> None:
            with self._lock:
                if generation == self._generation:
                    self._under_way = False

        return ScriptCall(ASK, self._keys, arguments, on_answer, on_lost)

    # --- without Redis

    def _ask_alone(self, priority: Priority, now: float) -> float:
        """Return the seconds until this process may write by its share and by the queue of its host."""
        if self._is_alone and (self._host is None or self._host.has_permit()):
            return 0.0
        if self._find_host is not None:
            self._host, self._find_host = self._find_host(), None
        if self._alone_at is None:  # otherwise processes that start together would all send at once
            self._alone_at = now + self._alone_interval * random.random()
        if now < self._alone_at:
            return self._alone_at - now
        wait = self._host.request_permit(priority) if self._host is not None else 0.0
        self._is_alone = wait == 0.0
        return wait

    def _alone_from(self, wrote_at: float) -> float:
        """Return the time from which this process may write without Redis after a write."""
        factor, until = self._slow
        factor = factor if monotonic() < until else 1.0
        return wrote_at + self._alone_interval * factor * random.uniform(1, 1 + JITTER)

    def _leave_host(self) -> None:
        if self._is_alone and self._host is not None:
            self._host.release()
        self._is_alone = False
