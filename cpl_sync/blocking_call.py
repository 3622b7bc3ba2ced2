"""A call on the background loop, for which its thread waits."""

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
"""Seconds that a cancelled call has to clean up. A second Ctrl-C ends the wait."""
WAKE_SECONDS = 0.1 if sys.platform == "win32" else 1.0
"""Seconds between two wake-ups of a waiting thread. On Windows it notices a Ctrl-C only then."""


class BlockingCall:
    """A piece of work for which its caller waits."""

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
        """Run the work on the loop and wait for it.

        :raises BaseException: The work raised an error, or the wait was interrupted.
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
            if not self.done and self.caller.is_of_this_process:  # another signal arrived during the abort
                loop.post(self._cancel)
        if self.error is not None:
            try:
                raise self.error
            finally:
                self.error = None  # its traceback references this frame
        return self.result

    def _start(self) -> None:
        """Start the work. Only on the loop."""
        if not self.done and self.loop is not None:
            self.task = self.loop.start_task(self._run_work(), self.context)

    def _cancel(self) -> None:
        """Cancel the work. Only on the loop."""
        if self.task is not None:
            self.task.cancel()
        if not self.begun and not self.done:  # a task that is cancelled before its start reports nothing
            self.error = asyncio.CancelledError()
            self.error.add_note("the call had not begun: nothing was sent")
            self._end()

    async def _run_work(self) -> None:
        """Run the work, and wake the waiting thread."""
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
                return  # the process exits: only daemon threads still wait, and need nothing more
        self.done = True
        self.caller.wake()

    def _wait(self, loop: LoopThread) -> None:
        caller, done = self.caller, False
        while not done:
            if not caller.wait(WAKE_SECONDS) and not loop.wake():
                if loop.ending and threading.current_thread().daemon:
                    threading.Event().wait()  # the process exits, and this thread with it
                raise ConfigurationError("the event loop of cpl_sync has ended, and this call with it")
            done = self.done  # before the callbacks: those of the work were added before it was done
            if caller.callbacks:
                caller.run_callbacks(loop)

    def _abort(self, loop: LoopThread, interruption: BaseException) -> None:
        """Cancel work whose wait was interrupted, limit the time of its clean-up, and add a note about the outcome."""
        if not self.caller.is_of_this_process:
            return
        loop.post(self._cancel)
        loop.wake()  # the signal may have arrived between filling the inbox and waking the loop
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
    """Return the part of a discarded result that must not be lost: a batch, or its ID."""
    is_handle = type(result).__module__.startswith("cpl_async.resources.")
    return f": {result!r}" if is_handle or isinstance(result, str) else ""


_warned = False


def _check_loop(loop: LoopThread) -> None:
    """Raise an error if the call would deadlock. Warn once inside a running loop other than that of a notebook."""
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
