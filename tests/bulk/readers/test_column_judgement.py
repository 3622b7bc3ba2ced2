"""What a column is follows from its values where its heading can mean two things."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpl_async.bulk.parsing.row_parser import shipment_from
from cpl_async.bulk.readers.source import Source

HEADING = "reference_id,name,street,city,zip_code,country"
ROW = "Jan,Dlouhá 1,Praha,11000,CZ"


@pytest.mark.parametrize(
    ("heading", "values", "products", "notes"),
    [
        ("Product", ["Kniha", "USB"], ["PRIV", "PRIV"], 1),
        ("Product code", ["K1", "K2"], ["PRIV", "PRIV"], 1),
        ("Služba", ["BUSS", "PRID"], ["BUSS", None], 1),
        ("Služba", ["PPL Parcel CZ Private", "BUSS"], ["PRIV", "BUSS"], 1),
        ("Služba", ["PPL na adresu", ""], ["PRIV", "PRIV"], 1),
        ("Služby", ["SATD", "SATD,FRAG"], ["PRIV", "PRIV"], 0),
        ("Shipping", ["99.00", "120,00 Kč"], ["PRIV", "PRIV"], 1),
        ("Shipping", ["PPL", "Zásilkovna"], ["PRIV", None], 0),
        ("Typ zásilky", ["Firemní balík", "Soukromý balík"], ["BUSS", "PRIV"], 0),
        ("Typ zásilky", ["Dárek", "Kniha"], [None, None], 0),
        ("Počet kusů", ["1", "2"], ["PRIV", "PRIV"], 0),
        ("product_type", ["K1", "PRIV"], [None, "PRIV"], 0),
    ],
)
def test_values_decide(tmp_path: Path, heading: str, values: list[str], products: list[str | None], notes: int) -> None:
    file = tmp_path / "a.csv"
    rows = [f'{number},{ROW},"{value}"' for number, value in enumerate(values)]
    file.write_text("\n".join((f"{HEADING},{heading}", *rows)), encoding="utf-8")
    source = Source(file)
    found = [shipment_from(raw.values, None, raw.terms)[0] for raw in source.rows()]
    assert [shipment and shipment.product_type for shipment in found] == products
    assert len(source.notes) == notes
    if notes:
        assert repr(values[0]) in source.notes[0]
        assert repr(heading) in source.notes[0]


def test_pieces_beside_items_are_goods(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"{HEADING},Název položky,Počet kusů\n1,{ROW},Kniha,3\n", encoding="utf-8")
    [raw] = Source(file).rows()
    shipment, problems = shipment_from(raw.values, None, raw.terms)
    assert problems == []
    assert shipment is not None
    assert shipment.parcels == 1
