"""A server on loopback that answers with raw bytes, also those that no HTTP library would send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from attrs import Factory, define

__all__ = ["TOKEN", "HostileServer", "hostile_server", "response"]

TOKEN = b'{"access_token":"t0ken","token_type":"Bearer","expires_in":1800,"scope":"myapi2"}'


def response(body: bytes, *, status: str = "200 OK", headers: Iterable[str] = (), length: int | None = None) -> bytes:
    """Return a response as it goes over the wire.

    :param headers: Further header lines.
    :param length: Value of ``Content-Length``. Default: that of the body.
    """
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    if not any(header.lower().startswith("content-type:") for header in headers):
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, *headers, "", ""]).encode("utf-8", "surrogateescape") + body


@define
class HostileServer:
    """Answers each call with the bytes set for the first part of its path, and token requests with a token."""

    port: int = 0
    scripts: dict[str, bytes] = Factory(dict)
    """First part of the path to the response's bytes."""
    keeps_open: bool = False
    """Whether a connection goes on after such a response."""
    endless: bytes = b""
    """What is sent after the response again and again, until the client closes the connection."""
    login: bytes | None = None
    """The response to token requests; the usual one where it is ``None``."""
    calls: int = 0
    """Requests other than for a token."""
    sent: int = 0
    """Bytes written after the head of an endless response."""

    def base_url(self, name: str = "base") -> str:
        """Return the base URL of a client whose calls are answered with ``scripts[name]``."""
        return f"http://127.0.0.1:{self.port}/{name}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while line := await reader.readline():
                await self._read_rest(reader)
                path = line.split(b" ")[1].decode()
                if path.endswith("/login/getAccessToken"):
                    writer.write(response(TOKEN) if self.login is None else self.login)
                    if self.login is None or self.keeps_open:
                        continue
                    return
                self.calls += 1
                writer.write(self.scripts[path.split("/")[1]])
                while self.endless:
                    writer.write(self.endless)
                    self.sent += len(self.endless)
                    await writer.drain()
                if not self.keeps_open:
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _read_rest(self, reader: asyncio.StreamReader) -> None:
        length = 0
        while (line := (await reader.readline()).strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        await reader.readexactly(length)


@asynccontextmanager
async def hostile_server() -> AsyncIterator[HostileServer]:
    """Run a server on this loop."""
    hostile = HostileServer()
    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await hostile.handle(reader, writer)
        finally:
            handlers.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    hostile.port = server.sockets[0].getsockname()[1]
    try:
        yield hostile
    finally:
        hostile.endless = b""
        server.close()
        for task in list(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
