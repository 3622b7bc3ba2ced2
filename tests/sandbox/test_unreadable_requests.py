"""Requests with bytes, bodies and numbers that a server has to refuse."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from yarl import URL

from cpl_async import Client, DormantShipment, ShipmentSet, ShipmentSetItem, ValidationError
from cpl_async.sandbox import Sandbox

from ..conftest import shipment
from .conftest import GOOD, Peer


async def test_a_reserved_number_has_one_spelling_and_one_place(client: Client) -> None:
    series = await client.customer.create_number_range({"productType": "PRIV", "count": 10})
    first = int(series["from"])
    for odd in (f"0{first}", f"00{first}", f" {first}", f"{first}.0"):
        with pytest.raises(ValidationError, match=r"Číslo zásilky nelze použít"):
            await client.shipment_batches.create([shipment("a", shipment_number=odd)])
    items = [ShipmentSetItem(), ShipmentSetItem(shipment_number=str(first))]
    batch = await client.shipment_batches.create(
        [shipment("set", shipment_set=ShipmentSet(number_of_shipments=2, shipment_set_items=items))]
    )
    item = (await batch.wait()).items[0]
    assert item.shipment_number != str(first)
    assert [part.shipment_number for part in item.related_items] == [str(first)]
    asleep = DormantShipment(shipment_number=str(first + 1))
    await client.shipment_batches.create([shipment("b", dormant=asleep)])
    with pytest.raises(ValidationError, match=r"Číslo zásilky nelze použít"):
        await client.shipment_batches.create([shipment("c", dormant=asleep)])


@pytest.mark.parametrize("name", ["Authorization", "X-Correlation-ID", "Accept-Language", "X-LogLevel"])
async def test_bytes_that_are_no_text_break_nothing(sandbox: Sandbox, peer: Peer, name: str) -> None:
    url = URL(sandbox.base_url)
    headers = {"Authorization": peer.headers["Authorization"].encode()}
    headers[name] = b"Bearer \xff\xfe" if name == "Authorization" else b"\xff\xfe"
    lines = b"".join(key.encode() + b": " + value + b"\r\n" for key, value in headers.items())
    await asyncio.sleep(0.05)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"GET /myapi2/customer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + lines + b"\r\n")
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    assert status in (200, 400, 401)


async def test_odd_bodies_are_refused_and_what_follows_still_works(peer: Peer) -> None:
    bodies: list[dict[str, Any]] = [{"productType": {}}, {"productType": []}, {"count": "x"}, {"count": True}]
    for body in bodies:
        assert (await peer("POST", "/customer/numberRange", json=body))[0] == 400
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="\xff.pdf"\r\n\r\nx\r\n--x--\r\n'
    broken = b"--x\r\nno colon here\r\n\r\nx\r\n--x--\r\n"
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for content in (part, broken, b""):
        path = "/shipment/40900000001/documents?documentFileType=INV"
        assert (await peer("POST", path, data=content, headers=form))[0] == 400
    assert (await peer("POST", "/shipment/batch", json={"shipments": [GOOD]}))[0] == 201
