"""The line of all processes of all hosts that use the same credentials, kept in Redis.

Who is first gets the slot some milliseconds before it is due, so that the way to Redis costs none of it; it writes when
the slot is due, and says when it wrote. While Redis is away each process writes in a part of the time that is its own.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from ..transport.lanes import Lane
from .link import MICRO, Link, Question, micro
from .scripts import ASK, LEAVE, SLOW, WROTE

__all__ = ["RedisLine"]

LEAD = 0.02
"""Seconds by which a slot is given ahead."""
GRACE = 0.004
"""Seconds that each place in the line waits longer for one who sleeps through its turn."""
VALID = 0.06
"""Seconds after it was due in which a slot may be used; after that it is the next one's."""
ABSENT = 1.0
"""Seconds after which a place in the line is lost: who waits looks more often."""
GUARD = 0.015
"""Seconds in which a process writes in its own part of the time."""
BEGINS = 0.010
"""Seconds of these in which it may begin; what is left is for a thread that is held up just then."""
LOOK_AGAIN = 0.002
LONGEST_LOOK = 0.05


class RedisLine:
    """This process's place in the line; its methods never wait."""

    def __init__(self, link: Link, key: str, interval: float) -> None:
        """Stand in no line yet.

        :param interval: seconds between two writes of all.
        """
        self._link = link
        self._keys = [f"{key}:pace", f"{key}:line", link.members]
        self._interval = interval
        self._lock = threading.Lock()
        self._granted: tuple[float, float] | None = None
        """When the slot that is ours is due, and until when it may be used, by Redis's clock."""
        self._under_way = False
        self._look_at = 0.0
        self._wrote_at = float("-inf")
        """By our own clock."""
        self._unreported = False
        self._slow = (1.0, 0.0)
        """How many times slower, and until when, as this process was told."""
        self._generation = 0

    def ask(self, lane: Lane) -> float:
        """Ask for the slot; return 0 when it is ours, else the seconds after which to ask again."""
        link, now = self._link, time.monotonic()
        with self._lock:
            if self._granted is not None:
                due, last = map(link.ours, self._granted)
                if now < last:
                    return max(0.0, due - now)
                self._granted = None
            if not link.sees():
                link.is_needed()
                return self._alone(now)
            if self._unreported:
                self._report()
            if not self._under_way and now >= self._look_at:
                self._under_way = True
                link.ask(self._question(lane))
            return LOOK_AGAIN if self._under_way else min(max(self._look_at - now, 0.001), LONGEST_LOOK)

    def holds(self) -> bool:
        """Return whether the slot is still ours."""
        now = time.monotonic()
        with self._lock:
            if self._granted is not None:
                return now < self._link.ours(self._granted[1])
            return not self._link.sees() and self._alone(now) == 0.0

    def wrote(self) -> None:
        """Say that the first bytes have just left: the next slot is counted from now."""
        now = time.monotonic()
        with self._lock:
            self._wrote_at, self._granted, self._look_at = now, None, 0.0
            self._unreported = True
            if self._link.sees():
                self._report()

    def _report(self) -> None:
        self._unreported = False
        when = micro(self._link.theirs(self._wrote_at))
        self._link.ask(Question(WROTE, self._keys[:1], [self._link.me, when, micro(self._interval)]))

    def give_back(self) -> None:
        """Leave the line, or return the slot unused."""
        with self._lock:
            self._generation += 1  # what is under way is not for us any more
            self._granted, self._under_way, self._look_at = None, False, 0.0
            if self._link.sees():
                self._link.ask(Question(LEAVE, self._keys[:2], [self._link.me]))

    def slow_down(self, slower: float, slowest: float, seconds: float, pause: float) -> None:
        """Widen the pace of all processes for a while; see :meth:`HostLine.slow_down`."""
        now = time.monotonic()
        with self._lock:
            factor, until = self._slow
            self._slow = min(slowest, (factor if now < until else 1.0) * slower), now + seconds
            if self._link.sees():
                arguments = [slower, slowest, micro(seconds), micro(pause)]
                self._link.ask(Question(SLOW, self._keys[:1], arguments))

    def _question(self, lane: Lane) -> Question:
        link, generation = self._link, self._generation
        arguments: list[Any] = [link.me, lane.value]
        arguments += map(micro, (self._interval, LEAD, GRACE, VALID, ABSENT, self._width, GUARD))
        arguments += [link.places, link.index]

        def on_answer(answer: list[bytes | int]) -> None:
            taken, when = int(answer[0]), int(answer[1]) / MICRO  # who has it hears as well until when
            with self._lock:
                if generation != self._generation:  # it was given back meanwhile, and so is this
                    if taken:
                        link.ask(Question(LEAVE, self._keys[:2], [link.me]))
                    return
                self._under_way = False
                if taken:
                    self._granted = when, int(answer[2]) / MICRO
                else:
                    self._look_at = link.ours(when)

        def on_lost() -> None:
            with self._lock:
                if generation == self._generation:
                    self._under_way = False

        return Question(ASK, self._keys, arguments, on_answer, on_lost)

    # --- without Redis

    @property
    def _width(self) -> float:
        """Seconds of the part of one process: none of its neighbours comes too close, however late it begins."""
        return self._interval + GUARD

    def _alone(self, now: float) -> float:
        """Return the seconds until this process may write on its own account."""
        link = self._link
        if now < link.alone_from:
            return min(link.alone_from - now, 0.2)
        factor, until = self._slow
        cycle = self._width * link.places
        free_at = self._wrote_at + cycle * (factor if now < until else 1.0) - GUARD
        if link.index < 0 or not link.knows_clock:  # no part of the time is ours: the rate is all that can be kept
            return max(0.0, free_at + GUARD - now)
        if now < free_at:
            return free_at - now
        since = (link.theirs(now) - link.index * self._width) % cycle
        return 0.0 if since < BEGINS else cycle - since
