"""A cell in a column that is not read may not say what the row would go without."""

from __future__ import annotations

import itertools

import pytest

from cpl_async.bulk.parsing.column_mapping import FileSchema
from cpl_async.bulk.parsing.row_parser import shipment_from

ROW = {"reference_id": "1", "name": "Jan", "street": "Dlouhá 1", "city": "Praha", "zip_code": "11000", "country": "CZ"}


def problems_of(cells: dict[str, str], terms: FileSchema | None = None) -> dict[str, str]:
    _, problems = shipment_from(ROW | cells, None, terms or FileSchema())
    return {problem.column: str(problem) for problem in problems}


@pytest.mark.parametrize(
    ("heading", "text", "words"),
    [
        ("Payment Method Title", "Dobírka", "cash on delivery"),
        ("gateway", "Cash on Delivery (COD)", "cash on delivery"),
        ("x", "Kartou u kurýra", "cash on delivery"),
        ("x", "Utánvéttel", "cash on delivery"),
        ("x", "Za pobraniem", "cash on delivery"),
        ("x", "NACHNAHME", "cash on delivery"),
        ("Inkaso", "1249,00", "cash on delivery"),
        ("Kwota pobrania", "120,00 zł", "cash on delivery"),
        ("Dobírka 2", "ano", "cash on delivery"),
        ("itemName", "Dobírkou", "cash on delivery"),
        ("note", "Platba na dobírku, zvoňte 2x", "cash on delivery"),
        ("shipping_note", "hotově při převzetí", "cash on delivery"),
        ("x", "PPL ParcelShop", "pickup point"),
        ("x", "Výdejní místo Brno", "pickup point"),
        ("x", "Paczkomat WAW01", "pickup point"),
        ("Odběrné místo 2", "12345", "pickup point"),
        ("note", "KM12345678", "pickup point"),
        ("x", "Zásilkovna", "another carrier"),
        ("x", "DPD Pickup", "another carrier"),
        ("x", "Česká pošta - Balík Do ruky", "another carrier"),
        ("Kurier", "GLS", "another carrier"),
        ("Připojistit na částku", "75000", "insurance"),
        ("Versicherungswert", "100", "insurance"),
        ("Anzahl Pakete", "3", "several parcels"),
        ("Počet balíků celkem", "2", "several parcels"),
        ("Obsah 18+", "1", "age check"),
    ],
)
def test_a_cell_that_names_more_than_the_row_has_is_a_problem(heading: str, text: str, words: str) -> None:
    assert words in problems_of({heading: text})[heading]


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("gateway", "Shopify Payments"),
        ("x", "bez dobírky"),
        ("x", "Platba předem, nikoli dobírkou"),
        ("Inkaso", "0,00"),
        ("Inkaso", "ne"),
        ("Anzahl Pakete", "1"),
        ("Obsah 18+", "0"),
        ("Billing company", "DPD CZ s.r.o."),
        ("Dopravce 2", "PPL"),
        ("Pickup date", "2026-11-25"),
        ("Packaging", "Cardboard box"),
        ("buyer-email", "gls@example.com"),
        ("x", "#N/A"),
        ("x", "NULL"),
    ],
)
def test_what_the_row_does_not_go_without_is_none(heading: str, text: str) -> None:
    assert problems_of({heading: text}) == {}


@pytest.mark.parametrize(
    ("has", "heading", "text"),
    [
        ({"cod_price": "500"}, "gateway", "Dobírka"),
        ({"parcel_shop_code": "KM12345678"}, "x", "PPL ParcelShop"),
        ({"insurance_price": "75000", "insurance_currency": "CZK"}, "Versicherungswert", "75000"),
        ({"parcels": "3"}, "Anzahl Pakete", "3"),
        ({"age_check": "A18"}, "Obsah 18+", "1"),
    ],
)
def test_a_cell_that_repeats_the_row_is_none(has: dict[str, str], heading: str, text: str) -> None:
    assert problems_of(has | {heading: text}) == {}


def test_a_column_that_the_shop_declares_as_not_read_is_not_looked_at() -> None:
    assert problems_of({"gateway": "Dobírka"}, FileSchema(ignored=frozenset({"gateway"}))) == {}


NOTES = [
    *("Prosím zvonit", "Nechte u sousedů", "Volat předem", "Zvonek nefunguje", "Dárek, nepřikládat fakturu"),
    *("Pokud nebudu doma, zanechte na výdejním místě", "Prosím zanechte v boxu před domem", "Kód od vrat 1234"),
    *("Doručit po 16. hodině", "Zaplaceno kartou", "Balík nechte za plotem", "Jsem na vozíku, prosím pomoct"),
    *("Platba proběhla", "Please leave at the reception", "Deliver to the back door", "Bitte klingeln"),
    *("Zostawić u sąsiada", "Kérem csengessen", "Zásielku nechajte na vrátnici", "Poštu házejte do schránky"),
    *("Děkuji za rychlé doručení", "Kurýr ať volá", "Řidič zná cestu", "Nedávat do parcelshopu", "Dodat dopoledne"),
]
THINGS = [
    *(
        "Karta SD 64 GB",
        "Krabice na hračky",
        "Box na nářadí",
        "Poštovní schránka",
        "Lepenková krabice",
        "Kartonový box",
    ),
    *(
        "Terminál Zebra",
        "Kurýrní taška",
        "Model dodávky",
        "Pohlednice",
        "Poukaz na masáž",
        "Kniha Pošťák",
        "Hotová jídla",
    ),
    *("Card holder", "Pickup truck toy", "Express coffee", "Cash box", "Delivery robot", "Paket čaje", "Zlatý balíček"),
    *("Bankovka 100 let", "Automat na kávu", "Sada pro řidiče", "Odběrka", "Peněženka na karty", "Doručenka"),
    *("Cod liver oil capsules", "Dobírací měnič"),
]


def test_ordinary_notes_and_names_of_goods_refuse_no_row() -> None:
    sizes = ("", " XL", " 2 ks", " – modrá", ", sada", " 500 g", " (nové)", " 2026", " č. 5", " PRO")
    headings = ("note", "itemName", "Poznámka prodejce", "Lineitem name")
    texts = [f"{text}{size}" for text, size in itertools.product((*NOTES, *THINGS), sizes)]
    texts += [f"{thing} + {note.lower()}" for thing, note in itertools.product(THINGS, NOTES)]
    refused = [
        (heading, text, problems)
        for text in texts
        for heading in headings
        if (problems := problems_of({heading: text}))
    ]
    assert len(texts) > 1000
    assert refused == []


@pytest.mark.parametrize("text", ["#REF!", "#N/A", "#HODNOTA!", "#DIV/0!", "Err:502"])
@pytest.mark.parametrize("column", ["cod_price", "name", "street", "company", "parcel_shop_code"])
def test_an_error_of_a_formula_is_no_value(column: str, text: str) -> None:
    assert "the error of a formula" in problems_of({column: text})[column]


@pytest.mark.parametrize("text", ["NaN", "NaT", "NULL", "None", "<NA>"])
def test_what_programs_write_for_nothing_is_empty_or_refused(text: str) -> None:
    shipment, problems = shipment_from(
        ROW | {"company": text, "parcel_shop_code": text, "cod_price": text, "note": text}, None
    )
    assert problems == []
    assert shipment is not None
    assert shipment.recipient is not None
    assert (shipment.recipient.name, shipment.product_type, shipment.note) == ("Jan", "PRIV", None)
    for column in ("name", "street", "city"):
        assert "for a missing value" in problems_of({column: text})[column]


def test_an_order_number_with_a_hash_is_one() -> None:
    shipment, problems = shipment_from(ROW | {"reference_id": "#0001"}, None)
    assert problems == []
    assert shipment is not None
    assert shipment.reference_id == "#0001"
