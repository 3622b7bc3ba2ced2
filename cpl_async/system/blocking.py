"""The one place where blocking work, such as reading a file, leaves the event loop for a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["run_blocking"]

P = ParamSpec("P")
T = TypeVar("T")


async def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function in a thread of the loop's executor and return its result.

    It is run to its end even if the caller is cancelled in the meantime.
    """
    return await asyncio.to_thread(function, *args, **kwargs)
