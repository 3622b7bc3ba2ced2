"""What broke the sandbox once: restarts, two at once, odd bytes, numbers in disguise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from yarl import URL

from cpl_async import Address, Client, DormantShipment, LabelSettings, ShipmentSet, ShipmentSetItem, ValidationError
from cpl_async.sandbox import Sandbox, SandboxSettings

from ..conftest import shipment
from .conftest import GOOD, Peer

MakeClient = Callable[..., Client]
DAY = 86_400


async def test_time_does_not_run_back_after_a_restart(tmp_path: Path, make_client: MakeClient) -> None:
    settings = SandboxSettings(speed=50, state=tmp_path / "state")
    with Sandbox(settings) as sandbox:
        client = make_client(sandbox)
        batch = await client.shipment_batches.create([shipment("a")])
        number = (await batch.wait()).numbers[0]
        sandbox.advance(30 * DAY)
        assert (await client.shipments.list(shipment_numbers=[number])).items[0].is_final
    with Sandbox(settings) as sandbox:
        client = make_client(sandbox)
        assert (await client.shipments.list(shipment_numbers=[number])).items[0].is_final
        with pytest.raises(ValidationError):
            await client.shipments.cancel(number)


def test_two_sandboxes_do_not_share_a_file(tmp_path: Path) -> None:
    settings = SandboxSettings(state=tmp_path / "state")
    with Sandbox(settings), pytest.raises(OSError, match="another sandbox may be using it"):
        Sandbox(settings)
    Sandbox(settings).start().stop()
    (tmp_path / "other").write_bytes(b"no database at all" * 100)
    with pytest.raises(OSError, match="cannot be opened"):
        Sandbox(SandboxSettings(state=tmp_path / "other"))
    for speed in (0.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="speed"):
            Sandbox(SandboxSettings(speed=speed))


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


async def test_a_drawing_is_well_formed_whatever_is_written_on_it(client: Client) -> None:
    name = "a\x00b\x01\ufffec<&>"
    batch = await client.shipment_batches.create(
        [shipment("a", recipient=Address(name=name, zip_code="1", country="CZ"))], labels=LabelSettings(format="Svg")
    )
    await batch.wait()
    drawing: Any = (await batch.label(limit=1)).content
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
