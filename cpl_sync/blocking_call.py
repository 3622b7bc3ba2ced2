"""One piece of work on the background loop, and the thread that waits for it."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from cpl_async.errors import ConfigurationError

from .calling_thread import CallingThread
from .loop_thread import LoopThread, loop_thread
from .tracebacks import BRIDGE

__all__ = ["BlockingCall"]

CLEANUP_SECONDS = 5.0
"""Seconds that a cancelled call gets to end in order; a second Ctrl-C does not wait for them."""
WAKE_SECONDS = 0.1 if sys.platform == "win32" else 1.0
"""Seconds after which a waiting thread looks around; Windows shows it a Ctrl-C only then."""


class BlockingCall:
    """One piece of work that a caller waits for."""

    __slots__ = ("begun", "caller", "context", "done", "error", "loop", "result", "task", "work")

    def __init__(self, caller: CallingThread, context: contextvars.Context, work: Callable[[], Awaitable[Any]]) -> None:
        self.caller: CallingThread = caller
        self.context: contextvars.Context = context
        self.work: Callable[[], Awaitable[Any]] = work
        self.loop: LoopThread | None = None
        self.begun: bool = False
        self.done: bool = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.task: asyncio.Task[Any] | None = None

    def run(self) -> Any:
        """Do the work on the loop and wait for it.

        :raises BaseException: what the work raised, or what broke off the wait.
        """
        loop = self.loop = loop_thread()
        _check_loop(loop)
        try:
            loop.post(self._start)
            self._wait(loop)
        except BaseException as interruption:
            self._abort(loop, interruption)
            raise
        finally:
            if not self.done and self.caller.is_of_this_process:  # another signal came while it was broken off
                loop.post(self._cancel)
        if self.error is not None:
            try:
                raise self.error
            finally:
                self.error = None  # it holds this frame by its traceback
        return self.result

    def _start(self) -> None:
        """Begin, on the loop."""
        if not self.done and self.loop is not None:
            self.task = self.loop.start_task(self._run_work(), self.context)

    def _cancel(self) -> None:
        """Cancel, on the loop."""
        if self.task is not None:
            self.task.cancel()
        if not self.begun and not self.done:  # a task that has not begun ends without a word
            self.error = asyncio.CancelledError()
            self.error.add_note("the call had not begun: nothing was sent")
            self._end()

    async def _run_work(self) -> None:
        """Do the work, and wake who waits for it."""
        self.begun = True
        try:
            self.result = await self.work()
        except BaseException as error:
            self.error = error
        self._end()

    def _end(self) -> None:
        if self.loop is not None:
            if self.task is not None:
                self.loop.discard_task(self.task)
            if self.loop.ending:
                return  # the process ends: only daemon threads still wait, and they have nothing more to do
        self.done = True
        self.caller.wake()

    def _wait(self, loop: LoopThread) -> None:
        caller, done = self.caller, False
        while not done:
            if not caller.wait(WAKE_SECONDS) and not loop.wake():
                if loop.ending and threading.current_thread().daemon:
                    threading.Event().wait()  # the process ends, and this thread with it
                raise ConfigurationError("the event loop of cpl_sync has ended, and this call with it")
            done = self.done  # before serving: what the work asked for came before it was done
            if caller.callbacks:
                caller.run_callbacks(loop)

    def _abort(self, loop: LoopThread, interruption: BaseException) -> None:
        """Cancel work whose wait was broken off, give its clean-up a bounded time, and note what became of it."""
        if not self.caller.is_of_this_process:
            return
        loop.post(self._cancel)
        loop.wake()  # the signal may have come between filling the inbox and waking the loop
        self.caller.close(loop)
        while not self.done:
            if not self.caller.wait(CLEANUP_SECONDS):
                interruption.add_note("the call did not end in time: what became of it is unknown")
                return
        if self.error is None:
            interruption.add_note(f"the call had just ended well{_name_of(self.result)}")
        elif isinstance(self.error, asyncio.CancelledError):
            for note in getattr(self.error, "__notes__", ["the call was cancelled"]):
                interruption.add_note(note)
        else:
            interruption.add_note(f"the call had just failed: {self.error}")
        self.error = None


def _name_of(result: object) -> str:
    """Return what must not be lost of a result that nobody gets: a batch, or its id."""
    is_handle = type(result).__module__.startswith("cpl_async.resources.")
    return f": {result!r}" if is_handle or isinstance(result, str) else ""


_warned = False


def _check_loop(loop: LoopThread) -> None:
    """Refuse what would wait for itself; warn once inside a running loop that is not a notebook's."""
    global _warned
    if threading.get_ident() == loop.thread.ident:
        raise ConfigurationError("cpl_sync was called on its own event loop's thread, where it would wait for itself")
    if not _warned and asyncio._get_running_loop() is not None and not _is_notebook():
        _warned = True
        frame, depth = sys._getframe(), 1
        while frame.f_back is not None and frame.f_code.co_filename.startswith(BRIDGE):
            frame, depth = frame.f_back, depth + 1
        words = "cpl_sync blocks the event loop that runs in this thread: use cpl_async.Client here"
        warnings.warn(words, RuntimeWarning, stacklevel=depth)


def _is_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None
