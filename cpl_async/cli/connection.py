"""Options that every command which asks the API takes, and the client that they make."""

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
"""Of the server's words, so that all that the command says is in one language."""
P = ParamSpec("P")
T = TypeVar("T")


@frozen(kw_only=True)
class Connection:
    """The system that a command asks, and how it shows the answer."""

    chosen: Chosen
    sandbox: bool
    language: str | None
    as_json: bool

    def run(self, call: Callable[[Client], Awaitable[T]]) -> T:
        """Make a call with a client, and return what it returns."""
        with self._reached() as access:
            return asyncio.run(_carry(access, self.language, call))

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
            yield Access(client_id="sandbox", client_secret="sandbox", base_url=server.base_url)  # noqa: S106 - it opens nothing but the sandbox


async def _carry(access: Access, language: str | None, call: Callable[[Client], Awaitable[T]]) -> T:
    told = language or access.options.get("language") or LANGUAGE
    async with access.client(language=of_server(told), on_event=_tell) as client:
        return await call(client)


def _tell(event: Event) -> None:
    """Say that a call is tried again, so that nobody waits in the dark."""
    if event.kind is EventKind.RETRY:
        say(f"trying again: {event.operation} ({event.error})")


def connected(command: Callable[Concatenate[Connection, P], None]) -> Callable[..., Any]:
    """Give a command its connection, made of the options that all such commands take."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON with the API's own names, and nothing else.")
    @click.option("--language", type=NAMES, help=f"Of the server's words; {LANGUAGE} unless told.")
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
