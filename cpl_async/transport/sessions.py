"""Carries one request over HTTP and reads its answer, whatever its status; aiohttp does nothing behind our back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from yarl import URL

from .._version import __version__
from .answers import Answer
from .call import Call, TransportSettings
from .form import FormBody
from .token import Token
from .wire import Body, Exchange, PacedRequest

__all__ = ["CONNECT_TIMEOUT", "READ_TIMEOUT", "Sessions"]

CONNECT_TIMEOUT = 15.0
READ_TIMEOUT = 30.0
"""Seconds without a byte after which a read is given up and tried again; a write waits until its time is up."""
IDLE_BODY = 5.0
"""Seconds for a body that says nothing which the headers have not said."""
READS_KEPT = 15.0
WRITES_KEPT = 2.0
"""Seconds that an idle connection is kept. Writes use a fresh or very recently used one: a stale one loses answers."""


TIMES = {
    writes: aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=None if writes else READ_TIMEOUT)
    for writes in (True, False)
}
"""Time-outs of a request that writes, and of one that does not; made once, for they are costly."""


class Sessions:
    """The connections of one client: those that read are kept longer than those that write."""

    def __init__(self, base: URL, settings: TransportSettings) -> None:
        self._prefix = str(base)
        self._settings = settings
        self._reads = self._session(READS_KEPT)
        self._writes = self._session(WRITES_KEPT)

    def _session(self, kept: float) -> aiohttp.ClientSession:
        settings = self._settings
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=kept, ssl=settings.ssl or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=PacedRequest,
            headers={"User-Agent": f"cpl-sdk/{__version__}"},
            trust_env=settings.trust_env,
            raise_for_status=False,
        )
        # aiohttp sends GET and PUT again by itself when a kept connection drops, past the pace and the events.
        # It offers no public switch; a test holds that this one still works.
        session._retry_connection = False
        return session

    @property
    def closed(self) -> bool:
        """Whether the connections were closed."""
        return self._reads.closed

    async def close(self) -> None:
        """Close the connections."""
        await self._reads.close()
        await self._writes.close()

    async def carry(self, call: Call, headers: Mapping[str, str], exchange: Exchange, token: Token | None) -> Answer:
        """Send one request and read its answer.

        :param token: goes into ``Authorization``; ``None`` leaves it out.
        :raises aiohttp.ClientError: when no answer could be read; ``exchange`` knows how far the request came.
        """
        sent = dict(headers)
        if token is not None:
            sent["Authorization"] = token.header
        body: Body | FormBody | None = None
        skipped: tuple[str, ...] | None = None  # aiohttp has a shorter way for None than for ()
        if call.body:
            body = Body(call.body, call.content_type, exchange)
        elif call.files:
            body = FormBody("files", call.files, exchange)
        elif call.method in ("POST", "PUT"):  # an empty body needs a length and no type
            sent["Content-Length"] = "0"
            skipped = ("Content-Type",)
        session = self._writes if call.writes else self._reads
        response = await session.request(
            call.method,
            call.url or self.url(call),
            data=body,
            headers=sent,
            skip_auto_headers=skipped,
            allow_redirects=False,
            proxy=self._settings.proxy,
            timeout=TIMES[call.writes],
        )
        matters = call.body_matters or response.status >= 300
        try:
            if matters:
                content = await response.read()
            else:
                async with asyncio.timeout(IDLE_BODY):
                    content = await response.read()
        except (aiohttp.ClientError, OSError):
            if matters:
                raise
            content = b""
        finally:
            response.release()
        exchange.answered = True
        return Answer(status=response.status, headers=response.headers, body=content)

    def url(self, call: Call) -> URL:
        """Return the address of a call, its query included."""
        url = URL(self._prefix + call.path, encoded=True)
        return url.with_query(list(call.query)) if call.query else url
