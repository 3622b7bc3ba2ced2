"""The simulator: the only module that knows simloom.

simloom is alpha, so its version is pinned and its use stays here: a loop that draws from the seed which callback runs
next, virtual time, and hosts that lose their tasks and connections in a crash. ``simloop`` has the same kind of loop
and hosts but no bounded preemption; ``detangle`` explores schedules of one process and has neither hosts nor a network.
simloop could replace it here, detangle could not. Hosts that are suspended are added here: neither of them has those.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import gettempdir
from typing import Any
from unittest.mock import patch

import aiohttp.connector
import anyio
import filelock
import simloom
from attrs import define, field, frozen
from simloom._context import current_host
from stamina import instrumentation

from cpl_async.bulk.output.merge_process import execute
from cpl_async.sandbox.clock import TimeSource, use_time
from cpl_async.system.clock import use_clock
from cpl_async.transport import sessions

from .database import OPEN, DatabaseSession, Undone, session_of, simulated_databases

__all__ = ["WALL_EPOCH", "HostCrashed", "Outcome", "SimulatedHost", "Universe", "simulate", "state_folder"]

WALL_EPOCH = 1_790_000_000.0
"""Wall time at the start of a run, in seconds since the epoch: September 2026."""
STARTED = 1_000.0
"""Monotonic seconds at the start of a run."""
PREEMPTIONS, STEPS = 3, 20_000
"""Depth of the bugs that bounded preemption looks for, and the steps among which it changes priorities."""
STEPS_PER_COLLECTION = 1_000_000
"""Garbage is collected between runs: it takes longer than the run."""
HOSTS: dict[int, SimulatedHost] = {}
"""Identity of a host of simloom → that host."""
SUSPENDED: set[SimulatedHost] = set()
"""Hosts that are suspended now."""


@frozen(kw_only=True)
class Outcome:
    """The result of one run."""

    value: Any
    error: BaseException | None
    _result: Any = field(alias="result", repr=False)
    reached: Counter[str]
    """How often each point was reached."""
    seconds: float
    """Virtual seconds."""

    @property
    def digest(self) -> str:
        """Digest of all events; equal for equal seeds."""
        return str(self._result.digest)


class HostCrashed(Undone):
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
    _locks: list[Any] = field(init=False, factory=list, repr=False)
    on_commit: Callable[[Any, bool], None] | None = field(init=False, default=None, repr=False)
    """Called with the connection before (``False``) and after (``True``) each commit that changes something."""
    on_unlock: Callable[[Path], None] = field(init=False, default=lambda file: None, repr=False)
    """Called with the lock file before a lock is released."""
    _frozen: list[asyncio.Handle] = field(init=False, factory=list, repr=False)
    """Steps that were due since it was suspended, in their order."""

    def spawn(self, program: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
        """Start a program, which starts again after a crash."""

        HOSTS[id(self._host)] = self
        task: asyncio.Task[Any] = self._host.spawn(program)
        return task

    def suspend(self) -> None:
        """Stop all its steps, as a stopped process or a virtual machine that sleeps: its connections stay open."""
        SUSPENDED.add(self)

    def resume(self) -> None:
        """Go on; all steps that have become due meanwhile are ready at once."""
        SUSPENDED.discard(self)
        loop: Any = asyncio.get_running_loop()
        for handle in self._frozen:
            if isinstance(handle, asyncio.TimerHandle) and handle.when() > loop.time():
                loop._timer_seq += 1
                heapq.heappush(loop._scheduled, (handle.when(), loop._timer_seq, handle))
            else:
                loop._ready.append(handle)
        self._frozen.clear()

    def crash(self) -> None:
        """Lose the power: no cleanup runs, transactions are rolled back, locks are free."""
        SUSPENDED.discard(self)
        self._frozen.clear()
        self._host.crash()
        for session in [session for session in OPEN if session.process is self.process]:
            session.close()
        for lock in self._locks:
            filelock.UnixFileLock._release(lock)
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

    def cut(self, one: SimulatedHost | str, other: SimulatedHost | str) -> None:
        """Hold all data between two hosts back until :meth:`heal`."""
        ends = [getattr(end, "_host", end) for end in (one, other)]
        self._world.net.partition(*([end] for end in ends))

    def heal(self) -> None:
        """Deliver all data that was held back."""
        self._world.net.heal()

    def set_latency(self, least: float, most: float) -> None:
        """Set the seconds that each piece of data takes."""
        self._world.net.set_latency(least, most)


def simulate(
    program: Callable[[Universe], Coroutine[Any, Any, Any]],
    seed: int,
    folder: Path,
    *,
    bounded_preemption: bool = False,
) -> Outcome:
    """Run a program in a universe that depends on the seed only.

    :param folder: Folder of the shared database.
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
        stack.enter_context(simulated_databases(folder, TrueClock().wall, _executed))
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
        result=result,
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
        host = _running_host()
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


def _executed(function: Callable[[], Any]) -> Any:
    """Execute a statement of the running host, watched if it is a commit that changes something."""
    host, session = _running_host(), session_of(function)
    if host is not None and session is not None and session not in OPEN:
        if host.process is not session.process:
            raise Undone
        raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
    method = getattr(function, "func", function)
    watching = None
    if host is not None and session is not None and method.__name__ == "commit" and session.in_transaction:
        changes = session.total_changes
        watching = host.on_commit if changes != session.changes else None
        session.changes = changes
    if watching is not None:
        watching(session, False)
    result = function()
    if watching is not None:
        watching(session, True)
    if host is not None and isinstance(result, DatabaseSession):
        result.process = host.process
    return result


def _host_of(handle: asyncio.Handle) -> SimulatedHost | None:
    context: Any = handle._context  # type: ignore[attr-defined]  # each handle has it, the stubs do not show it
    return HOSTS.get(id(context.get(current_host)))


def _running_host() -> SimulatedHost | None:
    return HOSTS.get(id(current_host.get()))


def _step_of_running_hosts(step: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a step of the loop that leaves what suspended hosts would do for later."""

    def take_away(loop: Any) -> None:
        ready: list[asyncio.Handle] = []
        for handle in loop._ready:
            host = _host_of(handle)
            (host._frozen if host in SUSPENDED else ready).append(handle)
        loop._ready = ready
        kept: list[Any] = []
        while loop._scheduled and not kept:
            until = loop.time() if ready else max(loop.time(), loop._scheduled[0][0])
            while loop._scheduled and loop._scheduled[0][0] <= until:
                timer = heapq.heappop(loop._scheduled)
                host = _host_of(timer[2])
                if host not in SUSPENDED:
                    kept.append(timer)
                elif not timer[2].cancelled():
                    host._frozen.append(timer[2])
            if ready:
                break
        for timer in kept:
            heapq.heappush(loop._scheduled, timer)

    def run_once(loop: Any) -> None:
        if SUSPENDED:
            take_away(loop)
        step(loop)

    return run_once


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Replace what would leave the loop: threads, clocks, and what processes of one machine share."""
    acquire, release = filelock.UnixFileLock._acquire, filelock.UnixFileLock._release

    def acquired(self: Any) -> None:
        acquire(self)
        host = _running_host()
        if host is not None and self.is_locked:
            host._locks.append(self)

    def released(self: Any) -> None:
        host = _running_host()
        if host is not None and self in host._locks:
            host.on_unlock(Path(self.lock_file))
            host._locks.remove(self)
        release(self)

    def process_of_host() -> object:
        host = _running_host()
        return host.process if host is not None else None

    async def run_process(command: list[str], **_: Any) -> CompletedProcess[bytes]:
        if command[2].endswith(".merge_process"):  # reports are not made: no promise is about them
            execute(Path(command[-1]))
        return CompletedProcess(command, 0, b"", b"")

    replaced = [
        (anyio, "run_process", run_process),
        (aiohttp.connector, "monotonic", VirtualClock().monotonic),  # it decides whether a kept connection is used
        (filelock.UnixFileLock, "_acquire", acquired),
        (filelock.UnixFileLock, "_release", released),
        (sessions, "this_process", process_of_host),
        (simloom.SimLoop, "_run_once", _step_of_running_hosts(simloom.SimLoop._run_once)),
    ]
    with ExitStack() as stack:
        stack.enter_context(use_clock(VirtualClock()))
        stack.enter_context(use_time(TrueClock()))
        stack.enter_context(_no_retry_log())
        for where, name, value in replaced:
            stack.enter_context(patch.object(where, name, value))
        stack.callback(SUSPENDED.clear)
        stack.callback(HOSTS.clear)
        yield


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
