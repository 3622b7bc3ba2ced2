"""Options of every command that uses the API, and the client made from them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
from attrs import frozen

from ..client import Client
from ..transport.events import Event, EventKind
from .access import Access, Chosen, access_options
from .failures import INTERRUPTED, needing_extra, plain_failures, quiet_libraries
from .languages import NAMES, of_server
from .output import say

__all__ = ["LANGUAGE", "Connection", "connected"]

LANGUAGE = "en-GB"
"""Language of server messages, so that all output of the command is in one language."""
P = ParamSpec("P")
T = TypeVar("T")


@frozen(kw_only=True)
class Connection:
    """The system of a command, and the format of its output."""

    chosen: Chosen
    sandbox: bool
    language: str | None
    as_json: bool

    def run(self, call: Callable[[Client], Awaitable[T]]) -> T:
        """Make a call with a client and return its result."""
        with self._reached() as access:
            return asyncio.run(_run_with_client(access, self.language, call))

    @contextmanager
    def _reached(self) -> Iterator[Access]:
        if not self.sandbox:
            yield self.chosen.access()
            return
        if self.chosen.anything:
            raise click.UsageError("--sandbox takes no credentials and no address")
        with needing_extra("sandbox"):
            from ..sandbox import Sandbox, SandboxSettings
        with Sandbox(SandboxSettings()) as server:
            yield Access(client_id="sandbox", client_secret="sandbox", base_url=server.base_url)  # noqa: S106 - a secret of the sandbox only


async def _run_with_client(access: Access, language: str | None, call: Callable[[Client], Awaitable[T]]) -> T:
    told = language or access.options.get("language") or LANGUAGE
    async with access.client(language=of_server(told), on_event=_tell) as client:
        return await call(client)


def _tell(event: Event) -> None:
    """Print that a call is retried, so that the user knows why it takes longer."""
    if event.kind is EventKind.RETRY:
        say(f"trying again: {event.operation} ({event.error})")


def connected(command: Callable[Concatenate[Connection, P], None]) -> Callable[..., Any]:
    """Add the options of the connection to a command, which receives the connection as its first argument."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON with the API's own names, and nothing else.")
    @click.option("--language", type=NAMES, help=f"Language of server messages. Default: {LANGUAGE}.")
    @click.option("--sandbox", is_flag=True, help="Ask a new sandbox in this process; no credentials.")
    @access_options
    @wraps(command)
    def call(*arguments: Any, **chosen: Any) -> None:
        own = {name: chosen.pop(name) for name in Connection.__annotations__}
        quiet_libraries()
        with plain_failures():
            try:
                command(Connection(**own), *arguments, **chosen)
            except (KeyboardInterrupt, asyncio.CancelledError):
                say("stopped")
                raise SystemExit(INTERRUPTED) from None

    return call
