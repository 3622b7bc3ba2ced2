"""Every interleaving of threads that wake the loop, and of processes that take a permit, tried systematically.

``frontrun`` runs one thread at a time, and explores each order of their reads and writes that can make a difference.
Run it as ``frontrun python -m tests.facade.interleavings``; ``--broken`` breaks each promise, which must be found.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import frontrun  # type: ignore[import-untyped]  # it has no types

from cpl_async.ratelimit.file_backend import FilePacerBackend
from cpl_async.system.locked_file import FileBusy
from cpl_sync.loop_thread import LoopThread


class WakingLoop(LoopThread):
    """The inbox of the loop thread without its thread: a wake-up is counted."""

    def __init__(self) -> None:
        self._inbox: deque[Callable[[], object]] = deque()
        self._awake = False
        self.wake_ups = 0
        self.calls: list[str] = []

    def wake(self) -> bool:
        self.wake_ups += 1
        return True

    def run_once(self) -> None:
        """Do what the event loop does when it was woken."""
        if self.wake_ups:
            self.wake_ups = 0
            self._drain_inbox()


class LateLoop(WakingLoop):
    """It says that it sleeps after it has looked, not before."""

    def _drain_inbox(self) -> None:
        while self._inbox:
            self._inbox.popleft()()
        self._awake = False


def post(loop: WakingLoop) -> None:
    """Schedule a callback."""
    loop.post(lambda: loop.calls.append("call"))


def run_twice(loop: WakingLoop) -> None:
    """Run the loop when it was woken."""
    loop.run_once()
    loop.run_once()


def is_never_left(loop: WakingLoop) -> bool:
    """Return whether each callback ran, or the loop will wake."""
    return not loop._inbox or loop.wake_ups > 0


class MemoryFile:
    """A file that processes share, in memory: each method is one system call."""

    def __init__(self) -> None:
        self.content = bytearray(4096)
        self._lock = threading.Lock()

    def enter(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise FileBusy

    def leave(self) -> None:
        self._lock.release()

    def read(self) -> bytes:
        return bytes(self.content)

    peek = read

    def write(self, content: bytes, at: int = 0) -> None:
        self.content[at : at + len(content)] = content  # as `pwrite`, it leaves the rest as it is

    def attempt(self, work: Callable[[], object]) -> None:
        self.enter()
        work()
        self.leave()

    def note(self, content: bytes) -> None:
        self.write(content)


class UnlockedFile(MemoryFile):
    """Its lock keeps nobody out."""

    def enter(self) -> None:
        pass

    def leave(self) -> None:
        pass


class Permits:
    """Two processes that share the rate limit of a host, at a time that stands still."""

    def __init__(self, file: Any) -> None:
        first = FilePacerBackend(file, 0.04, 0.16, lambda: 900.0)
        first.request_permit()  # creates the content
        first.release()
        self.backends = [FilePacerBackend(file, 0.04, 0.16, lambda: 1000.0) for _ in range(2)]
        self.granted = 0


def take_permit(number: int, *, tries: int) -> Callable[[Permits], None]:
    """Return what a process does: request a permit some times, and write if it is granted."""

    def take(permits: Permits) -> None:
        backend = permits.backends[number]
        for _ in range(tries):
            if backend.request_permit() == 0.0:
                permits.granted += 1
                backend.record_write()

    return take


def explore(*, is_broken: bool) -> bool:
    """Explore all interleavings, and return whether all promises were kept."""
    loop = frontrun.explore(
        setup=LateLoop if is_broken else WakingLoop, workers=[post, post, run_twice], invariant=is_never_left
    )
    print(f"wake-up: {loop.num_explored} interleavings, {'kept' if loop.property_holds else 'broken'}")
    permits = frontrun.explore(
        setup=lambda: Permits(UnlockedFile() if is_broken else MemoryFile()),
        workers=[take_permit(0, tries=1), take_permit(1, tries=2)],
        invariant=lambda permits: permits.granted <= 1,
    )
    print(f"permit: {permits.num_explored} interleavings, {'kept' if permits.property_holds else 'broken'}")
    return bool(loop.property_holds and permits.property_holds)


if __name__ == "__main__":
    raise SystemExit(0 if explore(is_broken="--broken" in sys.argv) else 1)
