"""Classes of requests share turns by weight, and none starves."""

from __future__ import annotations

from collections import Counter

from cpl_async.ratelimit.priority import WEIGHTS, Lane, LaneQueue


def test_turns_are_shared_by_weight() -> None:
    queue: LaneQueue[Lane] = LaneQueue()
    for lane in Lane:
        for _ in range(300):
            queue.push(lane, lane)
    shares = Counter(queue.pop() for _ in range(11 * 20))
    assert shares == {lane: weight * 20 for lane, weight in WEIGHTS.items()}


def test_a_line_that_was_empty_has_not_saved_up_turns() -> None:
    queue: LaneQueue[Lane] = LaneQueue()
    for _ in range(600):
        queue.push(Lane.PERSON, Lane.PERSON)
    for _ in range(500):
        queue.pop()
    for _ in range(100):
        queue.push(Lane.BACKGROUND, Lane.BACKGROUND)
    first = Counter(queue.pop() for _ in range(8))
    assert first[Lane.PERSON] >= 5


def test_order_is_kept_within_a_line_and_items_can_leave() -> None:
    queue: LaneQueue[int] = LaneQueue()
    for number in range(4):
        queue.push(Lane.CREATE, number)
    assert queue.remove(Lane.CREATE, 1)
    assert not queue.remove(Lane.CREATE, 9)
    assert [queue.pop() for _ in range(4)] == [0, 2, 3, None]
    assert len(queue) == 0
