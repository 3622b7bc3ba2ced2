"""The portal passes calls from a waiting thread to the event loop, with their iterables and callbacks.

A call is put into the loop's inbox and its thread sleeps on a lock of its own. Meanwhile the thread runs its own
iterables and callbacks, which run in no other thread.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from collections.abc import Generator as GeneratorABC
from types import TracebackType
from typing import Any, TypeVar, cast

from cpl_async.errors import ConfigurationError

from .blocking_call import BlockingCall
from .calling_thread import CALLING_THREAD, CallingThread, callback
from .loop_thread import running
from .tracebacks import outermost

__all__ = ["ResultIterator", "call", "iterate"]

T = TypeVar("T")
PLAIN = frozenset({type(None), str, int, float, bool, bytes, list, tuple, dict})
GIVEN_WHOLE = (str, bytes, bytearray, memoryview, list, tuple, set, frozenset, Mapping)
"""Types that are passed unchanged. Any other iterable is read in the caller's thread."""


def call(function: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
    """Run a call on the background loop and wait for it.

    The caller's iterables are read before it begins, and its callbacks run in its own thread.

    :raises BaseException: The call failed, or the wait was interrupted and the call was cancelled.
    """
    caller = CallingThread()
    given = [_crossing(value, caller) for value in args]
    named = {name: _crossing(value, caller) for name, value in kwargs.items()}
    context = contextvars.copy_context()
    context.run(CALLING_THREAD.set, caller)
    try:
        return cast("T", BlockingCall(caller, context, lambda: function(*given, **named)).run())
    finally:
        if (loop := running()) is not None:
            caller.close(loop)


def iterate(function: Callable[..., AsyncGenerator[T, None]], *args: Any, **kwargs: Any) -> ResultIterator[T]:
    """Return an iterator over the items of an async generator of the core, which starts at the first ``next()``.

    The caller's iterables are read when the core needs them, in the thread and during the calls of ``next()``.
    """
    return ResultIterator(function, args, kwargs)


class ResultIterator(GeneratorABC[T, None, None]):
    """An iterator over the items of the core. Leaving it early also closes the core's generator."""

    def __init__(
        self, function: Callable[..., AsyncGenerator[T, None]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._name = getattr(function, "__qualname__", repr(function))
        self._sources: list[_Source] = []
        caller = CallingThread()
        given = [_crossing(value, caller, self._sources) for value in args]
        named = {name: _crossing(value, caller, self._sources) for name, value in kwargs.items()}
        self._caller = caller
        self._inside = threading.Lock()
        self._context = contextvars.copy_context()
        self._context.run(CALLING_THREAD.set, caller)
        self._make: Callable[[], AsyncGenerator[T, None]] | None = lambda: function(*given, **named)
        self._generator: AsyncGenerator[T, None] | None = None

    @outermost
    def __next__(self) -> T:
        return self._step(anext)

    @outermost
    def send(self, value: None) -> T:
        """Return the next item; ``value`` must be ``None``."""
        if value is not None:
            raise TypeError("nothing can be sent to this iterator")
        return self._step(anext)

    @outermost
    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> T:
        """Raise an exception at the current ``yield`` of the core."""
        error: BaseException = kind if value is None and isinstance(kind, BaseException) else (value or kind())
        if self._generator is None:
            self._end()
            raise error
        return self._step(lambda generator: generator.athrow(error))

    @outermost
    def close(self) -> None:
        """End early, and unwind the work in progress on the loop."""
        self._enter()
        try:
            generator = self._generator
            if generator is not None and self._caller.is_of_this_process:
                BlockingCall(self._caller, self._context, generator.aclose).run()
        finally:
            self._end()
            self._inside.release()

    def _enter(self) -> None:
        if not self._inside.acquire(blocking=False):  # a generator raises the same error
            raise ValueError("the iterator is being read already, by another thread or by what it reads itself")

    def _step(self, advance: Callable[[AsyncGenerator[T, None]], Awaitable[T]]) -> T:
        self._enter()
        try:
            if self._make is None:
                raise StopIteration
            if not self._caller.is_of_this_process:
                raise ConfigurationError("the iterator was begun in the parent process: begin a new one in this one")
            try:
                return cast("T", BlockingCall(self._caller, self._context, lambda: self._advance(advance)).run())
            except StopAsyncIteration:
                self._end()
            except BaseException:
                self._end()
                raise
            raise StopIteration
        finally:
            self._inside.release()

    async def _advance(self, advance: Callable[[AsyncGenerator[T, None]], Awaitable[T]]) -> T:
        if self._generator is None and self._make is not None:
            self._generator = self._make()
            if (loop := running()) is not None:
                loop.pinned.add(self._generator)  # only this class closes it, never the garbage collector
        return await advance(cast("AsyncGenerator[T, None]", self._generator))

    def _end(self) -> None:
        generator, self._make, self._generator = self._generator, None, None
        for source in self._sources:
            source.release()
        if (loop := running()) is not None and self._caller.is_of_this_process:
            loop.pinned.discard(generator)
            self._caller.close(loop)

    def __reduce__(self) -> str:
        raise TypeError("an iterator is neither pickled nor copied, like a generator: begin a new one")

    def __repr__(self) -> str:
        return f"<iterator of {self._name}>"

    def __del__(self) -> None:
        generator = getattr(self, "_generator", None)
        if generator is not None and (loop := running()) is not None and self._caller.is_of_this_process:
            loop.abandon(generator.aclose)
            self._end()


_NOTHING = object()


class _Source:
    """An iterable of the caller, read and released in the caller's thread."""

    def __init__(self, values: Iterable[Any], caller: CallingThread) -> None:
        self._values: Iterable[Any] | None = values
        self._caller = caller

    def release(self) -> None:
        """Release the iterable. If this is its last reference, it is destroyed in its owner's thread."""
        self._values = None

    def _begin(self) -> None:
        if self._values is not None:
            self._values = iter(self._values)

    def _next(self) -> Any:
        return next(cast("Any", self._values), _NOTHING) if self._values is not None else _NOTHING

    async def __aiter__(self) -> AsyncIterator[Any]:
        await self._caller.run(self._begin)
        while (value := await self._caller.run(self._next)) is not _NOTHING:
            yield value


def _crossing(value: Any, caller: CallingThread, sources: list[_Source] | None = None) -> Any:
    """Return a value in the form for the core.

    :param sources: List to which iterables for lazy reading are added. Default: iterables are read now.
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
    return callback(value, caller) if callable(value) else value
