"""Tracebacks without local variables, which hold personal data during a call."""

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
    """Return a coroutine function whose errors have full tracebacks, but without local variables.

    Error reporting tools, and `logging` with some formatters, show the local variables of each frame.

    :param call: Coroutine function.
    :return: Function with the same signature.
    """

    @functools.wraps(call)
    async def cleared(*args: Any, **options: Any) -> T:
        try:
            return await call(*args, **options)
        except BaseException as error:
            del args, options
            _clear(error)
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next  # without the frame of this wrapper
            raise  # adds no frame

    return cleared


def _clear(error: BaseException) -> None:
    """Clear this package's frames of an error and of its causes and contexts, suppressed ones included."""
    cleared: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is not None and id(current) not in cleared:
            cleared.add(id(current))
            clear_frames(_own_frames(current.__traceback__))
            waiting += [current.__cause__, current.__context__]


def _own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback from the first frame of this package, or ``None`` if there is no such frame."""
    while traceback is not None and not traceback.tb_frame.f_code.co_filename.startswith(PACKAGE):
        traceback = traceback.tb_next
    return traceback
