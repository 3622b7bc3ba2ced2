"""No response is larger in memory than the limit of its kind, and the outcome is right although it was cut."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import Any

import aiohttp
import orjson
import pytest

from cpl_async import Client, CplError, ProtocolError, ServerError, TransportError, ValidationError
from cpl_async.transport import response_body as bodies
from cpl_async.transport.response_body import ERROR_BYTES, JSON_BYTES, LABEL_BYTES

from ..conftest import shipment
from ..hostile import HostileServer, hostile_server, response

Call = Callable[[Client], Awaitable[Any]]
READS: dict[str, Call] = {
    "page": lambda client: client.shipments.list(tries=1),
    "object": lambda client: client.shipment_batches.get("b1", tries=1),
    "label": lambda client: client.data.get("l1", tries=1),
    "labels": lambda client: client.shipment_batches.label("b1", tries=1),
}
WRITES: dict[str, Call] = {
    "set": lambda client: client.shipment_batches.connect_set(["1", "2"]),
    "range": lambda client: client.customer.create_number_range({}),
}
WITHOUT_BODY: dict[str, Call] = {
    "create": lambda client: client.shipment_batches.create([shipment()]),
    "cancel": lambda client: client.shipments.cancel("1"),
}


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with hostile_server() as running:
        yield running


async def made(server: HostileServer, call: Call, raw: bytes) -> Any:
    """Make a call that is answered with raw bytes."""
    server.scripts["base"] = raw
    async with Client(client_id="a", client_secret="b", base_url=server.base_url()) as client:
        return await call(client)


@cache
def bomb(size: int) -> bytes:
    """Return that many blanks, compressed to a thousandth."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * 2**20) for _ in range(size // 2**20)) + packer.flush()


def test_the_limits_leave_room_for_what_the_contract_allows() -> None:
    assert JSON_BYTES > 1000 * 20_000  # shipments of a page, with some 60 events each
    assert LABEL_BYTES > 200 * 1_000_000  # labels of a document
    assert ERROR_BYTES > 1000 * 500  # shipments of a batch, each with a problem


@pytest.mark.parametrize("kind", ["compressed", "endless", "announced"])
@pytest.mark.parametrize("name", [*READS, *WRITES])
async def test_a_body_over_the_limit_has_the_right_outcome(
    server: HostileServer, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpl_async.resources.data.LABEL_BYTES", 48 * 2**20)
    monkeypatch.setattr("cpl_async.resources.shipment_batches.LABEL_BYTES", 48 * 2**20)
    largest = 0

    def counting(pieces: list[bytes]) -> bytes:
        nonlocal largest
        largest = max(largest, sum(map(len, pieces)))
        return b"".join(pieces)

    monkeypatch.setattr(bodies, "joined", counting)
    raw = response(bomb(64 * 2**20), headers=["Content-Encoding: gzip"])
    if kind == "endless":
        raw, server.endless = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" " * 65536
    elif kind == "announced":
        raw, server.endless = response(b"", length=10 * 2**30), b" " * 65536
    with pytest.raises(ProtocolError, match=r"a body of more than [0-9,]+ bytes") as caught:
        await made(server, READS.get(name) or WRITES[name], raw)
    assert caught.value.status == 200
    assert caught.value.outcome == ("rejected" if name in READS else "unknown")
    assert server.calls == 1
    assert server.sent < 3 * 48 * 2**20
    assert largest < 1000  # the token; what is over the limit is not put together


@pytest.mark.parametrize("kind", ["compressed", "endless"])
@pytest.mark.parametrize("name", WITHOUT_BODY)
async def test_a_body_that_says_nothing_is_not_read_to_its_end(server: HostileServer, name: str, kind: str) -> None:
    headers = ["Location: https://x.example/shipment/batch/b-1"]
    raw = response(bomb(64 * 2**20), status="201 Created", headers=[*headers, "Content-Encoding: gzip"])
    if kind == "endless":
        raw, server.endless = f"HTTP/1.1 201 Created\r\n{headers[0]}\r\n\r\n".encode(), b" " * 65536
    result = await made(server, WITHOUT_BODY[name], raw)
    assert name == "cancel" or result.id == "b-1"
    assert server.sent < 16 * 2**20


@pytest.mark.parametrize("kind", ["compressed", "endless", "broken off", "not gzip", "many members"])
@pytest.mark.parametrize("name", [*READS, *WRITES, *WITHOUT_BODY])
@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [("400 Bad Request", ValidationError, "rejected"), ("500 Oh", ServerError, "unknown")],
)
async def test_an_error_is_what_its_status_says_whatever_its_body_is(
    server: HostileServer, name: str, kind: str, status: str, error: type[CplError], outcome: str
) -> None:
    gzipped = {
        "compressed": bomb(64 * 2**20),
        "not gzip": b'{"title":"no"}',
        "many members": gzip.compress(b" ") * 5000,
    }
    raw = response(gzipped.get(kind, b""), status=status, headers=["Content-Encoding: gzip"])
    if kind == "endless":
        raw, server.endless = f"HTTP/1.1 {status}\r\n\r\n".encode(), b" " * 65536
    elif kind == "broken off":
        raw = response(b'{"title":"no"', status=status, length=500)
    with pytest.raises(error) as caught:
        await made(server, (READS | WRITES | WITHOUT_BODY)[name], raw)
    assert caught.value.outcome == outcome
    assert server.calls == 1


async def test_an_error_with_1000_problems_is_below_the_limit(server: HostileServer) -> None:
    errors = {f"Shipments[{n}].recipient.zipCode": ["x" * 400] for n in range(1000)}
    raw = response(orjson.dumps({"status": 400, "title": "Bad", "errors": errors}), status="400 Bad Request")
    with pytest.raises(ValidationError) as caught:
        await made(server, WITHOUT_BODY["create"], raw)
    assert len(caught.value.problems) == 1000


@pytest.mark.parametrize("size", [2**20, JSON_BYTES - 2, JSON_BYTES - 1, JSON_BYTES])
@pytest.mark.parametrize("compressed", [False, True])
async def test_a_body_up_to_the_limit_is_read(server: HostileServer, size: int, compressed: bool) -> None:
    body = b"[]".rjust(size)
    raw = response(gzip.compress(body, 1), headers=["Content-Encoding: gzip"]) if compressed else response(body)
    assert (await made(server, READS["page"], raw)).items == []


async def test_memory_that_runs_out_is_an_error_of_ours(server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(pieces: list[bytes]) -> bytes:
        if sum(map(len, pieces)) > 1_000_000:
            raise MemoryError
        return b"".join(pieces)

    monkeypatch.setattr(bodies, "joined", fail)
    with pytest.raises(ProtocolError) as caught:
        await made(server, WRITES["set"], response(b"[" + b" " * 5_000_000 + b"]"))
    assert caught.value.outcome == "unknown"


async def test_a_token_of_any_length_is_refused(server: HostileServer) -> None:
    server.login = response(bomb(64 * 2**20), headers=["Content-Encoding: gzip"])
    with pytest.raises(ProtocolError, match="more than") as caught:
        await made(server, WITHOUT_BODY["create"], b"")
    assert caught.value.outcome == "not_sent"
    assert server.calls == 0


@pytest.mark.parametrize("identifier", ["\x85", "x" * 2000, "a\x1b[2J"])
async def test_a_created_batch_without_id_is_unknown(server: HostileServer, identifier: str) -> None:
    raw = response(b"", status="201 Created", headers=[f"X-Correlation-ID: {identifier}"])
    server.scripts["base"] = raw
    async with Client(client_id="a", client_secret="b", base_url=server.base_url()) as client:
        with pytest.raises(ProtocolError, match="without a Location") as caught:
            await client.shipment_batches.create([shipment()], correlation_id="mine")
    assert caught.value.outcome == "unknown"
    assert caught.value.correlation_id == "mine"


async def test_http_errors_in_a_body_are_errors_of_the_library(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(stream: aiohttp.StreamReader) -> bytes:
        if server.calls:  # not at the token
            raise RuntimeError("Connection closed.")
        return await read(stream)

    read = aiohttp.StreamReader.readany
    monkeypatch.setattr(aiohttp.StreamReader, "readany", fail)
    with pytest.raises(TransportError, match="broke off") as caught:
        await made(server, WRITES["set"], response(b"{}"))
    assert caught.value.outcome == "unknown"
    server.calls = 0
    with pytest.raises(ValidationError) as refused:
        await made(server, WRITES["set"], response(b"{}", status="400 Bad"))
    assert refused.value.outcome == "rejected"
