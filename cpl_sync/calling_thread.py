"""The thread that waits for the loop, with its callbacks and hooks, which run in no other thread."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from cpl_async.errors import ConfigurationError
from cpl_async.system.fork_safety import this_process

from .loop_thread import LoopThread

__all__ = ["CALLING_THREAD", "CallingThread", "callback", "hook"]

T = TypeVar("T")
FORKED = "this process was forked inside a call, which goes on in the parent: here, make a new one"
logger: logging.Logger = logging.getLogger("cpl_async")


class CallingThread:
    """A thread that waits for the loop, and its pending callbacks."""

    __slots__ = ("_open", "_process", "callbacks", "signal")

    def __init__(self) -> None:
        self.signal: threading.Lock = threading.Lock()
        self.signal.acquire()
        self.callbacks: deque[tuple[Callable[[], Any], asyncio.Future[Any] | None]] = deque()
        self._open = True
        self._process = this_process()

    @property
    def is_of_this_process(self) -> bool:
        """Whether the thread is of this process. A child that was forked during a call must not use the parent's."""
        return self._process is this_process()

    def wake(self) -> None:
        """Wake the thread. Several calls before it wakes count as one."""
        try:
            self.signal.release()
        except RuntimeError:  # it is already woken and has not run yet
            return

    def wait(self, seconds: float) -> bool:
        """Sleep until woken or until the time is over; return whether the thread was woken.

        :param seconds: Seconds to wait, at least 0.
        :raises ConfigurationError: The process was forked in the meantime, and this is the child.
        """
        woken = self.signal.acquire(timeout=seconds)
        if not self.is_of_this_process:
            raise ConfigurationError(FORKED)
        return woken

    async def run(self, work: Callable[[], T]) -> T:
        """Run a function in the caller's thread, and wait for it without blocking the loop."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._enqueue(work, future)
        return await future

    def post(self, work: Callable[[], object]) -> None:
        """Run a function in the caller's thread without waiting. If that thread has left, run it in this one."""
        self._enqueue(work, None)

    def _enqueue(self, work: Callable[[], object], future: asyncio.Future[Any] | None) -> None:
        self.callbacks.append((work, future))
        if self._open:
            self.wake()
        else:
            self._drain()

    def run_callbacks(self, loop: LoopThread) -> None:
        """Run the pending callbacks. Only on the caller's thread.

        :raises BaseException: A callback raised an error that no call may suppress, e.g. KeyboardInterrupt.
        """
        while self.callbacks:
            try:
                work, future = self.callbacks.popleft()
            except IndexError:  # the loop's thread has taken it
                return
            try:
                result = work()
            except BaseException as error:
                if not isinstance(error, Exception) or not self.is_of_this_process:
                    if future is not None and self.is_of_this_process:
                        loop.post(partial(_fail, future, error))
                    raise
                if future is None:
                    logger.exception("on_event failed")  # a failure of a hook does not affect the call
                else:
                    loop.post(partial(_fail, future, error))
            else:
                if not self.is_of_this_process:
                    raise ConfigurationError(FORKED)
                if future is not None:
                    loop.post(partial(_finish, future, result))

    def close(self, loop: LoopThread) -> None:
        """Mark the thread as closed, so that it runs no more callbacks."""
        self._open = False
        if self.callbacks and self.is_of_this_process:
            loop.post(self._drain)

    def _drain(self) -> None:
        """Process the callbacks that the caller has not run. Only on the loop."""
        while self.callbacks:
            try:
                work, future = self.callbacks.popleft()
            except IndexError:
                return
            if future is None:
                _quietly(work)
            else:
                _fail(future, RuntimeError("who made the call has left"))


def _quietly(work: Callable[[], object]) -> None:
    """Run a function on the loop's thread without letting errors end it."""
    try:
        work()
    except BaseException:
        logger.exception("on_event failed")


def _finish(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, StopIteration) or not isinstance(error, Exception):
        raised, error = error, RuntimeError(f"the caller's code raised {type(error).__name__}")
        error.__cause__ = raised
    future.set_exception(error)


CALLING_THREAD: contextvars.ContextVar[CallingThread | None] = contextvars.ContextVar("cpl_caller", default=None)
"""Calling thread to which the current work on the loop belongs."""


def callback(function: Callable[..., Any], caller: CallingThread) -> Callable[..., Awaitable[Any]]:
    """Return an async function for the core that runs a function of the caller in the caller's thread."""

    async def at_the_callers(*args: Any, **kwargs: Any) -> Any:
        context = contextvars.copy_context()  # calls made there use the context variables of the core
        return await caller.run(lambda: context.run(_call_plain, function, *args, **kwargs))

    return at_the_callers


def hook(function: Callable[[T], object]) -> Callable[[T], None]:
    """Return a hook for the core that runs in the thread of its call while that thread waits."""
    if inspect.iscoroutinefunction(function):
        raise ConfigurationError(f"{function.__name__} must be awaited, which nothing here does: give a plain function")

    def tell(event: T) -> None:
        caller = CALLING_THREAD.get()
        if caller is None:
            _quietly(partial(function, event))
        else:
            caller.post(partial(function, event))

    return tell


def _call_plain(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    result = function(*args, **kwargs)
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise ConfigurationError(
            "a callback returned what must be awaited, which nothing here does: give a plain function"
        )
    return result
