"""``cpl sandbox``: a CPL server for this machine, in the foreground."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ..settings import is_loopback
from .failures import fail, needing_extra, plain_failures
from .output import print_text, say

__all__ = ["sandbox"]


@click.command(short_help="Run a CPL server for tests on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--speed", type=click.FloatRange(0.01), default=1.0, show_default=True, help="Of the clock of imports and journeys."
)
@click.option("--import-seconds", type=click.FloatRange(0), default=1.0, show_default=True, help="An import takes.")
@click.option(
    "--journey-seconds",
    type=click.FloatRange(1),
    default=129_600.0,
    show_default=True,
    help="From the import to a usual delivery, by the same clock.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same delays.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME=SHARE",
    help="What goes wrong, and how often: lost-answer=0.05. Any number of times; a wrong name lists all.",
)
@click.option("--visible-after", type=click.FloatRange(0), default=0.0, help="Seconds until a shipment can be found.")
@click.option("--visible-tail", type=click.FloatRange(0), default=0.0, help="Shape of their heavy tail; 0 for none.")
@click.option("--cheap-labels", is_flag=True, help="Labels with the number and its barcode only, for load.")
@click.option("--state", type=click.Path(path_type=Path), help="File that keeps the state; in memory without one.")
def sandbox(faults: tuple[str, ...], **chosen: Any) -> None:
    """Run a sandbox until Ctrl-C. It behaves like the carrier's API, and nothing leaves this machine.

    \b
    Example:
      cpl sandbox --port 8080
      cpl sandbox --fault lost-answer=0.05 --fault 503=0.02 --visible-after 3
    """
    with plain_failures():
        with needing_extra("sandbox"):
            from ..sandbox import Sandbox, SandboxSettings
        try:
            server = Sandbox(SandboxSettings(**chosen))
            _play(server, faults)
        except (OSError, ValueError, sqlite3.Error) as error:
            fail(f"the sandbox cannot start: {error}")
        try:
            server.bind()
        except OSError as error:
            fail(f"{chosen['host']}:{chosen['port']} cannot be used: {error.strerror or error}")
        for name, value in (
            ("CPL_BASE_URL", server.base_url),
            ("CPL_CLIENT_ID", "sandbox"),
            ("CPL_CLIENT_SECRET", "sandbox"),
        ):
            print_text(f"export {name}={value}")
        if not is_loopback(chosen["host"]):
            say(f"warning: {chosen['host']} can be reached from other machines")
        say("sandbox is running, Ctrl-C ends it")
        try:
            asyncio.run(_serve(server))
        finally:
            server.stop()


def _play(server: Any, faults: tuple[str, ...]) -> None:
    """Configure the faults of the sandbox.

    :raises ValueError: A fault cannot be parsed or is not known.
    """
    for text in faults:
        name, _, share = text.partition("=")
        try:
            number = float(share)
        except ValueError:
            number = -1.0
        server.faults.play(name, number)


async def _serve(server: Any) -> None:
    serving = asyncio.ensure_future(server.serve())
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serving
