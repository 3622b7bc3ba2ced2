"""The result of a row follows from the state of its item."""

from __future__ import annotations

from typing import Any

import pytest

from cpl_async import ShipmentResultItem
from cpl_async.bulk.journal.batch_repository import OpenRow
from cpl_async.bulk.pipeline.import_result import result_from_item
from cpl_async.bulk.records import RowState
from cpl_async.models.codec import decode
from cpl_async.sandbox import Sandbox

from ...conftest import many_rows, write_rows
from ...pictures import codes_in
from ..shipping import Shipping, Totals, totals

CREATE = "shipment_batches.create"


def item(**fields: Any) -> ShipmentResultItem:
    return decode({"referenceId": "a"} | fields, ShipmentResultItem)


def part(state: str, number: str | None = None, **more: Any) -> dict[str, Any]:
    return {"importState": state, "shipmentNumber": number, "labelUrl": "u", "relationType": "ShipmentSet"} | more


@pytest.mark.parametrize(
    ("parcels", "fields", "state", "numbers"),
    [
        (1, {"importState": "InProcess"}, None, []),
        (1, {"importState": "Complete", "shipmentNumber": "1"}, RowState.CREATED, ["1"]),
        (1, {"importState": "Complete"}, None, []),
        (1, {"importState": "Error", "errorCode": "7"}, RowState.REJECTED, []),
        (3, {"importState": "Complete", "shipmentNumber": "1"}, None, []),
        (2, part("Complete", "1") | {"relatedItems": [part("InProcess")]}, None, []),
        (2, part("Complete", "1") | {"relatedItems": [part("Complete")]}, None, []),
        (
            3,
            part("Complete", "2") | {"relatedItems": [part("Complete", "3"), part("Complete", "1")]},
            RowState.CREATED,
            ["2", "1", "3"],
        ),
        (2, part("Complete", "1") | {"relatedItems": [part("Error")]}, RowState.UNDECIDED, ["1"]),
        (2, part("Error") | {"relatedItems": [part("Complete", "2")]}, RowState.UNDECIDED, ["2"]),
        (
            1,
            part("Complete", "1") | {"relatedItems": [part("Complete", "9", relationType="DocumentBack")]},
            RowState.CREATED,
            ["1", "9"],
        ),
    ],
)
def test_a_row_is_settled_only_when_all_its_parcels_are(
    parcels: int, fields: dict[str, Any], state: RowState | None, numbers: list[str]
) -> None:
    outcome = result_from_item(OpenRow(number=1, line=2, parcels=parcels), item(**fields))
    assert (outcome[0].state if outcome else None) == state
    assert [parcel.number for parcel in outcome[1]] == numbers if outcome else numbers == []


async def test_an_open_item_does_not_delay_labels_of_others(
    sandbox: Sandbox, shipping: Shipping, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))

    def delays(*_: Any) -> tuple[float, float, float]:
        return (0.0, 1e9, 1e9) if next(calls) == 1 else (0.0, 0.0, 0.0)

    monkeypatch.setattr("cpl_async.sandbox.handlers.shipment_batches.draw_delays", delays)
    path = write_rows(shipping.folder / "a.csv", many_rows(4, parcels="1"))
    summary = await shipping(path, import_timeout=1.0)
    assert totals(summary) == Totals(rows=4, shipped=3, undecided=1)
    assert "still being imported" in shipping.report()[1]["message"]
    shown = [row for row in shipping.report() if row["state"] == "shipped"]
    assert codes_in((shipping.folder / "out" / "labels.pdf").read_bytes()) == [
        [row["shipment_number"]] for row in shown
    ]
    assert totals(await shipping(path, import_timeout=0.0)) == Totals(rows=4, shipped=3, undecided=1)
    assert len(sandbox.ledger.of(CREATE)) == 1
