"""Classes of requests share turns by weight, and none starves."""

from __future__ import annotations

from collections import Counter

from cpl_async.ratelimit.priority import WEIGHTS, Priority, PriorityQueue


def test_turns_are_shared_by_weight() -> None:
    queue: PriorityQueue[Priority] = PriorityQueue()
    for priority in Priority:
        for _ in range(300):
            queue.push(priority, priority)
    shares = Counter(queue.pop() for _ in range(11 * 20))
    assert shares == {priority: weight * 20 for priority, weight in WEIGHTS.items()}


def test_a_line_that_was_empty_has_not_saved_up_turns() -> None:
    queue: PriorityQueue[Priority] = PriorityQueue()
    for _ in range(600):
        queue.push(Priority.INTERACTIVE, Priority.INTERACTIVE)
    for _ in range(500):
        queue.pop()
    for _ in range(100):
        queue.push(Priority.BACKGROUND, Priority.BACKGROUND)
    first = Counter(queue.pop() for _ in range(8))
    assert first[Priority.INTERACTIVE] >= 5


def test_order_is_kept_within_a_line_and_items_can_leave() -> None:
    queue: PriorityQueue[int] = PriorityQueue()
    for number in range(4):
        queue.push(Priority.BATCH, number)
    assert queue.remove(Priority.BATCH, 1)
    assert not queue.remove(Priority.BATCH, 9)
    assert [queue.pop() for _ in range(4)] == [0, 2, 3, None]
    assert len(queue) == 0
