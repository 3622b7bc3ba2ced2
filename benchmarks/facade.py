"""The cost of a synchronous call that crosses to an event loop in another thread, for this library and other bridges.

    python -m benchmarks.facade [--rounds 7] [--calls 3000]

All bridges run the same coroutine: it yields to the loop once and returns its argument. It does nothing else, so only
the crossing is measured. Without that yield it would finish in its first step, which no real call does.

Each bridge on each kind of loop has a fresh process in each round, and the rounds alternate between them. The lower
bound has no bridge: as many coroutines of one loop as the others have threads. One thread is measured again with the
whole process on one core, and with the loop on another core than its caller (except asgiref's, which begins in the
caller's core): without this, the system's choice of cores varies, and waking another core takes longer than the rest.

Then a real call to a sandbox in another process is measured: ``cpl_sync.Client`` against an awaited
``cpl_async.Client``.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from importlib import import_module
from importlib.metadata import version
from itertools import product
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, ParamSpec, TypeVar

import attrs
from anyio.from_thread import start_blocking_portal

import cpl_async
import cpl_sync
from benchmarks.call import NoPace
from benchmarks.peers import is_there
from benchmarks.results import keep
from cpl_async.ratelimit.registry import HostLimits, LimitStore
from cpl_async.sandbox import Sandbox, SandboxSettings
from cpl_sync import portal

P = ParamSpec("P")
T = TypeVar("T")
Call = Callable[[int], object]
Bridge = Callable[[Callable[[int], Coroutine[Any, Any, object]]], Call]
"""Converts a coroutine function to an ordinary function."""

THREADS = (1, 8, 32, 64)
CORES = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
PINNED = ("1 thread, one core", "1 thread, two cores")[: len(CORES)]
COLUMNS = ("1 thread", *(f"{threads} threads" for threads in THREADS[1:]), *PINNED)
ALONE, CROWDED = 0.6, 0.5
"""Goals: the maximum ratio of this library to anyio; the p50 for one thread, the p50 and the p99 from 8 threads on."""
REAL_ROUNDS, REAL_CALLS, PACED_CALLS = 5, 50, 20
"""Rounds in each outer round, and real calls of each client in one of them: without and with the rate limit."""
NAMES = {False: "asyncio", True: "uvloop"}
SPAWN = multiprocessing.get_context("spawn")


async def given(value: int) -> int:
    """Return the argument at the loop's next turn."""
    await asyncio.sleep(0)
    return value


async def name_of_loop(_: int) -> str:
    """Return the kind of the loop that runs this coroutine."""
    kinds = type(asyncio.get_running_loop()).__mro__
    return NAMES[any(kind.__module__.partition(".")[0] == "uvloop" for kind in kinds)]


def make_loop(on_uvloop: bool) -> asyncio.AbstractEventLoop:
    """Return a new loop."""
    loop: asyncio.AbstractEventLoop = import_module("uvloop" if on_uvloop else "asyncio").new_event_loop()
    return loop


def choose_by_policy(on_uvloop: bool) -> None:
    """Make ``asyncio.run`` use the right loop: if a library calls it, there is no other way to choose it."""
    if on_uvloop:
        asyncio.set_event_loop_policy(import_module("uvloop").EventLoopPolicy())


@contextmanager
def with_ours(on_uvloop: bool) -> Iterator[Bridge]:
    """Yield this library's bridge, whose loop starts at the first call."""
    os.environ["CPL_UVLOOP"] = str(int(on_uvloop))
    yield lambda function: partial(portal.call, function)


@contextmanager
def with_threadsafe(on_uvloop: bool) -> Iterator[Bridge]:
    """Yield the standard library's bridge."""
    loop = make_loop(on_uvloop)
    threading.Thread(target=loop.run_forever, daemon=True).start()
    yield lambda function: lambda value: asyncio.run_coroutine_threadsafe(function(value), loop).result()


@contextmanager
def with_anyio(on_uvloop: bool) -> Iterator[Bridge]:
    """Yield anyio's portal."""
    with start_blocking_portal("asyncio", {"use_uvloop": on_uvloop}) as open_portal:
        yield lambda function: partial(open_portal.call, function)


@contextmanager
def with_synchronicity(on_uvloop: bool) -> Iterator[Bridge]:
    """Yield a synchronizer, which has one loop for all wrapped functions."""
    choose_by_policy(on_uvloop)
    yield import_module("synchronicity").Synchronizer().wrap


@contextmanager
def with_asgiref(on_uvloop: bool) -> Iterator[Bridge]:
    """Yield asgiref's function, which creates a thread and a loop for each call from a plain thread."""
    choose_by_policy(on_uvloop)
    yield import_module("asgiref.sync").async_to_sync


@attrs.frozen
class Contender:
    """A way to make the call."""

    name: str
    package: str
    """Required package, whose version is shown."""
    bridge: Callable[[bool], AbstractContextManager[Bridge]] | None
    """Function that opens the bridge on one of the kinds of loop, or ``None`` for the lower bound."""
    slower: int = 1
    """Factor by which it makes fewer calls; otherwise the run would take too long."""

    def __str__(self) -> str:
        return f"{self.name} {version(self.package)}" if self.package not in ("asyncio", "cpl_sync") else self.name


OURS = Contender("ours", "cpl_sync", with_ours)
ANYIO = Contender("anyio", "anyio", with_anyio)
CONTENDERS = (
    Contender("floor: awaited", "asyncio", None),
    OURS,
    ANYIO,
    Contender("run_coroutine_threadsafe", "asyncio", with_threadsafe),
    Contender("synchronicity", "synchronicity", with_synchronicity),
    Contender("asgiref", "asgiref", with_asgiref, slower=10),
)


@attrs.frozen
class Figures:
    """Microseconds of one call, or ratios of them."""

    p50: float
    p99: float

    @classmethod
    def of(cls, times: Sequence[int]) -> Figures:
        """Return the figures of durations in nanoseconds."""
        ordered = sorted(times)
        return cls(median(ordered) / 1e3, ordered[len(ordered) * 99 // 100] / 1e3)

    def __truediv__(self, other: Figures) -> Figures:
        return Figures(self.p50 / other.p50, self.p99 / other.p99)

    def __str__(self) -> str:
        digits = 0 if self.p99 >= 10 else 2
        return f"{self.p50:.{digits}f} / {self.p99:.{digits}f}"


Found = dict[tuple[Contender, bool], list[list[Figures]]]
"""Figures of each contender on each kind of loop: for each round, for each column."""


def in_threads(call: Call, threads: int, each: int) -> list[int]:
    """Return the nanoseconds of each call, with a number of calls in each of several concurrent threads.

    A thread that has finished continues to call until all have, so that the last threads have the same load.
    """
    times: list[int] = []
    begin = threading.Barrier(threads, timeout=60)
    done: list[int] = []

    def work(number: int) -> None:
        mine = []
        try:
            for _ in range(2 + each // 20):
                call(number)
            begin.wait()
            for _ in range(each):
                before = time.perf_counter_ns()
                result = call(number)
                mine.append(time.perf_counter_ns() - before)
                assert result == number
            times.extend(mine)
        finally:
            done.append(number)
        while len(done) < threads:
            call(number)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(times) == threads * each, "a thread failed"
    return times


async def in_one_loop(coroutines: int, each: int) -> list[int]:
    """Return the nanoseconds of each awaited call, with a number of calls in each of several concurrent coroutines."""
    times: list[int] = []

    async def work(number: int) -> None:
        for _ in range(each):
            before = time.perf_counter_ns()
            await given(number)
            times.append(time.perf_counter_ns() - before)

    await asyncio.gather(*(work(number) for number in range(coroutines)))
    return times


def fresh(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a separate process."""
    with ProcessPoolExecutor(1, SPAWN) as pool:
        return pool.submit(function, *args, **kwargs).result()


def cross(contender: Contender, on_uvloop: bool, calls: int) -> list[Figures]:
    """Return a contender's figures for each column."""
    calls //= contender.slower

    def in_all_columns(crowd: Callable[[int, int], list[int]]) -> list[Figures]:
        crowd(1, max(1, calls // 4))  # the system needs some time to assign threads to cores
        figures = [Figures.of(crowd(threads, max(1, calls // threads))) for threads in THREADS]
        for _, callers_core in zip(PINNED, CORES, strict=False):
            keep_to_cores(CORES[0], callers_core)
            figures.append(Figures.of(crowd(1, calls)))
        return figures

    if contender.bridge is None:
        with asyncio.Runner(loop_factory=partial(make_loop, on_uvloop)) as runner:
            return in_all_columns(lambda coroutines, each: runner.run(in_one_loop(coroutines, each)))
    with contender.bridge(on_uvloop) as bridge:
        assert bridge(name_of_loop)(0) == NAMES[on_uvloop]
        return in_all_columns(partial(in_threads, bridge(given)))


def keep_to_cores(core: int, callers_core: int) -> None:
    """Pin this process's threads to one core, and the main thread and its children to another one or the same."""
    for thread in threading.enumerate():
        with suppress(ProcessLookupError):  # the thread has just ended
            os.sched_setaffinity(thread.native_id or 0, {callers_core if thread is threading.main_thread() else core})


def measure(contenders: Sequence[Contender], loops: Sequence[bool], rounds: int, calls: int) -> Found:
    """Measure all contenders alternately."""
    found: Found = {(contender, on_uvloop): [] for on_uvloop in loops for contender in contenders}
    for _ in range(rounds):
        for (contender, on_uvloop), figures in found.items():
            figures.append(fresh(cross, contender, on_uvloop, calls))
    return found


def medians(rounds: Sequence[Sequence[Figures]]) -> list[Figures]:
    """Return the medians of all rounds for each column."""
    columns = zip(*rounds, strict=True)
    return [Figures(median(one.p50 for one in column), median(one.p99 for one in column)) for column in columns]


def table(unit: str, rows: Mapping[tuple[Contender, bool], Sequence[object]]) -> Iterator[str]:
    """Yield a table with a row for each contender on each kind of loop."""
    yield f"| loop | {unit} | {' | '.join(COLUMNS)} |"
    yield "| --- " * (2 + len(COLUMNS)) + "|"
    for (contender, on_uvloop), cells in rows.items():
        yield f"| {NAMES[on_uvloop]} | {contender} | {' | '.join(map(str, cells))} |"


def report(found: Found) -> Iterator[str]:
    """Yield the times, their ratios to anyio's, and whether each goal is met."""
    times = {key: medians(rounds) for key, rounds in found.items()}
    ratios = {
        (contender, on_uvloop): [mine / anyio for mine, anyio in zip(row, times[ANYIO, on_uvloop], strict=True)]
        for (contender, on_uvloop), row in times.items()
        if contender != ANYIO
    }
    yield from table("p50 / p99, µs", times)
    yield ""
    yield from table("p50 / p99, × anyio", ratios)
    yield ""
    yield f"Goals, ours / anyio on the same loop: p50 at most {ALONE} at 1 thread, both at most {CROWDED} from 8 on."
    yield ""
    for (contender, on_uvloop), row in ratios.items():
        if contender == OURS:
            for column, one in zip(COLUMNS, row, strict=True):
                met = one.p50 <= ALONE if column.startswith("1 ") else max(one.p50, one.p99) <= CROWDED
                yield f"- {NAMES[on_uvloop]}, {column}: {'met' if met else '**missed**'}, {one.p50:.3f} / {one.p99:.3f}"


OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "info.get()": lambda cpl: cpl.info.get(),
    "codelists.products(limit=1)": lambda cpl: cpl.codelists.products(limit=1),
}
"""Operations by name, with the same code for both clients; that of one client returns an awaitable."""


def both_ways(
    url: str, on_uvloop: bool, name: str, rounds: int, calls: int, pace: str | None
) -> list[tuple[float, float]]:
    """Return the median microseconds of a real call awaited, and of one through the facade, for each round.

    :param pace: Folder of the rate limit, or ``None`` if there is no rate limit.
    """
    os.environ["CPL_UVLOOP"] = str(int(on_uvloop))
    limits: LimitStore = HostLimits(folder=Path(pace)) if pace else NoPace()
    access: dict[str, Any] = {"client_id": "sandbox", "client_secret": "sandbox", "base_url": url}
    operation = OPERATIONS[name]

    def through_the_facade(client: cpl_sync.Client) -> list[int]:
        times = []
        for _ in range(calls):
            before = time.perf_counter_ns()
            operation(client)
            times.append(time.perf_counter_ns() - before)
        return times

    async def awaited(client: cpl_async.Client) -> list[int]:
        times = []
        for _ in range(calls):
            before = time.perf_counter_ns()
            await operation(client)
            times.append(time.perf_counter_ns() - before)
        return times

    with (
        asyncio.Runner(loop_factory=partial(make_loop, on_uvloop)) as runner,
        cpl_sync.Client(**access, shared=limits) as client,
    ):
        core = cpl_async.Client(**access, shared=limits)
        try:
            found = [(runner.run(awaited(core)), through_the_facade(client)) for _ in range(rounds + 1)]
        finally:
            runner.run(core.close())
    return [(median(one) / 1e3, median(other) / 1e3) for one, other in found[1:]]  # the first round warms both up


def real_calls(loops: Sequence[bool], rounds: int) -> Iterator[str]:
    """Measure real calls and yield the cost of the crossing. Sandbox and clients are in separate processes."""
    yield "| loop | a call to the sandbox | awaited, µs | through `cpl_sync`, µs | the crossing adds, µs |"
    yield "| --- | --- | --- | --- | --- |"
    with Sandbox(SandboxSettings(interval=0.0)) as sandbox, TemporaryDirectory() as folder:
        for on_uvloop, name in product(loops, OPERATIONS):
            found = fresh(both_ways, sandbox.base_url, on_uvloop, name, rounds, REAL_CALLS, None)
            core, facade = (median(column) for column in zip(*found, strict=True))
            low, added, high = quantiles([facade - core for core, facade in found], n=4)
            row = f"| {NAMES[on_uvloop]} | `{name}` | {core:.0f} | {facade:.0f} "
            yield row + f"| **{added:.0f}** (middle half {low:.0f} to {high:.0f}) |"
        ((core, facade),) = fresh(both_ways, sandbox.base_url, loops[-1], name, 1, PACED_CALLS, folder)
    yield ""
    yield f"With the pace governing, it takes {core / 1e3:.1f} ms awaited and {facade / 1e3:.1f} ms through `cpl_sync`."


def main() -> None:
    """Measure, compare and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=3000)
    options = parser.parse_args()
    loops = [on_uvloop for on_uvloop in NAMES if not on_uvloop or is_there("uvloop")]
    contenders = [contender for contender in CONTENDERS if is_there(contender.package)]
    absent = [contender.name for contender in CONTENDERS if contender not in contenders]
    absent += ["uvloop"] * (len(loops) < len(NAMES))
    found = measure(contenders, loops, options.rounds, options.calls)
    keep(
        "A synchronous call",
        [
            f"Medians of {options.rounds} rounds of {options.calls} calls, shared out among the threads (asgiref: "
            "a tenth of them). The floor has coroutines of one loop for threads.",
            *(["", f"Not installed and left out: {', '.join(absent)}."] if absent else []),
            "",
            *report(found),
            "",
            "A real call without the pace, one after the other from one thread: medians of "
            f"{options.rounds * REAL_ROUNDS} rounds of {REAL_CALLS} of each client.",
            "",
            *real_calls(loops, options.rounds * REAL_ROUNDS),
        ],
    )


if __name__ == "__main__":
    main()
