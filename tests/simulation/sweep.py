"""Many runs at once, on all processors, and what they have found and reached."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TypeVar
from warnings import filterwarnings

from attrs import frozen

from .invariants import COMBINATIONS
from .shop import run_seed

__all__ = ["SEEDS_TO_REACH_ALL", "Verdict", "in_order", "run_seeds", "unreached"]

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
AHEAD = 4
"""Runs that wait for each processor."""
RUNS_PER_PROCESS = 50
"""Runs after which a process is replaced, since a run leaves memory behind."""
SEEDS_TO_REACH_ALL = 500
"""Seeds from which on a sweep proves nothing unless it has reached all dangerous combinations."""

# a host that has crashed returns nothing
filterwarnings("ignore", message="The garbage collector is trying to clean up")


@frozen(kw_only=True)
class Verdict:
    """What one run has shown."""

    seed: int
    broken: str
    """The broken promise; empty if all were kept."""
    reached: Counter[str]
    seconds: float
    """Virtual seconds."""


def _verdict(run: tuple[int, bool]) -> Verdict:
    seed, bounded_preemption = run
    outcome = run_seed(seed, bounded_preemption=bounded_preemption).outcome
    error = outcome.error
    return Verdict(
        seed=seed,
        broken=f"{type(error).__name__}: {str(error)[:200]}" if error is not None else "",
        reached=outcome.reached,
        seconds=outcome.seconds,
    )


def run_seeds(seeds: Iterable[int], *, bounded_preemption: bool) -> Generator[Verdict, None, None]:
    """Run seeds and yield their verdicts in order; closing the iterator ends the runs."""
    runs = [(seed, bounded_preemption) for seed in seeds]
    yield from map(_verdict, runs) if len(runs) == 1 else in_order(_verdict, runs)


def in_order(function: Callable[[ItemT], ResultT], items: Iterable[ItemT]) -> Iterator[ResultT]:
    """Call a function for many items on all processors, and yield the results in the order of the items."""
    rest = iter(items)
    with _processes() as pool:
        waiting: list[Future[ResultT]] = []
        while True:
            wanted = AHEAD * (os.cpu_count() or 1) - len(waiting)
            waiting += [pool.submit(function, item) for item in islice(rest, wanted)]
            if not waiting:
                return
            yield waiting.pop(0).result()


def _end_with_parent() -> None:
    """Let this process end when its parent was killed: it would wait for work for ever."""
    parent = parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


@contextmanager
def _processes() -> Iterator[ProcessPoolExecutor]:
    # `spawn`: a copy of this process would share its random state and its open files
    pool = ProcessPoolExecutor(
        mp_context=get_context("spawn"), max_tasks_per_child=RUNS_PER_PROCESS, initializer=_end_with_parent
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def unreached(reached: Counter[str]) -> list[str]:
    """Return the dangerous combinations that no run has met."""
    names = [" × ".join(combination) for combination in COMBINATIONS]
    return [name for name in names if not reached[name]]
