"""How a call crosses from a thread that waits to the loop that works, with its iterables and callbacks.

A call is put into the loop's inbox and its thread sleeps on a lock of its own. While it does, it serves what belongs to
it: its iterables and callbacks run there and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import sys
import threading
import warnings
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from collections.abc import Generator as GeneratorABC
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

from cpl_async.errors import ConfigurationError
from cpl_async.transport.forking import keep_for_good, this_process

from .background import Background, background, running

__all__ = ["Crossing", "below_the_bridge", "call", "hook", "iterate"]

T = TypeVar("T")
CLEANUP = 5.0
"""Seconds that a cancelled call gets to end in order; a second Ctrl-C does not wait for them."""
PATIENCE = 0.1 if sys.platform == "win32" else 1.0
"""Seconds after which a waiting thread looks around; Windows shows it a Ctrl-C only then."""
PLAIN = frozenset({type(None), str, int, float, bool, bytes, list, tuple, dict})
GIVEN_WHOLE = (str, bytes, bytearray, memoryview, list, tuple, set, frozenset, Mapping)
"""What crosses as it is; any other iterable is read in the caller's thread."""
BRIDGE = str(Path(__file__).parent) + os.sep
logger = logging.getLogger("cpl_async")


class _Caller:
    """A thread that waits for the loop, and what it must do meanwhile."""

    __slots__ = ("_open", "errands", "signal")

    def __init__(self) -> None:
        self.signal = threading.Lock()
        self.signal.acquire()
        self.errands: deque[tuple[Callable[[], Any], asyncio.Future[Any] | None]] = deque()
        self._open = True

    def wake(self) -> None:
        """Wake the thread; waking it twice is waking it once."""
        try:
            self.signal.release()
        except RuntimeError:  # it was woken and has not looked yet
            return

    async def do(self, work: Callable[[], T]) -> T:
        """Have the caller's thread do something, and wait for it without holding up the loop."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._hand_over(work, future)
        return await future

    def tell(self, work: Callable[[], object]) -> None:
        """Have the caller's thread do something that nobody waits for; this thread does it when that one has left."""
        self._hand_over(work, None)

    def _hand_over(self, work: Callable[[], object], future: asyncio.Future[Any] | None) -> None:
        self.errands.append((work, future))
        if self._open:
            self.wake()
        else:
            self._clear()

    def serve(self, loop: Background) -> None:
        """Do what was asked for so far; on the caller's thread."""
        while self.errands:
            try:
                work, future = self.errands.popleft()
            except IndexError:  # the loop's thread was quicker
                return
            if future is None:
                _quietly(work)
                continue
            try:
                result = work()
            except BaseException as error:
                loop.post(partial(_fail, future, error))
                if not isinstance(error, Exception):
                    raise
            else:
                loop.post(partial(_finish, future, result))

    def leave(self, loop: Background) -> None:
        """Say that this thread does nothing more."""
        self._open = False
        if self.errands:
            loop.post(self._clear)

    def _clear(self) -> None:
        """Deal with what the caller did not get to; on the loop."""
        while self.errands:
            try:
                work, future = self.errands.popleft()
            except IndexError:
                return
            if future is None:
                _quietly(work)
            else:
                _fail(future, RuntimeError("who made the call has left"))


def _quietly(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # a hook's failure is none of the call
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


CALLER: contextvars.ContextVar[_Caller | None] = contextvars.ContextVar("cpl_caller", default=None)
"""Whose thread the work on the loop belongs to."""


class _Step:
    """One piece of work that a caller waits for."""

    __slots__ = ("caller", "context", "done", "error", "loop", "result", "task", "work")

    def __init__(self, caller: _Caller, context: contextvars.Context, work: Callable[[], Awaitable[Any]]) -> None:
        self.caller = caller
        self.context = context
        self.work = work
        self.loop: Background | None = None
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.task: asyncio.Task[Any] | None = None

    def start(self) -> None:
        """Begin, on the loop."""
        if self.loop is not None:
            self.task = self.loop.begin(self.carry(), self.context)

    def cancel(self) -> None:
        """Cancel, on the loop."""
        if self.task is not None:
            self.task.cancel()

    async def carry(self) -> None:
        """Do the work, and wake who waits for it."""
        try:
            self.result = await self.work()
        except BaseException as error:
            self.error = error
        if self.loop is not None and self.loop.ending:
            return  # the process ends: only daemon threads still wait, and they have nothing more to do
        self.done = True
        self.caller.wake()

    def cross(self) -> Any:
        """Do the work on the loop and wait for it.

        :raises BaseException: what the work raised, or what broke off the wait.
        """
        loop = self.loop = background()
        _look_around(loop)
        try:
            loop.post(self.start)
            self._wait(loop)
        except BaseException as interruption:
            self._break_off(loop, interruption)
            raise
        if self.error is not None:
            try:
                raise self.error
            finally:
                self.error = None  # it holds this frame by its traceback
        return self.result

    def _wait(self, loop: Background) -> None:
        caller, done = self.caller, False
        while not done:
            if not caller.signal.acquire(timeout=PATIENCE) and not loop.wake():
                if loop.ending and threading.current_thread().daemon:
                    threading.Event().wait()  # the process ends, and this thread with it
                raise ConfigurationError("the event loop of cpl_sync has ended, and this call with it")
            done = self.done  # before serving: what the work asked for came before it was done
            if caller.errands:
                caller.serve(loop)

    def _break_off(self, loop: Background, interruption: BaseException) -> None:
        """Cancel work whose wait was broken off, give its clean-up a bounded time, and note what became of it."""
        self.caller.leave(loop)
        loop.post(self.cancel)
        loop.wake()
        while not self.done:
            if not self.caller.signal.acquire(timeout=CLEANUP):
                interruption.add_note("the call did not end in time: what became of it is unknown")
                return
        if self.error is None:
            interruption.add_note(f"the call had just ended well{_name_of(self.result)}")
        elif isinstance(self.error, asyncio.CancelledError):
            for note in getattr(self.error, "__notes__", ()):
                interruption.add_note(note)
        else:
            interruption.add_note(f"the call had just failed: {self.error}")
        self.error = None


def _name_of(result: object) -> str:
    """Return what must not be lost of a result that nobody gets: a batch, or its id."""
    is_handle = type(result).__module__.startswith("cpl_async.resources.")
    return f": {result!r}" if is_handle or isinstance(result, str) else ""


def call(function: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
    """Make a call on the background loop and wait for it.

    The caller's iterables are read before it begins, its callbacks run in its own thread.

    :raises BaseException: what the call raised, or what broke off the wait: then the call was cancelled.
    """
    caller = _Caller()
    given = [_crossing(value, caller) for value in args]
    named = {name: _crossing(value, caller) for name, value in kwargs.items()}
    context = contextvars.copy_context()
    context.run(CALLER.set, caller)
    try:
        return cast("T", _Step(caller, context, lambda: function(*given, **named)).cross())
    finally:
        if (loop := running()) is not None:
            caller.leave(loop)


def iterate(function: Callable[..., AsyncGenerator[T, None]], *args: Any, **kwargs: Any) -> Crossing[T]:
    """Return an iterator over what an async generator of the core yields; nothing happens until it is asked.

    The caller's iterables are read as the core needs them, in the thread and at the times of ``next()``.
    """
    return Crossing(function, args, kwargs)


class Crossing(GeneratorABC[T, None, None]):
    """An iterator over what the core yields; leaving it early closes it on the other side too."""

    def __init__(
        self, function: Callable[..., AsyncGenerator[T, None]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._process = this_process()
        self._sources: list[_Source] = []
        caller = _Caller()
        given = [_crossing(value, caller, self._sources) for value in args]
        named = {name: _crossing(value, caller, self._sources) for name, value in kwargs.items()}
        self._caller = caller
        self._context = contextvars.copy_context()
        self._context.run(CALLER.set, caller)
        self._make: Callable[[], AsyncGenerator[T, None]] | None = lambda: function(*given, **named)
        self._generator: AsyncGenerator[T, None] | None = None

    def send(self, value: None) -> T:
        """Return the next item; ``value`` must be ``None``."""
        if value is not None:
            raise TypeError("nothing can be sent to this iterator")
        return self._next()

    def __next__(self) -> T:
        try:
            return self._next()
        except BaseException as error:
            error.__traceback__ = below_the_bridge(error.__traceback__)
            raise

    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> T:
        """Raise an exception where the core has yielded."""
        error: BaseException = kind if value is None and isinstance(kind, BaseException) else (value or kind())
        return self._step(lambda generator: generator.athrow(error))

    def close(self) -> None:
        """End early: what is under way on the other side is unwound."""
        generator, self._generator, self._make = self._generator, None, None
        try:
            if generator is not None and self._process is this_process():
                self._cross(generator.aclose)
        finally:
            self._end()

    def _next(self) -> T:
        return self._step(anext)

    def _step(self, advance: Callable[[AsyncGenerator[T, None]], Awaitable[T]]) -> T:
        if self._make is None:
            raise StopIteration
        if self._process is not this_process():
            raise ConfigurationError("the iterator was begun in the parent process: begin a new one in this one")

        async def step() -> T:
            if self._generator is None and self._make is not None:
                self._generator = self._make()
            return await advance(cast("AsyncGenerator[T, None]", self._generator))

        try:
            return cast("T", self._cross(step))
        except StopAsyncIteration:
            self._end()
        except BaseException:
            self._end()
            raise
        raise StopIteration

    def _cross(self, work: Callable[[], Awaitable[Any]]) -> Any:
        return _Step(self._caller, self._context, work).cross()

    def _end(self) -> None:
        self._make = self._generator = None
        for source in self._sources:
            source.release()
        if (loop := running()) is not None and self._process is this_process():
            self._caller.leave(loop)

    def __del__(self) -> None:
        generator = getattr(self, "_generator", None)
        if generator is None:
            return
        if self._process is not this_process():
            keep_for_good(generator)
        elif (loop := running()) is not None:
            self._end()
            loop.leave(generator.aclose)


_NOTHING = object()


class _Source:
    """An iterable of the caller's, read in the caller's thread as the core needs it, and let go there."""

    def __init__(self, values: Iterable[Any], caller: _Caller) -> None:
        self._values: Iterable[Any] | None = values
        self._caller = caller

    def release(self) -> None:
        """Let it go: should it end with this, it ends in its owner's thread."""
        self._values = None

    def _begin(self) -> None:
        if self._values is not None:
            self._values = iter(self._values)

    def _next(self) -> Any:
        return next(cast("Any", self._values), _NOTHING) if self._values is not None else _NOTHING

    async def __aiter__(self) -> AsyncIterator[Any]:
        await self._caller.do(self._begin)
        while (value := await self._caller.do(self._next)) is not _NOTHING:
            yield value


def _crossing(value: Any, caller: _Caller, sources: list[_Source] | None = None) -> Any:
    """Return a value as the core gets it.

    :param sources: takes the iterables that are read as they are needed; without it they are read now.
    """
    if type(value) in PLAIN or isinstance(value, (*GIVEN_WHOLE, type)):
        return value
    if isinstance(value, AsyncIterable):
        raise ConfigurationError(
            "an async iterable may belong to the very loop that is blocked here",
            advice="Give an ordinary iterable, or use cpl_async",
        )
    if isinstance(value, Iterable):
        if sources is None:
            return list(value)
        sources.append(_Source(value, caller))
        return sources[-1]
    if callable(value):
        return _callback(value, caller)
    return value


def _callback(function: Callable[..., Any], caller: _Caller) -> Callable[..., Awaitable[Any]]:
    async def at_the_callers(*args: Any, **kwargs: Any) -> Any:
        context = contextvars.copy_context()  # what the core has set is seen by calls that are made there
        return await caller.do(lambda: context.run(function, *args, **kwargs))

    return at_the_callers


def hook(function: Callable[[T], object]) -> Callable[[T], None]:
    """Return a hook for the core that runs in the thread whose call it is about, as long as that one is there."""

    def tell(event: T) -> None:
        caller = CALLER.get()
        if caller is None:
            function(event)
        else:
            caller.tell(lambda: function(event))

    return tell


_warned = False


def _look_around(loop: Background) -> None:
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


def below_the_bridge(traceback: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that is the core's, or a callback's."""
    found, last = traceback, None
    while found is not None:
        if found.tb_frame.f_code.co_filename.startswith(BRIDGE):
            last = found
        found = found.tb_next
    return last.tb_next if last is not None else traceback
