"""Files as shops and tools write them are read without options, each field as a person reads it there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cpl_async.bulk.parsing.row_parser import shipment_from
from cpl_async.bulk.readers.profile import all_profiles, profile_named, profile_of
from cpl_async.bulk.readers.source import InputError, ReadingOptions, Source

EXPORTS = Path(__file__).parent / "exports"
LIBRARY = {
    "name": "Národní knihovna ČR",
    "contact": "Jana Vzorová",
    "street": "Mariánské náměstí 190/5",
    "city": "Praha 1",
    "zip_code": "11000",
    "country": "CZ",
    "phone": "+420777000001",
    "email": "a1@example.com",
}
JANA = LIBRARY | {"name": "Jana Vzorová", "contact": None}
PETR = {
    "name": "Petr Příkladný",
    "contact": None,
    "street": "Kounicova 65a",
    "city": "Brno",
    "zip_code": "60200",
    "country": "CZ",
    "phone": "+420777000002",
    "email": "a2@example.com",
}
UNIVERSITY = {
    "name": "Masarykova univerzita",
    "contact": "Eva Nová",
    "street": "Žerotínovo náměstí 617/9",
    "city": "Brno",
    "zip_code": "60177",
    "country": "CZ",
    "phone": "+420777000003",
    "email": "a3@example.com",
}
EVA = UNIVERSITY | {"name": "Eva Nová", "contact": None}
LUBICA = {
    "name": "Ľubica Ukážková",
    "contact": None,
    "street": "Michalská 1",
    "city": "Bratislava",
    "zip_code": "81103",
    "country": "SK",
    "phone": "+421905000004",
    "email": "a4@example.com",
}
KAREL = {
    "name": "Karel Výdejní",
    "contact": None,
    "street": "17. listopadu 2172/15",
    "city": "Ostrava",
    "zip_code": "70800",
    "country": "CZ",
    "phone": "+420777000005",
    "email": "a5@example.com",
}
ANNA = {
    "name": "Anna Třetí",
    "contact": None,
    "street": "Husova 12",
    "city": "Kolín",
    "zip_code": "28002",
    "country": "CZ",
    "phone": "+420777000006",
    "email": "a6@example.com",
}
PEOPLE: list[dict[str, Any]] = [LIBRARY, PETR, UNIVERSITY, LUBICA, KAREL, ANNA]
POINT_MISSING = "is missing, product SMAR goes to a pickup point"
MONEY = [None, ("890.50", "CZK"), ("2399.00", "CZK"), ("45.90", "EUR"), None, ("1100.00", "CZK")]
PRODUCTS = ["BUSS", "PRID", "BUSD", "COND", "PRIV", "PRID"]


def expected(
    numbers: list[str], people: list[dict[str, Any]], products: list[str], money: list[Any], **extra: Any
) -> Any:
    return [
        {"reference": number, "product": product, "money": amount, "weight": None, "note": None, "name2": None}
        | person
        | extra
        for number, person, product, amount in zip(numbers, people, products, money, strict=True)
    ]


def numbered(form: str) -> list[str]:
    return [form.format(number) for number in range(1, 7)]


def read(file: Path, **options: Any) -> tuple[list[Any], Source]:
    """Return the fields of each row as they would be sent, or its problems."""
    source = Source(file, ReadingOptions(**options))
    rows: list[Any] = []
    for raw in source.rows():
        assert raw.problem is None
        shipment, problems = shipment_from(raw.values, None, raw.terms, raw.further)
        if shipment is None:
            rows.append([str(problem) for problem in problems])
            continue
        recipient, cash = shipment.recipient, shipment.cash_on_delivery
        assert recipient is not None
        parcels = shipment.shipment_set.shipment_set_items if shipment.shipment_set is not None else None
        weighed = parcels[0].weighed_shipment_info if parcels else None
        rows.append(
            {
                "reference": shipment.reference_id,
                "product": shipment.product_type,
                "money": (str(cash.cod_price), cash.cod_currency) if cash is not None else None,
                "weight": str(weighed.weight) if weighed is not None else None,
                "note": shipment.note,
                **{name: getattr(recipient, name) for name in (*LIBRARY, "name2")},
            }
        )
        assert shipment.specific_delivery is None
        assert shipment.insurance is None
        assert shipment.parcels == 1
    return rows, source


def test_shoptets_export_with_items() -> None:
    rows, source = read(EXPORTS / "shoptet.csv")
    right = expected(numbered("1000{}"), PEOPLE, PRODUCTS, MONEY, weight="0.750")
    right[0]["note"] = "Prosím zvonit"
    assert rows == [*right[:4], [POINT_MISSING], right[5]]
    assert source.notes == ["read as Shoptet's export of orders"]


def test_shopifys_export_with_lines() -> None:
    rows, _ = read(EXPORTS / "shopify.csv")
    right = expected(numbered("#000{}"), PEOPLE, PRODUCTS, MONEY)
    assert rows == [*right[:4], [POINT_MISSING], right[5]]


def test_woocommerces_export() -> None:
    rows, _ = read(EXPORTS / "woo_webtoffee.csv")
    assert rows == expected(numbered("1000{}"), PEOPLE, PRODUCTS, MONEY, note="Zvonit")


@pytest.mark.parametrize("file", ["ppl_klient.csv", "ppl_klient.xml"])
def test_the_files_of_klient_ppl(file: str) -> None:
    rows, _ = read(EXPORTS / file)
    assert rows == expected(numbered("REF1000{}"), PEOPLE, PRODUCTS, MONEY)


def test_packetas_file_whose_target_is_an_address() -> None:
    rows, source = read(EXPORTS / "packeta.csv")
    money = [amount and (amount[0].removesuffix(".00").replace("890.50", "890"), amount[1]) for amount in MONEY]
    assert rows == expected(numbered("1000{}"), PEOPLE, PRODUCTS, money, weight="0.75")
    assert source.notes == ["read as Packeta's file of consignments", "rows above the heading that are not read: 1"]


def test_packetas_pickup_points_are_refused(tmp_path: Path) -> None:
    text = (EXPORTS / "packeta.csv").read_text(encoding="utf-8").replace('"106"', '"79"')
    file = tmp_path / "a.csv"
    file.write_text(text, encoding="utf-8")
    rows, _ = read(file)
    assert all("speaks of a pickup point" in problems[0] for problems in rows)


def test_gls_import_file() -> None:
    rows, _ = read(EXPORTS / "gls.csv")
    kept = [0, 1, 2, 4, 5]
    people = [[JANA, PETR, EVA, LUBICA, KAREL, ANNA][index] for index in kept]
    numbers = [numbered("1000{}")[index] for index in kept]
    assert rows == expected(numbers, people, ["PRIV", "PRID", "PRID", "PRIV", "PRID"], [MONEY[index] for index in kept])


def test_ebays_report_with_empty_lines_and_a_footer() -> None:
    rows, _ = read(EXPORTS / "ebay.csv")
    numbers = [f"18-1512{number}-9044{number}" for number in range(6)]
    people = [JANA, PETR, EVA, LUBICA, KAREL, ANNA]
    assert rows == expected(numbers, people, ["PRIV", "PRIV", "PRIV", "CONN", "PRIV", "PRIV"], [None] * 6)


def test_amazons_report_with_three_address_lines() -> None:
    rows, _ = read(EXPORTS / "amazon.txt")
    addresses = [
        ("Staatsbibliothek zu Berlin", None, "Unter den Linden 8", "Berlin", "10117", "DE", "+49302660"),
        ("Max Muster", "Musterhaus", "Ludwigstrasse 16", "München", "80539", "DE", "+498928638"),
        ("Biblioteka Narodowa", None, "al. Niepodleglosci 213", "Warszawa", "02-086", "PL", "+48226082999"),
        ("Nationalbibliothek", None, "Josefsplatz 1", "Wien", "1015", "AT", "+43153410"),
        ("Moravská zemská knihovna", None, "Kounicova 65a", "Brno", "60187", "CZ", "+420777000001"),
    ]
    names = ("name", "name2", "street", "city", "zip_code", "country", "phone")
    people: list[dict[str, Any]] = [
        {"contact": None, "email": f"x{number}@marketplace.amazon.de"} | dict(zip(names, address, strict=True))
        for number, address in enumerate(addresses)
    ]
    numbers = [f"302-123456{number}-765432{number}" for number in range(5)]
    assert rows == expected(numbers, people, ["CONN"] * 4 + ["PRIV"], [None] * 5)


def test_a_carrier_or_payment_that_stands_as_an_item_is_read(tmp_path: Path) -> None:
    heading = (
        "code;currency;deliveryFullName;deliveryStreet;deliveryHouseNumber;deliveryCity;deliveryZip;"
        "deliveryCountryName;totalPriceWithVat;itemName;itemCode"
    )
    order = "1;CZK;Jan;Dlouhá;1;Praha;110 00;Česká republika;890,00"
    file = tmp_path / "a.csv"

    def problems(*items: str) -> Any:
        file.write_text("\n".join((heading, *(f"{order};{item}" for item in items))), encoding="utf-8")
        return read(file)[0][0]

    assert "goes to a pickup point" in problems("Kniha;K1", "PPL ParcelShop;SHIPPING4", "Dobírkou;BILLING2")[0]
    assert "may be another carrier" in problems("Kniha;K1", "Zásilkovna - výdejní místo;SHIPPING4")[0]
    good = problems("Kniha;K1", "PPL na adresu;SHIPPING4", "Dobírkou;BILLING2")
    assert (good["product"], good["money"]) == ("PRID", ("890.00", "CZK"))


def test_nothing_is_collected_that_is_paid(tmp_path: Path) -> None:
    text = (EXPORTS / "shoptet.csv").read_bytes().decode("cp1250").replace('"890,50";"0";"0"', '"500,50";"390,00";"0"')
    file = tmp_path / "a.csv"
    file.write_text(text, encoding="utf-8")
    assert read(file)[0][1]["money"] == ("500.50", "CZK")
    file.write_text(text.replace('"500,50";"390,00";"0"', '"0,00";"890,50";"1"'), encoding="utf-8")
    assert "nothing is left to pay" in read(file)[0][1][0]


def test_each_profile_has_a_title_a_source_and_a_sample() -> None:
    found = set()
    for file in EXPORTS.iterdir():
        profile = profile_of(Source(file).columns, file.name)
        assert profile is not None, file.name
        found.add(profile.name)
    assert found == set(all_profiles())
    assert all(profile.title and profile.source.startswith("https://") for profile in all_profiles().values())


def test_an_unknown_profile_is_named_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="did you mean shoptet"):
        profile_named("shoptett")


def test_the_shops_own_mapping_goes_before_the_profile(tmp_path: Path) -> None:
    from cpl_async.bulk import load_mapping

    mapping = tmp_path / "map.toml"
    mapping.write_text('[columns]\n"Poznámka" = ""\n"Variabilní symbol (ID)" = "cod_var_sym"\nEmail = "reference_id"\n')
    rows, _ = read(EXPORTS / "gls.csv", names=load_mapping(mapping))
    assert rows[0]["reference"] == "a1@example.com"


def test_two_matching_profiles_are_refused_with_both_names(tmp_path: Path) -> None:
    headings = [heading for name in ("gls", "ppl_klient") for heading in Source(EXPORTS / f"{name}.csv").columns]
    with pytest.raises(InputError, match=r"GLS' import file \(gls\) and the file of Klient PPL.*--from gls"):
        profile_of(headings, "a.csv")
