"""Priority classes of requests, which share a resource by weight so that none starves."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Generic, TypeVar

__all__ = ["Priority", "PriorityQueue"]

T = TypeVar("T")


class Priority(StrEnum):
    """Priority class of a request."""

    INTERACTIVE = "interactive"
    """A person waits for the response."""
    BATCH = "batch"
    """A job creates shipments or orders, or polls their import."""
    BACKGROUND = "background"
    """Labels, and searches for lost responses."""


WEIGHTS = {Priority.INTERACTIVE: 6, Priority.BATCH: 3, Priority.BACKGROUND: 2}


class PriorityQueue(Generic[T]):
    """A queue of three lines, served by stride: a line of weight 6 gets three times what one of weight 2 gets."""

    __slots__ = ("_lines", "_now", "_pass")

    def __init__(self) -> None:
        self._lines: dict[Priority, deque[T]] = {}  # only classes with waiters: most queues of a process are empty
        self._pass: dict[Priority, float] = {}
        self._now = 0.0

    def push(self, priority: Priority, item: T) -> None:
        """Put an item at the end of its line."""
        line = self._lines.get(priority)
        if line is None:  # a line that was empty has not saved up turns
            line = self._lines[priority] = deque()
            self._pass[priority] = max(self._pass.get(priority, 0.0), self._now)
        line.append(item)

    def pop(self) -> T | None:
        """Take the item whose turn it is; ``None`` when all lines are empty."""
        if not self._lines:
            return None
        priority = min((priority for priority in WEIGHTS if priority in self._lines), key=self._pass.__getitem__)
        self._now = self._pass[priority]
        self._pass[priority] += 1 / WEIGHTS[priority]
        line = self._lines[priority]
        item = line.popleft()
        if not line:
            del self._lines[priority]
        return item

    def first(self, priority: Priority) -> Priority:
        """Return the first class that somebody is in, a waiter of this class included."""
        return next(one for one in WEIGHTS if one in self._lines or one is priority)

    def remove(self, priority: Priority, item: T) -> bool:
        """Take an item out; return whether it was there."""
        line = self._lines.get(priority)
        if line is None or item not in line:
            return False
        line.remove(item)
        if not line:
            del self._lines[priority]
        return True

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __bool__(self) -> bool:
        return bool(self._lines)
