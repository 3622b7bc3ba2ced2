"""The handover manifest names every parcel that the driver takes, and adds them up."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from cpl_async.bulk.reports.manifest_data import ManifestHeader, ManifestRow, read_manifest_data, write_manifest_data
from cpl_async.bulk.reports.manifest_pages import Room, broken, paged
from cpl_async.bulk.reports.manifest_process import write_manifest
from cpl_async.bulk.reports.process import run_report_process

NOON = 1795518000.0  # 24 November 2026, 12:00 in Prague


def handover(**others: Any) -> ManifestHeader:
    known: dict[str, Any] = {
        "job": "vánoce",
        "at": NOON,
        "sender": ["Žluťoučký kůň & syn <s.r.o.>", "Příčná 12", "280 02 Kolín"],
    }
    return ManifestHeader(**(known | {"zone": "Europe/Prague"} | others))


def rows(number: int) -> Iterator[ManifestRow]:
    """Return so many shipments; each tenth is a set of three, each fourth has cash on delivery."""
    for index in range(number):
        parcels = 3 if index % 10 == 9 else 1
        yield ManifestRow(
            numbers=[str(40900000000 + 10 * index + part) for part in range(parcels)],
            reference=f"2026-{index:05}",
            town="Ústí nad Orlicí",
            zip_code="562 01",
            parcels=parcels,
            weight_kg=None if index % 7 == 6 else Decimal("1.10"),
            cod=Decimal("1234.10") if index % 4 == 0 else None,
            currency="EUR" if index % 8 == 0 else "CZK",
        )


def made(folder: Path, shipments: Iterable[ManifestRow], **others: Any) -> list[str]:
    """Return the text of each page of a protocol."""
    write_manifest_data(folder / "data.jsonl", handover(**others), shipments)
    write_manifest(folder / "data.jsonl", folder / "manifest.pdf")
    document = pypdfium2.PdfDocument(folder / "manifest.pdf")
    try:
        return [page.get_textpage().get_text_range().replace("\u00a0", " ") for page in document]
    finally:
        document.close()


def test_each_parcel_is_named_once_and_in_order(tmp_path: Path) -> None:
    text = "\n".join(made(tmp_path, rows(120)))
    assert re.findall(r"\b409\d{8}\b", text) == [number for row in rows(120) for number in row.numbers]
    assert re.findall(r"\b2026-\d{5}\b", text) == [row.reference for row in rows(120)]
    assert "5 40900000040 2026-00004 562 01 Ústí nad Orlicí 1 1,10 1 234,10 CZK" in text
    assert re.search(r"\b10 40900000090\s+40900000091\s+40900000092\s+2026-00009 562 01 Ústí nad Orlicí 3 1,10\b", text)


def test_totals_are_exact_for_each_currency(tmp_path: Path) -> None:
    last = made(tmp_path, rows(120))[-1]
    assert "Zásilky 120" in last
    assert "Balíky 144" in last
    assert "Hmotnost, kg 113,30, zásilek bez hmotnosti: 17" in last
    assert "Dobírka, CZK 18 511,50 (zásilek: 15)" in last
    assert "Dobírka, EUR 18 511,50 (zásilek: 15)" in last


def test_each_page_says_which_of_how_many_it_is(tmp_path: Path) -> None:
    pages = made(tmp_path, rows(120))
    assert len(pages) == 4
    assert [number for number, page in enumerate(pages, 1) if f"Strana {number} z 4" not in page] == []
    assert "Page 1 of 1" in made(tmp_path, rows(3), language="en")[0]


def test_both_sides_have_a_place_to_sign_by_the_last_parcels(tmp_path: Path) -> None:
    for number in (1, 15, 22, 23, 24, 30, 31, 32):
        pages = made(tmp_path, rows(number))
        for word in ("Předal (odesílatel)", "Převzal (řidič)", "Počet převzatých balíků"):
            assert [word in page for page in pages] == [False] * (len(pages) - 1) + [True]
        assert pages[-1].count("Podpis") == 2
        assert f"2026-{number - 1:05}" in pages[-1]


def test_czech_letters_and_markup_are_printed_literally(tmp_path: Path) -> None:
    odd = ManifestRow(numbers=["1"], reference="<b>Obj & spol.</b> %s", town="Žďár <i>", zip_code="1")
    page = made(tmp_path, [odd])[0]
    assert "Žluťoučký kůň & syn <s.r.o.>" in page
    assert "<b>Obj & spol.</b> %s" in page
    assert "1 Žďár <i>" in page


def test_a_long_reference_is_broken_and_not_cut(tmp_path: Path) -> None:
    reference = "".join(f"{number:05}" for number in range(10_000, 10_020))
    page = made(tmp_path, [ManifestRow(numbers=["1"], reference=reference)])[0]
    assert reference in re.sub(r"\s", "", page.replace("1 \r\n", ""))


def test_a_set_of_fifty_is_whole_on_one_page(tmp_path: Path) -> None:
    numbers = [str(40900000000 + number) for number in range(50)]
    pages = made(tmp_path, [*rows(20), ManifestRow(numbers=numbers, parcels=50)])
    assert [page.count("409000000") for page in pages][1] >= 50
    assert all(number in pages[1] for number in numbers)


def test_nothing_is_drawn_outside_the_margins(tmp_path: Path) -> None:
    wide = ManifestRow(
        numbers=["4" * 11],
        reference="W" * 100,
        town="W" * 50,
        zip_code="W" * 10,
        cod=Decimal("999999.99"),
        currency="CZK",
    )
    made(tmp_path, [wide] * 30, job="W" * 300, sender=["W" * 200])
    document = pypdfium2.PdfDocument(tmp_path / "manifest.pdf")
    for page in document:
        picture = page.render(scale=1).to_pil().convert("L")
        inner = (38, 30, picture.width - 38, picture.height - 30)
        picture.paste(255, inner)
        assert picture.getextrema() == (255, 255)
    document.close()


def test_of_the_recipient_no_more_than_the_place_can_be_given() -> None:
    names = {field.name for field in fields(ManifestRow)}
    assert names == {"numbers", "reference", "town", "zip_code", "parcels", "weight_kg", "cod", "currency"}


@pytest.mark.parametrize(("system", "shown"), [("production", False), ("sandbox", True), ("testing", True)])
def test_what_was_not_real_says_so(tmp_path: Path, system: str, shown: bool) -> None:
    assert ("NEPLATNÉ" in made(tmp_path, rows(1), system=system)[0]) is shown


def test_nothing_to_hand_over_is_said(tmp_path: Path) -> None:
    assert "Není co předat." in made(tmp_path, [])[0]


def test_the_same_data_make_the_same_file(tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        made(tmp_path, rows(5))
        files.append((tmp_path / "manifest.pdf").read_bytes())
    assert files[0] == files[1]


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_manifest_data(tmp_path / "data.jsonl", handover(), rows(20))
    head, found = read_manifest_data(tmp_path / "data.jsonl")
    assert head == handover()
    assert list(found) == list(rows(20))


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(1, 70))
def test_no_page_is_overfull_and_none_is_lost(heights: list[int], ending: int) -> None:
    shipments = [ManifestRow(numbers=[str(height)]) for height in heights]
    room = Room(first=70, other=100)
    paging = paged(shipments, lambda row: int(row.numbers[0]), room, lambda totals: ending)
    assert sum(paging.rows) == len(heights) == paging.totals.shipments
    left = list(heights)
    for page, count in enumerate(paging.rows):
        used = sum(left.pop(0) for _ in range(count))
        used += ending if page == len(paging.rows) - 1 else 0
        assert used <= (room.other if page else room.first)
    assert len(heights) < 2 or paging.rows[-1]  # nobody signs a page without parcels where there is a choice


@given(st.text(max_size=60), st.integers(1, 12))
def test_a_broken_text_keeps_its_letters_and_its_width(text: str, width: int) -> None:
    lines = broken(text, width, len)
    assert "".join(text.split()) == "".join("".join(lines).split())
    assert all(len(line) <= width for line in lines)


async def test_a_failed_manifest_leaves_the_old_one(tmp_path: Path) -> None:
    data, paper = tmp_path / "data.jsonl", tmp_path / "manifest.pdf"
    write_manifest_data(data, handover(), rows(3))
    assert await run_report_process("manifest", data) is None
    good = paper.read_bytes()
    assert good.startswith(b"%PDF")
    data.write_text(data.read_text(encoding="utf-8") + "{]\n", encoding="utf-8")
    assert "JSONDecodeError" in (await run_report_process("manifest", data) or "")
    assert paper.read_bytes() == good
    assert not (tmp_path / "manifest.pdf.part").exists()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc")
def test_memory_of_a_manifest_hardly_grows(tmp_path: Path) -> None:
    program = (
        "import sys; from cpl_async.bulk.reports.manifest_process import main; main(); "
        "print(open('/proc/self/status').read())"
    )
    peaks = []
    for number in (100, 10_000):
        data = tmp_path / "data.jsonl"
        write_manifest_data(data, handover(), rows(number))
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-c", program, data], capture_output=True, text=True, check=True)
        assert time.monotonic() - began < 60
        peak = re.search(r"VmHWM:\s*(\d+)", done.stdout)
        assert peak
        peaks.append(int(peak[1]) / 1024)
    assert peaks[1] - peaks[0] < 15, peaks  # MiB; the pages are held, at some 3 KiB each
