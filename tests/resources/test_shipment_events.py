"""What can still be changed of shipments: cancelling, contacts, documents, sets, numbers of one's own."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cpl_async import Address, CashOnDelivery, Client, ConfigurationError, ExternalNumber, Outcome, ValidationError
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import shipment

HOUR = 3600


async def made(client: Client, *references: str, **changes: Any) -> list[str]:
    """Create shipments and return their numbers."""
    numbers = [ExternalNumber(code="ESPN", external_number="set-1")]
    parcels = [shipment(reference, **{"external_numbers": numbers, **changes}) for reference in references]
    result = await (await client.shipment_batches.create(parcels, language="en-GB")).wait(timeout=20)
    return [str(item.shipment_number) for item in sorted(result.items, key=lambda item: item.reference_id or "")]


async def phase(client: Client, number: str) -> str | None:
    return (await client.shipments.list(shipment_numbers=[number])).items[0].phase


async def test_a_shipment_is_cancelled_only_before_pickup(sandbox: Sandbox, client: Client) -> None:
    first, second = await made(client, "a", "b")
    await client.shipments.cancel(first)
    assert await phase(client, first) == "Canceled"
    with pytest.raises(ValidationError, match="cancelled already"):
        await client.shipments.cancel(first, language="en-GB")
    sandbox.advance(6 * HOUR)
    with pytest.raises(ValidationError, match="on its way") as caught:
        await client.shipments.cancel(second, language="en-GB")
    assert caught.value.outcome is Outcome.REJECTED
    with pytest.raises(ValidationError, match="no such shipment"):
        await client.shipments.cancel("40900009999", language="en-GB")
    assert {await phase(client, first), await phase(client, second)} == {"Canceled", "InTransport"}


async def test_a_lost_cancellation_is_unknown_and_not_repeated(sandbox: Sandbox, client: Client) -> None:
    (number,) = await made(client, "a")
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipments.cancel"))
    with pytest.raises(Exception, match="outcome unknown"):
        await client.shipments.cancel(number)
    assert len(sandbox.ledger.of("shipments.cancel")) == 1


async def test_a_contact_that_is_added_shows_in_tracking(sandbox: Sandbox, client: Client) -> None:
    (number,) = await made(client, "a")
    await client.shipments.redirect(number, phone="+420777000000")
    await client.shipments.redirect(number, email="nova@example.com", contact="Vrátnice")
    recipient = (await client.shipments.list(shipment_numbers=[number])).items[0].recipient
    assert recipient is not None
    assert (recipient.contact, recipient.phone, recipient.email) == ("Vrátnice", "+420777000000", "nova@example.com")
    assert recipient.city == "Kolín"
    with pytest.raises(ValidationError, match="needs a contact"):
        await client.shipments.redirect(number)
    sandbox.advance(10 * 24 * HOUR)
    with pytest.raises(ValidationError, match="no longer on its way"):
        await client.shipments.redirect(number, phone="1", language="en-GB")


async def test_documents_are_sent_from_paths_and_bytes(sandbox: Sandbox, client: Client, tmp_path: Path) -> None:
    (number,) = await made(client, "a")
    paper = tmp_path / 'faktura "č. 1".PDF'
    paper.write_bytes(b"%PDF-1.4 " + bytes(range(256)) * 1000)
    await client.shipments.add_documents(number, files=[paper, ("list.txt", b"obsah")], document_file_type="INV")
    kept = sandbox.documents()
    assert [(document.number, document.type) for document in kept] == [(number, "INV")] * 2
    assert kept[0].content == paper.read_bytes()
    assert kept[0].name.endswith(".PDF")
    assert kept[1].content == b"obsah"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "at least one"),
        ("invoice.pdf", "at least one"),
        ([("virus.exe", b"x")], "allowed: pdf, doc, docx"),
        ([("no-ending", b"x")], "allowed: pdf"),
        ([("empty.pdf", b"")], "is empty"),
        ([("a.pdf", b"x" * 600_000), ("b.pdf", b"x" * 400_001)], "1000001 bytes, at most 1000000"),
    ],
)
async def test_invalid_documents_are_named_before_sending(
    sandbox: Sandbox, client: Client, files: Any, words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        await client.shipments.add_documents("40900000001", files=files, document_file_type="INV")
    assert sandbox.ledger.entries == []


async def test_a_document_that_cannot_be_read_or_changes_is_said(
    sandbox: Sandbox, client: Client, tmp_path: Path
) -> None:
    (number,) = await made(client, "a")
    with pytest.raises(ConfigurationError, match="is not a file"):
        await client.shipments.add_documents(number, files=[tmp_path / "none.pdf"], document_file_type="INV")
    assert sandbox.documents() == []
    with pytest.raises(ValidationError, match="Unknown kind"):
        await client.shipments.add_documents(
            number, files=[("a.pdf", b"x")], document_file_type="ZZZ", language="en-GB"
        )


async def test_shipments_are_combined_into_a_set_all_or_none(client: Client) -> None:
    numbers = await made(client, "a", "b", "c")
    assert await client.shipment_batches.connect_set(numbers) == {}
    found = (await client.shipments.list(shipment_numbers=numbers)).items
    sets = [parcel.shipment_set for parcel in found if parcel.shipment_set]
    assert [(part.master_shipment_number, part.shipments_in_set, part.shipment_in_set_number) for part in sets] == [
        (numbers[0], 3, place) for place in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"product_type": "BUSS"}, "the same product"),
        (
            {
                "product_type": "PRID",
                "cash_on_delivery": CashOnDelivery(cod_price=Decimal(9), cod_currency="CZK", cod_var_sym="1"),
            },
            "the same product",
        ),
        ({"external_numbers": []}, "ESPN"),
        ({"recipient": Address(name="A", zip_code="10115", country="DE")}, "cannot be combined"),
    ],
)
async def test_one_shipment_against_a_rule_splits_the_set(client: Client, changes: dict[str, Any], words: str) -> None:
    good = await made(client, "a", "b")
    (odd,) = await made(client, "c", **changes)
    with pytest.raises(ValidationError, match=words) as caught:
        await client.shipment_batches.connect_set([*good, odd], language="en-GB")
    assert caught.value.problems[0].path == "shipment_numbers[2]"
    found = (await client.shipments.list(shipment_numbers=[*good, odd])).items
    assert [parcel.shipment_set for parcel in found] == [None] * 3


async def test_a_set_is_not_made_of_what_is_on_its_way_or_of_one(sandbox: Sandbox, client: Client) -> None:
    numbers = await made(client, "a", "b")
    with pytest.raises(ValidationError, match="at least 2"):
        await client.shipment_batches.connect_set(numbers[:1])
    sandbox.advance(12 * HOUR)
    with pytest.raises(ValidationError, match="on its way"):
        await client.shipment_batches.connect_set(numbers, language="en-GB")


async def test_a_reserved_number_is_used_once(sandbox: Sandbox, client: Client) -> None:
    series = await client.customer.create_number_range({"productType": "PRIV", "count": 2})
    first, last = int(series["from"]), int(series["to"])
    assert last - first == 1
    numbers = await made(client, "a", shipment_number=str(first))
    assert numbers == [str(first)]
    for reference, number in (("again", first), ("foreign", last + 1), ("other", 40900000001)):
        with pytest.raises(ValidationError, match="cannot be used"):
            await made(client, reference, shipment_number=str(number))
    with pytest.raises(ValidationError, match="cannot be used"):
        await made(client, "product", shipment_number=str(last), product_type="BUSS")
    more = await client.customer.create_number_range({"productType": "PRIV", "count": 5})
    assert int(more["from"]) == last + 1
    with pytest.raises(ValidationError, match="1 to 100000"):
        await client.customer.create_number_range({"count": 0}, language="en-GB")
