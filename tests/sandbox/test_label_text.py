"""Labels are well-formed whatever text they have."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from cpl_async import Address, Client, LabelSettings

from ..conftest import shipment


async def test_a_drawing_is_well_formed_whatever_is_written_on_it(client: Client) -> None:
    name = "a\x00b\x01\ufffec<&>"
    batch = await client.shipment_batches.create(
        [shipment("a", recipient=Address(name=name, zip_code="1", country="CZ"))], labels=LabelSettings(format="Svg")
    )
    await batch.wait()
    drawing: Any = (await batch.label(limit=1)).content
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
