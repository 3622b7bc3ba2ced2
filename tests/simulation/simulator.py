"""The simulator: the only module that knows simloom.

simloom is alpha, so its version is pinned and its use stays here: a loop that draws from the seed which callback runs
next, virtual time, and hosts that lose their tasks and connections in a crash. ``simloop`` has the same kind of loop
and hosts but no bounded preemption; ``detangle`` explores schedules of one process and has neither hosts nor a network.
simloop could replace it here, detangle could not.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import aiosqlite
import filelock
import simloom
from aiosqlite import core
from attrs import define, field, frozen
from stamina import instrumentation

from cpl_async.sandbox.clock import TimeSource, use_time
from cpl_async.system.clock import use_clock
from cpl_async.transport import sessions

__all__ = ["HostCrashed", "Outcome", "SimulatedHost", "Universe", "simulate", "state_folder"]

WALL_EPOCH = 1_790_000_000.0
"""Wall time at the start of a run, in seconds since the epoch: September 2026."""
STARTED = 1_000.0
"""Monotonic seconds at the start of a run."""
PREEMPTIONS, STEPS = 3, 20_000
"""Depth of the bugs that bounded preemption looks for, and the steps among which it changes priorities."""
STEPS_PER_COLLECTION = 1_000_000
"""Garbage is collected between runs: it takes longer than the run."""
HOST: ContextVar[SimulatedHost | None] = ContextVar("HOST", default=None)
"""Host of the running task."""


@frozen(kw_only=True)
class Outcome:
    """The result of one run."""

    value: Any
    error: BaseException | None
    digest: str
    """Digest of all events; equal for equal seeds."""
    reached: Counter[str]
    """How often each point was reached."""
    seconds: float
    """Virtual seconds."""


class HostCrashed(BaseException):
    """The host has lost its power in the middle of a step."""


@define(eq=False)
class SimulatedHost:
    """A host with a wall clock of its own, whose processes end without any cleanup when it crashes."""

    name: str
    _host: Any = field(repr=False)
    clock_offset: float = 0.0
    """Seconds by which its wall clock is ahead of the true time."""
    process: object = field(init=False, factory=object)
    """Identity of its processes; another one after each crash."""
    _gone: list[object] = field(init=False, factory=list, repr=False)
    _connections: list[Any] = field(init=False, factory=list, repr=False)
    _changes: dict[int, int] = field(init=False, factory=dict, repr=False)
    """Changes of each connection at its last commit."""
    _locks: list[Any] = field(init=False, factory=list, repr=False)
    on_commit: Callable[[Any, bool], None] | None = field(init=False, default=None, repr=False)
    """Called with the connection before (``False``) and after (``True``) each commit that changes something."""

    def spawn(self, program: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
        """Start a program, which starts again after a crash."""

        async def hosted() -> Any:
            HOST.set(self)
            return await program()

        task: asyncio.Task[Any] = self._host.spawn(hosted)
        return task

    def crash(self) -> None:
        """Lose the power: no cleanup runs, transactions are rolled back, locks are free."""
        self._host.crash()
        for connection in self._connections:
            connection.close()
        for lock in self._locks:
            filelock.UnixFileLock._release(lock)
        self._changes.clear()
        self._connections.clear()
        self._locks.clear()
        self._gone.append(self.process)  # kept, so that no other object gets its identity
        self.process = object()

    def restart(self) -> None:
        """Start its programs again."""
        self._host.restart()


class Universe:
    """The hosts, the network and the time of one run."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def host(self, name: str) -> SimulatedHost:
        """Create a host."""
        return SimulatedHost(name, self._world.host(name))

    @property
    def now(self) -> float:
        """Virtual seconds since the start."""
        return float(self._world.time)

    @property
    def wall(self) -> float:
        """The true time in seconds since the epoch."""
        return WALL_EPOCH + self.now

    def draw(self, label: str, bound: int) -> int:
        """Return a number from 0 to ``bound`` - 1 that depends on the seed only."""
        return int(simloom.draw(label, bound))

    def reached(self, label: str) -> None:
        """Count that a point was reached."""
        simloom.reached(label)

    def set_latency(self, least: float, most: float) -> None:
        """Set the seconds that each piece of data takes."""
        self._world.net.set_latency(least, most)


def simulate(
    program: Callable[[Universe], Coroutine[Any, Any, Any]], seed: int, *, bounded_preemption: bool = False
) -> Outcome:
    """Run a program in a universe that depends on the seed only.

    :param bounded_preemption: Whether tasks run by priorities that change a few times, which finds rare orders of few
        steps sooner. Default: each step is drawn.
    """

    ended: list[tuple[Any, BaseException | None, float]] = []

    async def main(world: Any) -> None:
        universe = Universe(world)
        try:
            ended.append((await program(universe), None, universe.now))
        except Exception as error:
            ended.append((None, error, universe.now))

    with ExitStack() as stack:
        stack.enter_context(_single_threaded())
        scheduler = simloom.PCT(depth=PREEMPTIONS, horizon=STEPS) if bounded_preemption else "random"
        result = simloom.run(
            main,
            seed=seed,
            scheduler=scheduler,
            virtual_time=True,
            seed_randomness=True,
            wall_epoch=WALL_EPOCH,
            raise_on_error=False,
            on_unhandled="record",
            gc_interval=STEPS_PER_COLLECTION,
        )
    if not ended:  # it could not go on; an error after its end is only one of taking the universe down
        ended.append((None, result.error, 0.0))
    value, error, seconds = ended[0]
    return Outcome(
        value=value,
        error=error,
        digest=result.digest,
        reached=Counter(result.coverage),
        seconds=seconds,
    )


class VirtualClock(TimeSource):
    """The clocks of the simulated hosts."""

    def monotonic(self) -> float:
        """Return virtual seconds."""
        return STARTED + _loop_time()

    def elapsed(self) -> float:
        """Return virtual seconds."""
        return STARTED + _loop_time()

    def wall(self) -> float:
        """Return the wall time of the running task's host."""
        host = HOST.get()
        return WALL_EPOCH + _loop_time() + (host.clock_offset if host is not None else 0.0)


class TrueClock(TimeSource):
    """The true time, by which the carrier judges."""

    def monotonic(self) -> float:
        """Return virtual seconds."""
        return STARTED + _loop_time()

    def wall(self) -> float:
        """Return the true time."""
        return WALL_EPOCH + _loop_time()


def _loop_time() -> float:
    loop = asyncio.events._get_running_loop()
    return loop.time() if loop is not None else 0.0


class InlineQueue:
    """In place of the thread of a connection: each statement is a step of the loop, when the schedule says."""

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = item
        host = HOST.get()
        loop = asyncio.get_running_loop()

        def step() -> None:
            try:
                result = _executed(function, host)
            except HostCrashed:
                return
            except BaseException as error:
                if future is not None and not future.done():
                    future.set_exception(error)
            else:
                if future is not None and not future.done():
                    future.set_result(result)

        loop.call_soon(step)


def _executed(function: Callable[[], Any], host: SimulatedHost | None) -> Any:
    method = getattr(function, "func", function)
    connection: Any = getattr(method, "__self__", None)
    is_commit = getattr(method, "__name__", "") == "commit" and getattr(connection, "in_transaction", False)
    watching = host.on_commit if host is not None and is_commit else None
    if host is not None and watching is not None:
        changes = connection.total_changes
        if host._changes.get(id(connection), 0) == changes:
            watching = None  # it only read
        host._changes[id(connection)] = changes
    if watching is not None:
        watching(connection, False)
    result = function()
    if watching is not None:
        watching(connection, True)
    if host is not None and hasattr(result, "in_transaction"):
        host._connections.append(result)
    return result


class InlineConnection(core.Connection):
    """A connection without a thread."""

    def __init__(self, connector: Callable[[], Any], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        self._tx = InlineQueue()  # type: ignore[assignment]  # it needs `put_nowait` only

    def __await__(self) -> Any:
        return self._connect().__await__()

    def __del__(self) -> None:
        """Do nothing: a crash closes it."""


def _connect(database: str, *, iter_chunk_size: int = 64, **options: Any) -> InlineConnection:
    import sqlite3

    return InlineConnection(lambda: sqlite3.connect(str(database), **options), iter_chunk_size)


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Replace what would leave the loop: threads, clocks, and what processes of one machine share."""
    acquire, release = filelock.UnixFileLock._acquire, filelock.UnixFileLock._release

    def acquired(self: Any) -> None:
        acquire(self)
        host = HOST.get()
        if host is not None and self.is_locked:
            host._locks.append(self)

    def released(self: Any) -> None:
        host = HOST.get()
        if host is not None and self in host._locks:
            host._locks.remove(self)
        release(self)

    def process_of_host() -> object:
        host = HOST.get()
        return host.process if host is not None else None

    replaced = [
        (aiosqlite, "connect", _connect),
        (filelock.UnixFileLock, "_acquire", acquired),
        (filelock.UnixFileLock, "_release", released),
        (sessions, "this_process", process_of_host),
    ]
    before = [(where, name, getattr(where, name)) for where, name, _ in replaced]
    with use_clock(VirtualClock()), use_time(TrueClock()), _no_retry_log():
        for where, name, value in replaced:
            setattr(where, name, value)
        try:
            yield
        finally:
            for where, name, value in before:
                setattr(where, name, value)


@contextmanager
def _no_retry_log() -> Iterator[None]:
    before = instrumentation.get_on_retry_hooks()
    instrumentation.set_on_retry_hooks([])
    try:
        yield
    finally:
        instrumentation.set_on_retry_hooks(before)


def state_folder(name: str) -> Path:
    """Return a folder for the files of a run, in memory where the system has such a file system."""
    root = Path("/dev/shm")
    return (root if root.is_dir() else Path(gettempdir())) / f"cpl-simulation-{os.getpid()}" / name
