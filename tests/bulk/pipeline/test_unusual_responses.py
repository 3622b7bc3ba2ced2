"""Whatever a single item, label or number of a response holds, it costs that item only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cpl_async import Label
from cpl_async.bulk.reconcile.evidence import hit_from
from cpl_async.models.codec import decode
from cpl_async.models.shipment_batches import ShipmentBatchResult, ShipmentResultItem
from cpl_async.models.shipments import TrackedShipment
from cpl_async.resources.data import Data
from cpl_async.resources.shipment_batches import ShipmentBatches
from cpl_async.sandbox import Sandbox
from cpl_async.system.atomic_file import named

from ...conftest import many_rows, write_rows
from ..shipping import Shipping, Totals, totals

Distort = Callable[[list[ShipmentResultItem]], object]


@pytest.fixture
def distort(monkeypatch: pytest.MonkeyPatch) -> Callable[[Distort], None]:
    """Change what the server says of the items of a batch, in the order of their references, once all are imported."""
    real = ShipmentBatches.get

    def use(change: Distort) -> None:
        async def get(self: ShipmentBatches, batch_id: str, **options: Any) -> ShipmentBatchResult:
            result = await real(self, batch_id, **options)
            if not result.settled:
                return ShipmentBatchResult()
            result.items.sort(key=lambda item: item.reference_id or "")
            change(result.items)
            return result

        monkeypatch.setattr(ShipmentBatches, "get", get)

    return use


def rows_of(shipping: Shipping, count: int = 4) -> Path:
    return write_rows(shipping.folder / "a.csv", many_rows(count))


@pytest.mark.parametrize(
    "address", ["//host/x", "https://[::1", "ftp://x/y", "\0", "http://", "x" * 9000, "/../..", "?"]
)
@pytest.mark.parametrize("label_format", ["Png", "Pdf"])
async def test_an_address_of_a_label_costs_that_label_only(
    shipping: Shipping, distort: Callable[[Distort], None], address: str, label_format: str
) -> None:
    def change(items: list[ShipmentResultItem]) -> None:
        items[1].label_url = address

    distort(change)
    summary = await shipping(rows_of(shipping), label_format=label_format)
    whole = label_format == "Pdf"  # labels of a whole batch come as pages, without their addresses
    assert totals(summary) == Totals(rows=4, shipped=4 if whole else 3, without_label=0 if whole else 1)
    assert [row["state"] for row in shipping.report()].count("shipped") == summary.shipped


@pytest.mark.parametrize("number", ["4" * 51, "40900\x00001", "4090 0001", "4090\n", "\u202e4090"])
async def test_a_number_that_is_none_costs_its_item_only(
    shipping: Shipping, sandbox: Sandbox, distort: Callable[[Distort], None], number: str
) -> None:
    def change(items: list[ShipmentResultItem]) -> None:
        items[2].shipment_number = number

    distort(change)
    assert totals(await shipping(rows_of(shipping))) == Totals(rows=4, shipped=3, undecided=1)
    assert "response about it cannot be used" in shipping.report()[2]["message"]
    assert totals(await shipping(rows_of(shipping))).undecided == 1
    assert len(sandbox.shipments()) == 4


async def test_a_number_for_two_rows_is_nobodys(shipping: Shipping, distort: Callable[[Distort], None]) -> None:
    def change(items: list[ShipmentResultItem]) -> None:
        items[2].shipment_number = items[0].shipment_number

    distort(change)
    assert totals(await shipping(rows_of(shipping))) == Totals(rows=4, shipped=2, undecided=2)
    assert [row["shipment_number"] for row in shipping.report()][::2] == ["", ""]
    assert "another row has the number" in shipping.report()[0]["message"]


async def test_a_number_of_an_earlier_batch_is_not_given_again(
    shipping: Shipping, distort: Callable[[Distort], None]
) -> None:
    first: list[str] = []

    def change(items: list[ShipmentResultItem]) -> None:
        first.append(items[0].shipment_number or "")
        items[0].shipment_number = first[0]

    distort(change)
    summary = await shipping(rows_of(shipping), batch_size=2, max_concurrency=1)
    assert totals(summary) == Totals(rows=4, shipped=3, undecided=1)
    assert [row["shipment_number"] for row in shipping.report()].count(first[0]) == 1


async def test_an_item_listed_twice_with_two_states_is_undecided(
    shipping: Shipping, distort: Callable[[Distort], None]
) -> None:
    def change(items: list[ShipmentResultItem]) -> None:
        items[1].reference_id = items[0].reference_id

    distort(change)
    summary = await shipping(rows_of(shipping), import_timeout=0.2)
    assert totals(summary) == Totals(rows=4, shipped=2, undecided=2)
    assert "it is listed twice" in shipping.report()[0]["message"]


async def test_words_of_the_carrier_with_a_nul_are_kept(shipping: Shipping, distort: Callable[[Distort], None]) -> None:
    def change(items: list[ShipmentResultItem]) -> None:
        found = {"referenceId": items[0].reference_id, "importState": "Error", "errorMessage": "no\0t"}
        items[0] = decode(found, ShipmentResultItem)

    distort(change)
    assert totals(await shipping(rows_of(shipping))) == Totals(rows=4, shipped=3, rejected=1)
    assert "no\ufffdt" in shipping.rejected()[0]["error"]


async def test_a_label_that_breaks_its_reader_is_lost_alone(
    shipping: Shipping, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Data.get

    async def get(self: Data, source: str, **options: Any) -> Label:
        label = await real(self, source, **options)
        if not broken:
            broken.append(source)
            return Label(content=None, content_type=label.content_type)  # type: ignore[arg-type]  # that is the point
        return label

    broken: list[str] = []
    monkeypatch.setattr(Data, "get", get)
    assert totals(await shipping(rows_of(shipping), label_format="Png")) == Totals(rows=4, shipped=3, without_label=1)


def test_similar_numbers_have_files_of_their_own() -> None:
    numbers = ["4090/1", "4090_1", "4090:1", "40901", "A1", "a1", "4" * 70, "4" * 71, "", "\ud800"]
    names = [named(number) for number in numbers]
    assert len(set(map(str.lower, names))) == len(numbers)
    assert named("40900000001") == "40900000001"
    assert max(map(len, names)) < 80


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "0001-01-01T00:00:00+14:00"])
def test_a_date_at_the_end_of_the_calendar_is_no_time(date: str) -> None:
    events = [{"statusId": 1, "eventDate": date}, {"statusId": 2, "eventDate": "2026-03-01T12:00:00Z"}]
    found = hit_from(decode({"shipmentNumber": "1", "trackAndTrace": {"events": events}}, TrackedShipment))
    assert found.began is not None
    assert found.last is not None
    assert max(found.began, 0) <= datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
