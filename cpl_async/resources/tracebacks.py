"""Tracebacks without local variables: names and telephone numbers of people stand in them while a call is under way."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from traceback import clear_frames
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

__all__ = ["without_locals"]

PACKAGE = str(Path(__file__).parent.parent)
P = ParamSpec("P")
T = TypeVar("T")


def without_locals(call: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Have a call raise with all lines of its traceback, and without the local variables of any.

    Tools that report errors, and `logging` with some formatters, show the local variables of each line.

    :param call: A function with `async`.
    :return: The same function, with the same signature.
    """

    @functools.wraps(call)
    async def cleared(*args: Any, **options: Any) -> T:
        try:
            return await call(*args, **options)
        except BaseException as error:
            del args, options
            _clear(error)
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next  # its first line is the one above
            raise  # adds no line

    return cleared


def _clear(error: BaseException) -> None:
    """Clear our frames of an error and of those that it comes from, also where these are not shown."""
    cleared: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is not None and id(current) not in cleared:
            cleared.add(id(current))
            clear_frames(_ours(current.__traceback__))
            waiting += [current.__cause__, current.__context__]


def _ours(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback from its first line of this package on; the lines above it are the caller's."""
    while traceback is not None and not traceback.tb_frame.f_code.co_filename.startswith(PACKAGE):
        traceback = traceback.tb_next
    return traceback
