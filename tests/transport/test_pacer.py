"""Requests of one set of credentials stay apart, on whatever thread or loop, and no slot is lost."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise

import pytest

from cpl_async.ratelimit.pacer import Pacer, Permit
from cpl_async.ratelimit.priority import Priority

INTERVAL = 0.02


async def write(pace: Pacer, times: list[float], priority: Priority = Priority.INTERACTIVE) -> None:
    slot = await pace.acquire(priority)
    times.append(time.monotonic())
    slot.record_write()


def closest(times: list[float]) -> float:
    return min(second - first for first, second in pairwise(sorted(times)))


async def test_writes_are_apart_by_the_interval() -> None:
    pace, times = Pacer(INTERVAL), list[float]()
    await asyncio.gather(*(write(pace, times) for _ in range(15)))
    assert closest(times) >= INTERVAL


async def test_the_distance_counts_from_the_write_not_from_the_grant() -> None:
    pace, times = Pacer(INTERVAL), list[float]()
    slot = await pace.acquire(Priority.INTERACTIVE)
    waiting = asyncio.create_task(write(pace, times))
    await asyncio.sleep(3 * INTERVAL)
    assert not waiting.done()
    slot.record_write()
    wrote = time.monotonic()
    await waiting
    assert times[0] - wrote >= INTERVAL * 0.95


async def test_a_slot_that_is_given_back_is_not_lost() -> None:
    pace, times = Pacer(10.0), list[float]()
    slot = await pace.acquire(Priority.INTERACTIVE)
    waiting = asyncio.create_task(write(pace, times))
    await asyncio.sleep(0)
    slot.release()
    async with asyncio.timeout(5):
        await waiting


async def test_a_cancelled_wait_passes_its_turn_on() -> None:
    pace, times = Pacer(INTERVAL), list[float]()
    slot = await pace.acquire(Priority.INTERACTIVE)
    cancelled = [asyncio.create_task(pace.acquire(Priority.INTERACTIVE)) for _ in range(3)]
    waiting = asyncio.create_task(write(pace, times))
    await asyncio.sleep(0)
    cancelled[1].cancel()
    slot.record_write()
    cancelled[0].cancel()
    cancelled[2].cancel()
    async with asyncio.timeout(5):
        await waiting
    assert all(
        isinstance(result, asyncio.CancelledError)
        for result in await asyncio.gather(*cancelled, return_exceptions=True)
    )
    await write(pace, times)


async def test_cancelling_at_the_moment_of_the_grant_loses_no_slot() -> None:
    pace, times = Pacer(10.0), list[float]()
    slot = await pace.acquire(Priority.INTERACTIVE)
    granted = asyncio.create_task(pace.acquire(Priority.INTERACTIVE))
    await asyncio.sleep(0)
    slot.release()  # the grant is set, its task has not run yet
    granted.cancel()
    with pytest.raises(asyncio.CancelledError):
        await granted
    async with asyncio.timeout(5):
        await write(pace, times)


def test_threads_with_loops_of_their_own_share_one_line() -> None:
    pace, times = Pacer(INTERVAL), list[float]()

    async def some() -> None:
        await asyncio.gather(*(write(pace, times) for _ in range(5)))

    threads = [threading.Thread(target=asyncio.run, args=(some(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(times) == 20
    assert closest(times) >= INTERVAL * 0.95


def test_a_loop_that_hangs_or_is_closed_holds_nobody_up() -> None:
    pace, times = Pacer(INTERVAL, max_hold=0.05, watch_interval=0.02), list[float]()
    hangs, go_on = threading.Event(), threading.Event()

    async def hang() -> None:
        slot = await pace.acquire(Priority.INTERACTIVE)
        waiting = asyncio.create_task(pace.acquire(Priority.INTERACTIVE))
        await asyncio.sleep(0)
        slot.record_write()  # the turn is now the waiting task's, whose loop stops here
        hangs.set()
        go_on.wait(20)
        waiting.cancel()

    thread = threading.Thread(target=asyncio.run, args=(hang(),))
    thread.start()
    hangs.wait(20)

    async def others() -> None:
        async with asyncio.timeout(10):
            await asyncio.gather(*(write(pace, times) for _ in range(3)))

    asyncio.run(others())
    go_on.set()
    thread.join(20)
    assert len(times) == 3


async def test_after_a_refusal_the_pace_is_wider_for_a_while() -> None:
    now = 100.0
    pace = Pacer(0.04, clock=lambda: now)
    pace.throttle()
    assert pace.interval == pytest.approx(0.06)
    for _ in range(9):
        pace.throttle()
    assert pace.interval == pytest.approx(0.16)
    now += 31
    assert pace.interval == pytest.approx(0.04)


async def test_retry_after_pauses_all() -> None:
    pace, times = Pacer(INTERVAL), list[float]()
    pace.throttle(retry_after=0.2)
    began = time.monotonic()
    await write(pace, times)
    assert times[0] - began >= 0.19


async def test_a_person_goes_before_a_crowd_in_the_background() -> None:
    pace = Pacer(INTERVAL)
    order: list[Priority] = []

    async def take(priority: Priority) -> None:
        slot = await pace.acquire(priority)
        order.append(priority)
        slot.record_write()

    crowd = [asyncio.create_task(take(Priority.BACKGROUND)) for _ in range(20)]
    await asyncio.sleep(0)
    person = asyncio.create_task(take(Priority.INTERACTIVE))
    await person
    assert len(order) <= 3
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


def test_a_stopped_loop_delays_others_only_once() -> None:
    pace, times = Pacer(INTERVAL, max_hold=0.3, watch_interval=0.05), list[float]()
    stopped = asyncio.new_event_loop()

    async def begin() -> Permit:
        slot = await pace.acquire(Priority.INTERACTIVE)
        left.append(asyncio.create_task(pace.acquire(Priority.INTERACTIVE)))
        await asyncio.sleep(0)
        return slot

    left: list[asyncio.Task[Permit]] = []
    slot = stopped.run_until_complete(begin())
    slot.record_write()  # the next turn belongs to a task whose loop does not run

    async def others() -> None:
        await asyncio.gather(*(write(pace, times) for _ in range(6)))

    began = time.monotonic()
    asyncio.run(others())
    assert times[-1] - began < 2 * 0.3 + 8 * INTERVAL + 0.5
    assert closest(times) >= INTERVAL * 0.95

    async def go_on() -> None:  # if that loop runs again, its waiter gets its turn after all
        async with asyncio.timeout(5):
            (await left[0]).record_write()

    try:
        stopped.run_until_complete(go_on())
    finally:
        stopped.close()


async def test_a_slot_that_was_not_used_for_long_is_not_ours_any_more() -> None:
    pace = Pacer(INTERVAL, max_hold=0.05, watch_interval=0.02)
    slot = await pace.acquire(Priority.INTERACTIVE)
    states = [slot.is_valid]
    next_one = await pace.acquire(Priority.INTERACTIVE)
    states += [slot.is_valid, next_one.is_valid]
    slot.release()  # changes nothing
    states.append(next_one.is_valid)
    next_one.record_write()
    states.append(next_one.is_valid)
    assert states == [True, False, True, True, False]
