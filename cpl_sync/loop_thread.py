"""The background event loop of this process that runs calls while their threads wait."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import ipaddress
import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any
from weakref import WeakSet

from cpl_async.errors import ConfigurationError
from cpl_async.system.clock import monotonic
from cpl_async.system.fork_safety import never_collect, on_fork
from cpl_async.system.process_identity import patched_by

__all__ = ["LoopThread", "close_at_exit", "loop_thread", "running"]

logger: logging.Logger = logging.getLogger("cpl_async")
END_SECONDS = "the process is ending: calls can no longer be made"
LAST_WORDS = 1.0
"""Seconds that open work has to finish when the process exits."""


class _DaemonThreads(Executor):
    """An executor of daemon threads, so that a name look-up that hangs does not prevent the process from exiting.

    It is not a `ThreadPoolExecutor`, whose module cannot be imported in a handler of `atexit`.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def work() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:
                    future.set_exception(error)

        try:
            threading.Thread(target=work, name="cpl-blocking", daemon=True).start()
        except RuntimeError as error:  # the interpreter is exiting
            future.set_exception(OSError(str(error)))
        return future


def _in_a_daemon_thread(
    loop: asyncio.AbstractEventLoop, executor: Executor | None, work: Callable[..., Any], *args: Any
) -> asyncio.Future[Any]:
    """Replace the loop's `run_in_executor`, whose default is a `ThreadPoolExecutor`."""
    return asyncio.wrap_future((executor or _DaemonThreads()).submit(work, *args), loop=loop)


class LoopThread:
    """An event loop on its own daemon thread."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop = _new_loop()
        vars(self.loop)["run_in_executor"] = partial(_in_a_daemon_thread, self.loop)
        if isinstance(self.loop, asyncio.BaseEventLoop):  # a test that freezes time must not stop the loop's timers
            vars(self.loop)["time"] = monotonic
        self._inbox: deque[Callable[[], object]] = deque()
        self._awake = False
        self.ending: bool = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: set[asyncio.Task[Any]] = set()
        self.pinned: set[object] = set()
        """Objects that must not be garbage-collected while they are in use."""
        self.thread: threading.Thread = threading.Thread(target=self._run, name="cpl-sync", daemon=True)
        try:
            self.thread.start()
        except RuntimeError:  # the interpreter is exiting and starts no more threads
            self.loop.close()
            raise ConfigurationError(END_SECONDS) from None

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while True:
            try:
                self.loop.run_forever()
                break
            except BaseException:  # e.g. SystemExit from a task: it must not end the loop of all callers
                logger.exception("the event loop goes on after what a task let through")
        self.loop.close()

    def post(self, job: Callable[[], object]) -> None:
        """Schedule a callback on the loop thread. Callbacks must not raise. Pending callbacks share one wake-up."""
        self._inbox.append(job)
        if not self._awake:
            self._awake = True
            self.wake()

    def wake(self) -> bool:
        """Wake the loop unconditionally: a signal may have interrupted a thread before it could wake it.

        :return: Whether the loop is still running.
        """
        try:
            self.loop.call_soon_threadsafe(self._drain_inbox)
        except RuntimeError:
            return False
        return True

    def _drain_inbox(self) -> None:
        self._awake = False  # before draining: a later callback then wakes the loop again
        inbox = self._inbox
        for _ in range(len(inbox)):
            try:
                job = inbox.popleft()
            except IndexError:
                break
            job()

    def start_task(
        self, work: Coroutine[Any, Any, object], context: contextvars.Context | None = None
    ) -> asyncio.Task[Any]:
        """Start a task in a context. Only on the loop's thread. Call :meth:`discard_task` when it is done."""
        task = self.loop.create_task(work, context=context)
        self._tasks.add(task)  # a loop keeps only weak references to its tasks
        return task

    def discard_task(self, task: asyncio.Task[Any]) -> None:
        """Release a task that is done."""
        self._tasks.discard(task)

    def abandon(self, close: Callable[[], Awaitable[object]]) -> None:
        """Close an object in the background. Safe in a finalizer."""

        async def quietly() -> None:
            try:
                await close()
            except Exception:  # there is no caller to receive the error
                return

        def start() -> None:
            task = self.start_task(quietly())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            task.add_done_callback(self.discard_task)

        self.post(start)

    def end(self, *things: Any) -> None:
        """Cancel open work within a second, and close objects. The thread is a daemon and needs no more."""
        done = threading.Event()

        async def close_all() -> None:
            # A cancelled close leaves its connections open, and the HTTP library warns about them.
            closing = set(self._closing)
            others = asyncio.all_tasks() - closing - {asyncio.current_task()}
            for task in others:
                task.cancel()
            if others or closing:
                await asyncio.wait(others | closing, timeout=LAST_WORDS / 2)
            await asyncio.gather(*(thing.close() for thing in things), return_exceptions=True)
            done.set()
            self.loop.stop()

        def start() -> None:
            self.start_task(close_all())

        self.ending = True
        self.post(start)
        self.wake()
        if done.wait(LAST_WORDS):
            self.thread.join(LAST_WORDS)


_lock = threading.RLock()
_current: LoopThread | None = None
_ended = False
_to_close: WeakSet[Any] = WeakSet()


def loop_thread() -> LoopThread:
    """Return the loop of this process, started at the first call.

    :raises ConfigurationError: Threads are patched (gevent, eventlet), or the process is exiting.
    """
    global _current
    found = _current
    if found is None:
        refuse_green_threads()
        with _lock:
            if _current is None:
                if _ended:
                    raise ConfigurationError(END_SECONDS)
                made = LoopThread()
                if (found := running()) is not None:  # a signal handler has made a call in the meantime, on this thread
                    made.end()
                    return found
                _current = made
            found = _current
    return found


def running() -> LoopThread | None:
    """Return the loop of this process, or ``None`` if there is no running one."""
    return _current


def close_at_exit(thing: Any) -> None:
    """Close an object on the loop when the process exits, if it is still open then."""
    _to_close.add(thing)


def refuse_green_threads() -> None:
    """Raise an error in a process whose threads or sockets were patched.

    :raises ConfigurationError: Threads or sockets were patched. The message contains the library.
    """
    patched = patched_by()
    if patched is not None:
        raise ConfigurationError(
            f"threads or sockets of this process are patched by {patched}, so no event loop can run beside them",
            advice="Use cpl_sync in a process that is not patched (e.g. gthread or prefork workers)",
        )


def _new_loop() -> asyncio.AbstractEventLoop:
    if os.environ.get("CPL_UVLOOP", "1").strip().lower() not in ("0", "no", "off", "false"):
        try:
            import uvloop
        except (ImportError, RuntimeError):  # the latter in a handler of `atexit`
            return asyncio.new_event_loop()

        class Loop(uvloop.Loop):
            """An event loop that resolves names in daemon threads, because the process waits for other ones."""

            async def getaddrinfo(self, host: Any, port: Any, **how: Any) -> Any:
                if _is_address(host):
                    return socket.getaddrinfo(host, port, **how)  # no name needs to be resolved
                return await self.run_in_executor(None, lambda: socket.getaddrinfo(host, port, **how))

        return Loop()
    return asyncio.new_event_loop()


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


def _reset_after_fork() -> None:
    """Abandon the parent's loop in a forked child, with all its pending work."""
    global _current, _lock, _to_close
    _lock = threading.RLock()
    if _current is not None:
        never_collect(_current, *_current._tasks)
        _current = None
    never_collect(*_to_close)
    _to_close = WeakSet()


def _at_exit() -> None:
    global _current, _ended
    _ended = True
    found, _current = _current, None
    if found is not None:
        found.end(*_to_close)


on_fork(_reset_after_fork)
atexit.register(_at_exit)  # at the first import, so that a program's own later handlers still have the loop
