"""Responses that say nothing that can be relied on are errors with the right outcome, never values."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cpl_async import Client, CplError, Outcome, ProtocolError

from ..conftest import shipment
from ..hostile import HostileServer, hostile_server, response


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with hostile_server() as running:
        yield running


def client_of(server: HostileServer) -> Client:
    return Client(client_id="a", client_secret="b", base_url=server.base_url())


@pytest.mark.parametrize("status", ["101 Switching Protocols", "000 Nothing", "199 Odd", "102 Processing"])
async def test_a_status_below_200_is_never_a_success(server: HostileServer, status: str) -> None:
    server.scripts["base"] = response(b"{}", status=status, headers=["Location: /shipment/batch/b1"])
    async with client_of(server) as client:
        with pytest.raises(CplError) as read:
            await client.shipment_batches.get("b1", tries=1, timeout=2)
        assert read.value.outcome is not Outcome.NOT_SENT
        with pytest.raises(CplError) as written:
            await client.shipment_batches.create([shipment()], timeout=2)
        assert written.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("body", [b"", b"null", b" \r\n", b"[]", b"0"])
async def test_an_object_that_is_not_there_is_an_error(server: HostileServer, body: bytes) -> None:
    server.scripts["base"] = response(body)
    async with client_of(server) as client:
        with pytest.raises(ProtocolError, match=r"with (an empty body|a body that is not a JSON object)"):
            await client.shipment_batches.get("b1", tries=1)


@pytest.mark.parametrize("number", [b"18446744073709551616", b"1e20", b"9007199254740993.0", b"1e308"])
async def test_a_number_that_is_not_exact_is_an_unreadable_item(server: HostileServer, number: bytes) -> None:
    item = b'{"referenceId":"a","importState":"Complete","shipmentNumber":%s}'
    good = item % b'"40900000001"'
    server.scripts["base"] = response(b'{"items":[' + item % number + b"," + good + b"]}")
    async with client_of(server) as client:
        result = await client.shipment_batches.get("b1")
    odd, whole = result.items
    assert (odd.reference_id, odd.shipment_number) == ("a", None)
    assert "shipmentNumber" in (odd.unreadable or "")
    assert whole.shipment_number == "40900000001"


async def test_a_whole_number_is_text(server: HostileServer) -> None:
    server.scripts["base"] = response(b'{"items":[{"referenceId":7,"shipmentNumber":18446744073709551615}]}')
    async with client_of(server) as client:
        [item] = (await client.shipment_batches.get("b1")).items
    assert (item.reference_id, item.shipment_number) == ("7", "18446744073709551615")
