"""Labels are matched to parcels by place only where that is certain."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from cpl_async import Label, LabelFormat
from cpl_async.bulk.client_protocols import BulkClient
from cpl_async.bulk.journal.batch_repository import BatchRepository, ParcelRecord
from cpl_async.bulk.pipeline.label_fetcher import LabelFetcher
from cpl_async.sandbox.labels import LabelDrawer
from cpl_async.sandbox.labels.layout import LabelData


def pdf(*numbers: str) -> Label:
    labels = [LabelData(number=number, product="PRIV", recipient=("A",)) for number in numbers]
    return Label(content=LabelDrawer().draw(labels), content_type="application/pdf")


class Server:
    """Has a parcel more, or less, than the journal knows."""

    def __init__(self, page: Label) -> None:
        self.page, self.asked = page, list[str]()
        self.shipment_batches = self.data = self

    async def label(self, batch_id: str, **options: Any) -> Label:
        self.asked.append(f"page of {options['limit']}")
        return self.page

    async def get(self, source: str, **options: Any) -> Label:
        self.asked.append(source)
        return pdf(source)


class Known:
    """What the journal knows of a batch, and what it is told."""

    def __init__(self, numbers: list[str], whole: bool) -> None:
        self.numbers, self.whole = numbers, whole
        self.places: dict[str, tuple[str, int]] = {}

    async def parcels_of(self, batch: int) -> list[ParcelRecord]:
        return [
            ParcelRecord(row=row, number=number, master=number, place=1, label_url=number)
            for row, number in enumerate(self.numbers, 1)
        ]

    async def is_fully_settled(self, batch: int) -> bool:
        return self.whole

    async def record_labels(self, job: int, places: list[tuple[str, str, int]]) -> None:
        self.places |= {number: (file, page) for number, file, page in places}

    async def batch_is_labelled(self, batch: int, message: str) -> int:
        return len(self.places)


async def fetched(tmp_path: Path, server: Server, known: Known) -> None:
    labelling = LabelFetcher(
        client=cast("BulkClient", server),
        batches=cast("BatchRepository", known),
        job=1,
        label_format=LabelFormat.PDF,
        label_dir=tmp_path / "parts",
        picture_dir=tmp_path / "pictures",
        stop=asyncio.Event(),
        on_labelled=lambda _: None,
        on_end=lambda _: None,
    )
    await labelling.fetch(1, "remote")


async def test_a_whole_batch_comes_as_pages(tmp_path: Path) -> None:
    server, known = Server(pdf("1001", "1002")), Known(["1002", "1001"], whole=True)
    await fetched(tmp_path, server, known)
    assert server.asked == ["page of 200"]
    assert known.places == {"1001": ("parts/000001-0000.pdf", 0), "1002": ("parts/000001-0000.pdf", 1)}


@pytest.mark.parametrize(
    ("page", "numbers", "whole", "asked"),
    [
        (pdf("1001", "1002"), ["1001", "1002"], False, ["1001", "1002"]),  # something of the batch is not certain
        (
            pdf("1001", "1002", "1003"),
            ["1001", "1003"],
            True,
            ["page of 200", "1001", "1003"],
        ),  # one that we do not know
        (pdf("1001"), ["1001", "1002"], True, ["page of 200", "1001", "1002"]),  # one is missing
        (pdf("999", "1000"), ["1000", "999"], True, ["1000", "999"]),  # by text or by number? nobody says
    ],
)
async def test_uncertain_pages_are_fetched_label_by_label(
    tmp_path: Path, page: Label, numbers: list[str], whole: bool, asked: list[str]
) -> None:
    server, known = Server(page), Known(numbers, whole)
    await fetched(tmp_path, server, known)
    assert sorted(server.asked) == sorted(asked)
    assert known.places == {number: (f"parts/{number}.pdf", 0) for number in numbers}
