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
    """A queue for each priority class, served by stride: weight 6 gets three times as many turns as weight 2."""

    __slots__ = ("_lines", "_now", "_pass")

    def __init__(self) -> None:
        self._lines: dict[Priority, deque[T]] = {}  # only classes with waiters: most queues of a process are empty
        self._pass: dict[Priority, float] = {}
        self._now = 0.0

    def push(self, priority: Priority, item: T) -> None:
        """Append an item to the queue of its class."""
        line = self._lines.get(priority)
        if line is None:  # a queue that was empty has not accumulated turns
            line = self._lines[priority] = deque()
            self._pass[priority] = max(self._pass.get(priority, 0.0), self._now)
        line.append(item)

    def pop(self) -> T | None:
        """Remove and return the next item, or ``None`` if all queues are empty."""
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
        """Return the highest class with a waiter, including a new waiter of this class."""
        return next(one for one in WEIGHTS if one in self._lines or one is priority)

    def remove(self, priority: Priority, item: T) -> bool:
        """Remove an item; return whether it was in the queue."""
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
