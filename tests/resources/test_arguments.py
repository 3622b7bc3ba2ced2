"""Arguments of calls: filters without values, documents that change, names that cannot be sent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from cpl_async import (
    Client,
    TransportError,
    ValidationError,
)
from cpl_async.resources import documents
from cpl_async.sandbox import Sandbox

from ..conftest import shipment


async def test_a_filter_without_values_never_means_all(sandbox: Sandbox, client: Client) -> None:
    for call in (client.shipments.list(customer_references=[]), client.orders.list(order_references=[])):
        with pytest.raises(ValidationError, match="would list everything"):
            await call
    assert [item async for item in client.shipments.iterate(shipment_numbers=[])] == []
    assert [item async for item in client.orders.iterate(order_numbers=[])] == []
    assert sandbox.ledger.entries == []


@pytest.mark.parametrize("how", ["grow", "shrink", "touch", "remove"])
async def test_a_document_that_changes_is_not_sent_as_whole(
    sandbox: Sandbox, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    batch = await client.shipment_batches.create([shipment("a")])
    number = (await batch.wait()).numbers[0]
    paper = tmp_path / "invoice.pdf"
    paper.write_bytes(b"x" * 200_000)
    real = documents.file_parts

    async def then_change(files: Any) -> Any:
        parts = await real(files)
        if how == "remove":
            paper.unlink()
        else:
            paper.write_bytes(b"y" * {"grow": 300_000, "shrink": 100, "touch": 200_000}[how])
        return parts

    monkeypatch.setattr("cpl_async.resources.shipments.file_parts", then_change)
    with pytest.raises(TransportError, match=r"invoice\.pdf was (changed|removed)"):
        await client.shipments.add_documents(number, files=[paper], document_file_type="INV")
    assert sandbox.documents() == []


async def test_a_name_that_cannot_be_sent_is_refused_at_once(sandbox: Sandbox, client: Client) -> None:
    for name in ("\udcff.pdf", "a\nb.pdf", "x" * 300 + ".pdf"):
        with pytest.raises(ValidationError, match="is not a valid file name"):
            await client.shipments.add_documents("1", files=[(name, b"x")], document_file_type="INV")
    assert sandbox.ledger.entries == []


async def test_an_error_names_the_one_thing_it_is_about(client: Client) -> None:
    with pytest.raises(ValidationError, match=r"shipments\.cancel: HTTP 400 \[12345\]"):
        await client.shipments.cancel("12345")


async def test_a_call_is_not_slow_to_say_what_is_wrong(client: Client) -> None:
    began = time.monotonic()
    for options in ({"tries": 0}, {"tries": 20}, {"timeout": -1}, {"timeout": 0}, {"tries": "x"}):
        chosen: Any = options
        with pytest.raises(Exception, match=r"timeout is|tries is"):
            await client.info.get(**chosen)
    assert time.monotonic() - began < 5


async def test_what_is_kept_is_not_changed_by_a_caller(client: Client) -> None:
    kept = client.codelists.cached()
    (await kept.products()).items[0].code = "X"
    assert (await kept.products()).items[0].code != "X"
