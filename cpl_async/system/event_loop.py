"""The asyncio event loop that runs the calls."""

from __future__ import annotations

import asyncio
import sys

from ..errors import ConfigurationError

__all__ = ["running_loop"]


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the running event loop.

    :raises ConfigurationError: There is no asyncio loop, for example under `trio.run`. The message contains the
        solution.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        pass
    if "trio" in sys.modules:
        raise ConfigurationError(
            "cpl_async runs on asyncio, and no event loop of asyncio runs here",
            advice="Under trio call cpl_sync in a thread: await trio.to_thread.run_sync(cpl.info.get)",
        )
    raise ConfigurationError(
        "cpl_async runs on asyncio, and no event loop of asyncio runs here",
        advice="Use asyncio.run(…), or cpl_sync in code without await",
    )
