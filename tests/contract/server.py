"""A server that catches what the SDK sends at the socket, and answers what a test says."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web
from attrs import Factory, define, frozen

__all__ = ["Caught", "Server", "serving"]

TOKEN = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 1800, "scope": "myapi2"}


@frozen(kw_only=True)
class Caught:
    """One request as it came."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes


@define
class Server:
    """What it caught, and what it answers next."""

    base_url: str = ""
    caught: list[Caught] = Factory(list)
    status: int = 200
    headers: dict[str, str] = Factory(dict)
    body: bytes = b""

    def answer(self, data: Any = None, *, status: int = 200, **headers: str) -> None:
        """Say what is answered from now on, as JSON."""
        self.status = status
        self.body = b"" if data is None else orjson.dumps(data)
        self.headers = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        login = request.path.endswith("/login/getAccessToken")
        self.caught.append(
            Caught(
                method=request.method,
                path=request.raw_path.partition("?")[0],
                query=list(request.query.items()),
                headers=dict(request.headers),
                body=body,
            )
        )
        if login:
            return web.json_response(TOKEN)
        return web.Response(status=self.status, headers=self.headers, body=self.body)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """Run a server on this loop."""
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", server._handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    server.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/base"
    try:
        yield server
    finally:
        await runner.cleanup()
