"""Three classes of requests that share what is scarce by weight, so that none starves."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Generic, TypeVar

__all__ = ["Lane", "LaneQueue"]

T = TypeVar("T")


class Lane(StrEnum):
    """Who waits for a request."""

    PERSON = "person"
    """Somebody looks at a screen."""
    CREATE = "create"
    """Shipments and orders of a job are created, and it is asked how far their import is."""
    BACKGROUND = "background"
    """Labels, and looking for what was lost."""


WEIGHTS = {Lane.PERSON: 6, Lane.CREATE: 3, Lane.BACKGROUND: 2}


class LaneQueue(Generic[T]):
    """A queue of three lines, served by stride: a line of weight 6 gets three times what one of weight 2 gets."""

    __slots__ = ("_lines", "_now", "_pass")

    def __init__(self) -> None:
        self._lines: dict[Lane, deque[T]] = {}  # those that somebody waits in: there are many queues, and few are used
        self._pass: dict[Lane, float] = {}
        self._now = 0.0

    def push(self, lane: Lane, item: T) -> None:
        """Put an item at the end of its line."""
        line = self._lines.get(lane)
        if line is None:  # a line that was empty has not saved up turns
            line = self._lines[lane] = deque()
            self._pass[lane] = max(self._pass.get(lane, 0.0), self._now)
        line.append(item)

    def pop(self) -> T | None:
        """Take the item whose turn it is; ``None`` when all lines are empty."""
        if not self._lines:
            return None
        lane = min((lane for lane in WEIGHTS if lane in self._lines), key=self._pass.__getitem__)
        self._now = self._pass[lane]
        self._pass[lane] += 1 / WEIGHTS[lane]
        line = self._lines[lane]
        item = line.popleft()
        if not line:
            del self._lines[lane]
        return item

    def first(self, lane: Lane) -> Lane:
        """Return the first class that somebody is in, a waiter of this class included."""
        return next(one for one in WEIGHTS if one in self._lines or one is lane)

    def remove(self, lane: Lane, item: T) -> bool:
        """Take an item out; return whether it was there."""
        line = self._lines.get(lane)
        if line is None or item not in line:
            return False
        line.remove(item)
        if not line:
            del self._lines[lane]
        return True

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __bool__(self) -> bool:
        return bool(self._lines)
