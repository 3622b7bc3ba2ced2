"""One request over HTTP and its response with any status, without retries or redirects by aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from weakref import WeakSet, WeakValueDictionary

import aiohttp
from yarl import URL

from .._version import __version__
from ..auth.token_cache import Token
from ..system.fork_safety import this_process
from .call import Call, TransportSettings
from .exchange import Body, Exchange, PacedRequest
from .multipart import MultipartBody
from .proxy import proxy_for
from .response_body import ERROR_BYTES, read_body
from .responses import Response

__all__ = ["CONNECT_TIMEOUT", "READ_TIMEOUT", "Sessions"]

CONNECT_TIMEOUT = 15.0
READ_TIMEOUT = 30.0
"""Seconds without a byte after which a read is abandoned and retried. A write waits until the deadline of its call."""
BODY_IDLE_SECONDS = 5.0
"""Seconds for a body that adds nothing to the headers."""
ERROR_BODY = 15.0
"""Seconds for the body of an error, which only adds details to its status."""
READS_KEPT = 15.0
WRITES_KEPT = 2.0
"""Seconds that an idle connection is kept. Writes use a new or very recently used one: a stale one loses responses."""


TIMES = {
    writes: aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=None if writes else READ_TIMEOUT)
    for writes in (True, False)
}
"""Timeouts of a request that writes, and of one that does not. Created once, because creating them is slow."""


class Pool:
    """Connections shared by all clients of a loop that connect in the same way, until the last of them is closed.

    Connections for reads are kept longer than those for writes.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: TransportSettings) -> None:
        self.loop = loop
        self.users: WeakSet[Sessions] = WeakSet()
        self.reads: aiohttp.ClientSession = self._session(settings, READS_KEPT)
        self.writes: aiohttp.ClientSession = self._session(settings, WRITES_KEPT)

    @classmethod
    def shared(cls, user: Sessions, settings: TransportSettings) -> Pool:
        """Return the pool of the running loop."""
        loop = asyncio.get_running_loop()
        key = id(loop), id(this_process()), id(settings.ssl)
        pool = _pools.get(key)
        if pool is None or pool.loop is not loop or not pool.users:
            pool = _pools[key] = cls(loop, settings)
        pool.users.add(user)
        return pool

    async def leave(self, user: Sessions) -> None:
        """Remove a user. The last one closes the connections."""
        self.users.discard(user)
        if not self.users:
            await self.reads.close()
            await self.writes.close()

    def _session(self, settings: TransportSettings, kept: float) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=kept, ssl=settings.ssl or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=PacedRequest,
            headers={"User-Agent": f"cpl-sdk/{__version__}"},
            trust_env=False,  # it would also use .netrc: see `proxy_for`
            raise_for_status=False,
        )
        # aiohttp resends GET and PUT by itself if a kept connection drops, without rate limit and events.
        # There is no public switch; a test checks that this private one still works.
        session._retry_connection = False
        return session


_pools: WeakValueDictionary[tuple[int, int, int], Pool] = WeakValueDictionary()
"""Weak, so the connections of unclosed clients are collected with them, and aiohttp warns about it."""


class Sessions:
    """Access of one client to the connections that it shares with others."""

    def __init__(self, base: URL, settings: TransportSettings) -> None:
        self._prefix = str(base)
        self._settings = settings
        self._pool = Pool.shared(self, settings)
        self._under_way: set[Exchange] = set()
        self.closed: bool = False
        """Whether this client is closed."""

    async def close(self) -> None:
        """Abort this client's requests in progress, and leave the connections to the other clients.

        A second call completes a first one that was cancelled.
        """
        self.closed = True
        for exchange in list(self._under_way):
            exchange.abort()
        await self._pool.leave(self)

    async def send(self, call: Call, headers: Mapping[str, str], exchange: Exchange, token: Token | None) -> Response:
        """Send one request and return its response.

        :param token: Token for ``Authorization``. ``None`` omits the header.
        :raises aiohttp.ClientError: No response could be read. ``exchange`` contains the progress of the request.
        """
        sent = dict(headers)
        if token is not None:
            sent["Authorization"] = token.header
        body: Body | MultipartBody | None = None
        skipped: tuple[str, ...] | None = None  # aiohttp handles None faster than ()
        if call.body:
            body = Body(call.body, call.content_type, exchange)
        elif call.files:
            body = MultipartBody("files", call.files, exchange)
        elif call.method in ("POST", "PUT"):  # an empty body needs a length and no type
            sent["Content-Length"] = "0"
            skipped = ("Content-Type",)
        session = self._pool.writes if call.writes else self._pool.reads
        self._under_way.add(exchange)
        try:
            return await self._send(session, call, body, sent, skipped, exchange)
        finally:
            self._under_way.discard(exchange)

    async def _send(
        self,
        session: aiohttp.ClientSession,
        call: Call,
        body: Body | MultipartBody | None,
        sent: Mapping[str, str],
        skipped: tuple[str, ...] | None,
        exchange: Exchange,
    ) -> Response:
        url = call.url or self.url(call)
        response = await session.request(
            call.method,
            url,
            data=body,
            headers=sent,
            skip_auto_headers=skipped,
            allow_redirects=False,
            proxy=proxy_for(url, proxy=self._settings.proxy, trust_env=self._settings.trust_env),
            timeout=TIMES[call.writes],
        )
        try:
            content, is_complete = await self._body(response, call)
        finally:
            response.release()
        exchange.answered = True
        return Response(status=response.status, headers=response.headers, body=content, is_complete=is_complete)

    async def _body(self, response: aiohttp.ClientResponse, call: Call) -> tuple[bytes, bool]:
        """Return the body of a response and whether it is complete.

        If status and headers determine the result, a truncated or endless body has no effect.

        :raises aiohttp.ClientError: The connection broke, and the body is needed.
        """
        is_error = response.status >= 300
        if call.body_matters and not is_error:
            return await read_body(response, call.limit)
        try:
            async with asyncio.timeout(ERROR_BODY if is_error else BODY_IDLE_SECONDS):
                content, _ = await read_body(response, ERROR_BYTES)
                return content, True
        except (aiohttp.ClientError, OSError):
            response.close()
            return b"", True

    def url(self, call: Call) -> URL:
        """Return the address of a call, including its query."""
        url = URL(self._prefix + call.path, encoded=True)
        return url.with_query(list(call.query)) if call.query else url
