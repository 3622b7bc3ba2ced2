"""Lines of one order, one for each item, are one shipment; where they say two things they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpl_async.bulk.parsing.row_parser import shipment_from
from cpl_async.bulk.readers.source import RawRow, Source
from cpl_async.sandbox import Sandbox

from ..shipping import Shipping, Totals, totals

HEADING = "Objednávka;Jméno;Ulice;Město;PSČ;Země;Dobírka;Celkem;Počet balíků;Hmotnost;Položka;Množství"


def rows_of(path: Path, *lines: str, heading: str = HEADING) -> list[RawRow]:
    path.write_text("\n".join((heading, *lines)) + "\n", encoding="utf-8")
    return list(Source(path).rows())


def line(reference: str = "1", *, total: str = "500", item: str = "Hrnek", **changes: str) -> str:
    found = {"name": "J", "cod": "ne", "parcels": "2", "weight": "1,5", "city": "P"} | changes
    return (
        f"{reference};{found['name']};U;{found['city']};11000;CZ;{found['cod']};{total};{found['parcels']};"
        f"{found['weight']};{item};1"
    )


def test_lines_that_differ_in_items_are_one_shipment(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "a.csv", line(), line(item="Talíř"), line(item="Lžíce"), line("2"))
    assert [(row.values["reference_id"], row.number, row.line, row.more) for row in rows] == [
        ("1", 1, 2, 2),
        ("2", 4, 5, 0),
    ]


def test_parcels_and_weight_are_the_orders_and_are_not_added_up(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path / "a.csv", line(), line(item="Talíř"))
    shipment, _ = shipment_from(row.values, None, row.terms)
    assert shipment is not None
    assert shipment.parcels == 2
    assert len(rows_of(tmp_path / "a.csv", line(), line(item="Talíř", parcels="1"))) == 2
    assert len(rows_of(tmp_path / "a.csv", line(), line(item="Talíř", weight="0,5"))) == 2


def test_a_further_line_may_leave_the_orders_columns_empty(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path / "a.csv", line(), "1;;;;;;;;;;Talíř;2")
    assert (row.values["name"], row.more) == ("J", 1)
    assert len(rows_of(tmp_path / "a.csv", "1;;;;;;;;;;Talíř;2", line())) == 2


def test_equal_lines_are_two_orders_unless_there_are_items(tmp_path: Path) -> None:
    heading = "order,name,street,city,zip,country"
    assert len(rows_of(tmp_path / "a.csv", "1,J,U,P,11000,CZ", "1,J,U,P,11000,CZ", heading=heading)) == 2
    assert len(rows_of(tmp_path / "a.csv", line(), line())) == 1


@pytest.mark.parametrize("changes", [{"name": "K"}, {"city": "B"}, {"cod": "5"}])
def test_lines_with_another_address_or_money_stay_apart(tmp_path: Path, changes: dict[str, str]) -> None:
    one, other = rows_of(tmp_path / "a.csv", line(), line(item="Talíř", **changes))
    assert one.problem is None
    (column,) = changes
    assert f"but another {other.terms.heading(column)}" in str(other.problem)


def test_blanks_do_not_make_another_address_of_one(tmp_path: Path) -> None:
    further = line(item="Talíř").replace("11000", "110 00")
    assert len(rows_of(tmp_path / "a.csv", line(), further)) == 1


def test_lines_that_do_not_follow_each_other_stay_apart(tmp_path: Path) -> None:
    assert len(rows_of(tmp_path / "a.csv", line(), line("2"), line(item="Talíř"))) == 3


def test_different_totals_matter_only_with_cash_on_delivery(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path / "a.csv", line(total="200"), line(item="Talíř", total="300"))
    assert row.problem is None


def test_totals_that_differ_are_never_collected_in_part(tmp_path: Path) -> None:
    lines = [line(total=total, item=total, cod="ano") for total in ("200", "300", "200")]
    (row,) = rows_of(tmp_path / "a.csv", *lines)
    assert "two values in the column Celkem: 200 and 300" in str(row.problem)


async def test_an_order_of_several_lines_is_shipped_once_and_said(sandbox: Sandbox, shipping: Shipping) -> None:
    path = shipping.folder / "a.csv"
    text = "\n".join([HEADING, line(), line(item="Talíř"), line("2"), line("2", name="K", item="Lžíce")])
    path.write_text(text, encoding="utf-8")
    summary = await shipping(path)
    assert totals(summary) == Totals(rows=3, shipped=2, rejected=1)
    assert sorted(shipment.reference for shipment in sandbox.shipments()) == ["1", "2"]
    assert shipping.problems == [(4, ""), (4, "reference_id")]
    assert "lines taken as further items of the order above them: 1" in shipping.notes
    (row,) = shipping.rejected()
    assert row["error"].startswith("Objednávka: 2 is used twice")
