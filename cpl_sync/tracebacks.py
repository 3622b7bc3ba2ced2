"""Tracebacks without the bridge: only the caller's lines and those of the core remain."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

__all__ = ["BRIDGE", "outermost"]

F = TypeVar("F", bound=Callable[..., Any])
BRIDGE = str(Path(__file__).parent) + os.sep


def outermost(function: F) -> F:
    """Return a function whose errors show no frames between its caller and the core."""

    @functools.wraps(function)
    def bare(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = _below_the_bridge(error.__traceback__)
            raise  # adds no entry for this frame

    return cast("F", bare)


def _below_the_bridge(traceback: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that belongs to the core or to a callback."""
    found, last = traceback, None
    while found is not None:
        if found.tb_frame.f_code.co_filename.startswith(BRIDGE):
            last = found
        found = found.tb_next
    return last.tb_next if last is not None else traceback
