"""A plain client of the sandbox that keeps the pace by waiting: something else than our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from cpl_async.sandbox import Sandbox

GOOD: dict[str, Any] = {
    "referenceId": "a",
    "productType": "PRIV",
    "recipient": {"name": "A", "zipCode": "11000", "country": "CZ"},
    "externalNumbers": [{"code": "CUST", "externalNumber": "a"}],
}
LOGIN = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox", "scope": "myapi2"}


class Peer:
    """A plain client that keeps the pace by waiting."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self.session, self.base_url = session, base_url
        self.headers: dict[str, str] = {"Accept-Language": "en-GB"}

    async def __call__(self, method: str, path: str, *, wait: float = 0.045, **options: Any) -> tuple[int, Any, Any]:
        await asyncio.sleep(wait)
        headers = self.headers | options.pop("headers", {})
        async with self.session.request(method, self.base_url + path, headers=headers, **options) as answer:
            kind = answer.content_type
            body = await (answer.json(content_type=None) if kind.endswith("json") else answer.read())
            return answer.status, body, answer.headers

    async def log_in(self) -> dict[str, Any]:
        status, token, _ = await self("POST", "/login/getAccessToken", data=LOGIN)
        assert status == 200
        self.headers["Authorization"] = f"Bearer {token['access_token']}"
        return dict(token)


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[Sandbox], Peer]]:
    async with aiohttp.ClientSession() as session:
        yield lambda sandbox: Peer(session, sandbox.base_url)


@pytest.fixture
async def peer(sandbox: Sandbox, connect: Callable[[Sandbox], Peer]) -> Peer:
    peer = connect(sandbox)
    await peer.log_in()
    return peer
