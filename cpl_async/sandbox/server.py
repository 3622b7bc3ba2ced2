"""The sandbox server, which runs in a thread or in the foreground."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from .app import BASE_PATH, LEDGER_PATH, make_app
from .arrival_time import ArrivalSocket
from .clock import new_event_loop
from .context import SandboxContext
from .faults import Faults
from .ledger import Ledger
from .order_store import StoredOrder
from .settings import SandboxSettings
from .store import StoredDocument, StoredShipment

__all__ = ["Sandbox"]

START_TIMEOUT_SECONDS = 30.0
MAX_REQUEST_LINE_BYTES = 256 * 1024
"""Maximum length of a request line, enough for a query of fifty long references."""
T = TypeVar("T")


class Sandbox:
    """A local CPL server.

        with Sandbox(SandboxSettings(speed=20)) as sandbox:
            client = Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url)

    It runs in a thread with its own event loop, so that it works for synchronous code, too.
    """

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        self.settings: SandboxSettings = settings or SandboxSettings()
        self._context = SandboxContext(self.settings)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def base_url(self) -> str:
        """Base URL for clients, up to and including ``/myapi2``; empty until the sandbox is bound."""
        return self._context.base_url

    @property
    def ledger_url(self) -> str:
        """URL of the ledger's statistics as JSON; not part of the API and without rate limit."""
        return self._context.base_url.removesuffix(BASE_PATH) + LEDGER_PATH

    @property
    def ledger(self) -> Ledger:
        """Recorded requests, for assertions in tests."""
        return self._context.ledger

    @property
    def faults(self) -> Faults:
        """Faults to inject."""
        return self._context.faults

    def shipments(self) -> list[StoredShipment]:
        """Return all accepted shipments, for assertions in tests."""
        return self._read(self._context.store.all_shipments)

    def orders(self) -> list[StoredOrder]:
        """Return all accepted orders, for assertions in tests."""
        return self._read(self._context.orders.all)

    def documents(self) -> list[StoredDocument]:
        """Return all received customs documents, for assertions in tests."""
        return self._read(self._context.store.documents)

    def advance(self, seconds: float) -> None:
        """Advance the sandbox's clock, so that imports end and parcels move. Limits and tokens are not affected.

        :param seconds: Seconds of the sandbox's clock, at least 0.
        """
        self._context.clock.advance(seconds)

        def save() -> list[None]:
            self._context.store.save_time(self._context.clock.now())
            return []

        self._read(save)

    def _read(self, query: Callable[[], list[T]]) -> list[T]:
        """Run a query in the thread that owns the store."""
        loop = self._loop
        if loop is None or not loop.is_running():
            return query()

        async def read() -> list[T]:
            return query()

        return asyncio.run_coroutine_threadsafe(read(), loop).result(START_TIMEOUT_SECONDS)

    def expire_tokens(self) -> None:
        """Invalidate all issued tokens."""
        self._context.tokens.expire_all()

    def bind(self) -> None:
        """Bind the port, so that the base URL is known.

        :raises OSError: If the port is in use, or the host is not an address of this machine.
        """
        family = socket.AF_INET6 if ":" in self.settings.host else socket.AF_INET
        listener = ArrivalSocket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.settings.host, self.settings.port))
            listener.listen(128)
        except OSError:
            listener.close()
            self._context.store.close()
            raise
        listener.setblocking(False)
        self._socket = listener
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        self._context.base_url = f"http://{host}:{listener.getsockname()[1]}{BASE_PATH}"

    def start(self) -> Self:
        """Start the server in a new thread, and wait until it accepts requests."""
        if self._socket is None:
            self.bind()
        self._thread = threading.Thread(target=self._run, name="cpl-sandbox", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT_SECONDS) or self._failure is not None:
            raise RuntimeError("the sandbox did not start") from self._failure
        return self

    def stop(self) -> None:
        """Stop the server and abort open requests."""
        if self._loop is not None and self._done is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._done.set)
        if self._thread is not None:
            self._thread.join(START_TIMEOUT_SECONDS)
            self._thread = None
        self._context.store.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self.serve())
        except BaseException as error:
            self._failure = error
            self._ready.set()

    async def serve(self) -> None:
        """Serve in the running event loop until :meth:`stop` is called or the task is cancelled."""
        if self._socket is None:
            self.bind()
        assert self._socket is not None  # noqa: S101 - set by bind
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        logger = logging.getLogger("cpl_async.sandbox")
        runner = web.AppRunner(
            make_app(self._context),
            access_log=None,
            logger=logger,
            shutdown_timeout=0.2,
            max_line_size=MAX_REQUEST_LINE_BYTES,
        )
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket).start()
            self._ready.set()
            await self._done.wait()
        finally:
            await runner.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
