"""What is collected on delivery, and by which product, follows from the row where it is certain."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from cpl_async.bulk.parsing.column_mapping import FileSchema, ShippingRule, ShopMapping
from cpl_async.bulk.parsing.row_parser import shipment_from
from cpl_async.models.shipment_batches import Shipment

ROW = {"reference_id": "2026-00042", "name": "J", "street": "U", "city": "P", "zip_code": "11000", "country": "CZ"}
ABROAD = {"zip_code": "01001", "country": "SK"}
NAMES = ShopMapping(
    carriers={
        "PPL Výdejní místo": ShippingRule(pickup_point=True),
        "Firemní": ShippingRule(product="BUSS"),
        "Kurýr": ShippingRule(),
    },
    payments={"Dobírkou": ShippingRule(cash_on_delivery=True), "Barter": ShippingRule(cash_on_delivery=False)},
)


def good(changes: dict[str, str], names: ShopMapping | None = None) -> Shipment:
    shipment, problems = shipment_from(ROW | changes, None, FileSchema(names=names or ShopMapping()))
    assert problems == []
    assert shipment is not None
    return shipment


def wrong(changes: dict[str, str], names: ShopMapping | None = None) -> dict[str, str]:
    shipment, problems = shipment_from(ROW | changes, None, FileSchema(names=names or ShopMapping()))
    assert shipment is None
    return {problem.column: str(problem) for problem in problems}


@pytest.mark.parametrize(
    ("changes", "product", "cash"),
    [
        ({}, "PRIV", None),
        ({"cod": "ne", "order_total": "1249"}, "PRIV", None),
        ({"cod": "ne", "cod_price": "1249"}, "PRIV", None),
        ({"cod": "Ano", "order_total": "1 249,00"}, "PRID", ("1249.00", "CZK", "202600042")),
        ({"cod": "x", "order_total": "1249", "cod_price": "1000"}, "PRID", ("1000", "CZK", "202600042")),
        ({"cod": "1249,50"}, "PRID", ("1249.50", "CZK", "202600042")),
        ({"cod_price": "1249", "cod_var_sym": "7"}, "PRID", ("1249", "CZK", "7")),
        ({"cod_price": "ano", "order_total": "1249"}, "PRID", ("1249", "CZK", "202600042")),
        ({"cod_price": "0,00", "cod_currency": "CZK"}, "PRIV", None),
        ({"cod": "0"}, "PRIV", None),
        ({"cod_currency": "CZK", "cod_var_sym": "7"}, "PRIV", None),
        ({"payment": "Dobírkou", "order_total": "1249"}, "PRID", ("1249", "CZK", "202600042")),
        ({"payment": "Na dobierku", "order_total": "1249"}, "PRID", ("1249", "CZK", "202600042")),
        ({"payment": "Platba kartou online", "order_total": "1249"}, "PRIV", None),
        ({"payment": "GoPay", "order_total": "1249"}, "PRIV", None),
        ({"payment": "PayPal", "order_total": "1249"}, "PRIV", None),
        ({"payment": "QR platba", "order_total": "1249"}, "PRIV", None),
        ({"cod": "Dobírkou", "order_total": "1249"}, "PRID", ("1249", "CZK", "202600042")),
        ({"cod": "na dobírku", "order_total": "1249"}, "PRID", ("1249", "CZK", "202600042")),
        ({"cod": "bez dobírky", "order_total": "1249"}, "PRIV", None),
        ({"cod": "499 korun"}, "PRID", ("499", "CZK", "202600042")),
        ({"product_type": "BUSD", "order_total": "1249"}, "BUSD", ("1249", "CZK", "202600042")),
        ({"cod": "49,90", **ABROAD}, "COND", ("49.90", "EUR", "202600042")),
        ({"cod": "49,90 €", **ABROAD}, "COND", ("49.90", "EUR", "202600042")),
        (
            {"cod": "ano", "order_total": "49,90", "cod_currency": "EUR", **ABROAD},
            "COND",
            ("49.90", "EUR", "202600042"),
        ),
        ({"company": "ACME"}, "BUSS", None),
        ({"parcel_shop_code": "KM1"}, "SMAR", None),
        ({"parcel_shop_code": "KM1", "cod": "5"}, "SMAD", ("5", "CZK", "202600042")),
        ({"parcel_shop_code": "SK1", **ABROAD}, "SMEU", None),
        ({"carrier": "PPL – doručení na adresu"}, "PRIV", None),
    ],
)
def test_money_and_product_follow_from_the_row(
    changes: dict[str, str], product: str, cash: tuple[str, str, str] | None
) -> None:
    shipment = good(changes)
    found = shipment.cash_on_delivery
    assert shipment.product_type == product
    assert (found and (str(found.cod_price), found.cod_currency, found.cod_var_sym)) == cash


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"cod": "ano"}, "cod_price", "write what the courier collects, or the order's total"),
        ({"cod": "ano", "order_total": "1,249"}, "order_total", "two ways"),
        ({"cod": "1", "order_total": "1249"}, "cod", "write yes, or the amount"),
        ({"cod": "maybe"}, "cod", "is no number"),
        (
            {"cod": "ano", "order_total": "1249", **ABROAD},
            "cod_currency",
            "it is not certain what the courier collects in SK",
        ),
        ({"cod": "1249 Kč", "cod_currency": "EUR"}, "cod_currency", "but the amount is in CZK"),
        ({"cod": "5", "reference_id": "ABC"}, "cod_var_sym", "has 0 digits"),
        ({"cod": "5", "payment": "kartou"}, "cod", "but the payment is 'kartou'"),
        ({"product_type": "BUSD", "payment": "kartou", "order_total": "5"}, "cod_price", "payment is 'kartou'"),
        ({"payment": "Nějak", "order_total": "5"}, "payment", "does not say whether.*--map"),
        ({"carrier": "Zásilkovna"}, "carrier", "may be another carrier.*--map"),
        ({"carrier": "PPL ParcelShop"}, "parcel_shop_code", "goes to a pickup point"),
        ({"product_type": "BUSS", "cod": "5"}, "product_type", "BUSD does"),
        ({"reference_id": "2,02600001E+12"}, "reference_id", "lost its last digits"),
    ],
)
def test_what_is_not_certain_is_refused_with_its_column(changes: dict[str, str], column: str, words: str) -> None:
    problems = wrong(changes)
    assert list(problems) == [column]
    assert re.search(words, problems[column])


def test_a_currency_may_stand_in_the_heading() -> None:
    terms = FileSchema(headings={"cod": "Dobírka (Kč)"}, currencies={"cod": "CZK"})
    shipment, problems = shipment_from(ROW | ABROAD | {"cod": "1249"}, None, terms)
    assert problems == []
    assert shipment is not None
    assert shipment.cash_on_delivery is not None
    assert shipment.cash_on_delivery.cod_currency == "CZK"


def test_the_shops_own_names_become_products() -> None:
    assert good({"carrier": "ppl vydejni misto", "parcel_shop_code": "KM1"}, NAMES).product_type == "SMAR"
    assert good({"carrier": "Firemní"}, NAMES).product_type == "BUSS"
    assert good({"carrier": "Firemní", "payment": "Dobírkou", "order_total": "5"}, NAMES).product_type == "BUSD"
    assert good({"carrier": "Kurýr", "payment": "Barter"}, NAMES).product_type == "PRIV"
    assert "did you mean 'Kurýr'" in wrong({"carrier": "Kuryer"}, NAMES)["carrier"]
    assert "pickup point" in wrong({"carrier": "PPL Výdejní místo"}, NAMES)["parcel_shop_code"]
    assert "did you mean 'Barter'" in wrong({"payment": "Bartr", "order_total": "5"}, NAMES)["payment"]


def test_the_shops_own_names_add_to_the_known_ones() -> None:
    assert good({"payment": "Kartou", "order_total": "5"}, NAMES).product_type == "PRIV"
    assert good({"payment": "Na dobírku", "order_total": "5"}, NAMES).product_type == "PRID"
    assert good({"carrier": "PPL na adresu"}, NAMES).product_type == "PRIV"


@pytest.mark.parametrize(
    "payment",
    [
        *("Hotově při převzetí", "Platba při převzetí", "Kartou při převzetí", "cashondelivery", "cod"),
        *("Kartou u kurýra", "Kartou řidiči", "Platební kartou řidiči PPL", "Kartou na výdejně"),
        *("Kartou na výdejním místě", "Platba kartou na místě", "Kartou na pobočce PPL", "Kartou u přepravce"),
        *("Kartou při odběru", "Kartou dopravci", "Platobnou kartou pri doručení", "Kartou kurýrovi"),
        *("Kartou u doručovatele", "Credit card at pickup", "Card to courier", "Pay by card to the driver"),
        *("Kartou v parcelshopu", "Kartou terminál", "Platba na výdejním místě", "Karta nebo hotově u řidiče"),
        *("Dobírka – kartou nebo hotově", "Za pobraniem", "Płatność przy odbiorze", "Utánvéttel"),
        *("Fizetés a futárnál", "Nachnahme", "Barzahlung bei Lieferung", "Na dobierku", "Cash on Delivery (COD)"),
    ],
)
def test_what_is_paid_at_the_door_is_collected(payment: str) -> None:
    found = good({"payment": payment, "order_total": "500"}).cash_on_delivery
    assert found is not None
    assert found.cod_price == 500


@pytest.mark.parametrize(
    "payment",
    [
        *("bacs", "cheque", "Comgate", "Twisto", "Shopify Payments", "Předfaktura", "QR platba", "ThePay", "PayU"),
        *("Skip Pay", "Benefit Plus", "Vkladem na účet", "Kauf auf Rechnung", "Sofortüberweisung", "Átutalás"),
        *("Platba kartou", "Credit Card", "Przelew", "Amazon Pay", "Bankovním převodem", "Platba predem"),
    ],
)
def test_what_is_paid_in_advance_is_not_collected(payment: str) -> None:
    assert good({"payment": payment, "order_total": "500"}).cash_on_delivery is None


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"cod_price": "1247.994"}, "cod_price"),
        ({"cod_price": "0.999"}, "cod_price"),
        ({"cod_price": "1247.9949999"}, "cod_price"),
        ({"payment": "Dobírka", "order_total": "1247.994"}, "order_total"),
        ({"insurance_price": "1000.001", "insurance_currency": "CZK"}, "insurance_price"),
        ({"cod_price": "100.50", "cod_currency": "HUF", "country": "HU", "zip_code": "1011"}, "cod_price"),
    ],
)
def test_money_has_the_decimal_places_of_its_currency(changes: dict[str, str], column: str) -> None:
    assert "decimal places" in wrong(changes)[column]


def test_superfluous_zeros_are_no_decimal_places() -> None:
    found = good({"cod_price": "100.00", "cod_currency": "HUF", "country": "HU", "zip_code": "1011"}).cash_on_delivery
    assert found is not None
    assert str(found.cod_price) == "100"
    assert str(good({"cod_price": "1249.5000"}).cash_on_delivery.cod_price) == "1249.50"  # type: ignore[union-attr]


def test_defaults_stand_where_a_row_says_nothing() -> None:
    names = ShopMapping(defaults={"country": "SK", "note": "n"})
    shipment = good({"country": "", "zip_code": "1001"}, names)
    assert (shipment.recipient.country, shipment.recipient.zip_code, shipment.note) == ("SK", "01001", "n")


def test_insurance_services_age_check_and_day_are_read() -> None:
    extra = {
        "insurance_price": "75 000,00 Kč",
        "services": "SATD,FRAG",
        "age_check": "18+",
        "delivery_date": "25.11.2026",
    }
    shipment = good(extra)
    assert shipment.insurance is not None
    assert (shipment.insurance.insurance_price, shipment.insurance.insurance_currency) == (Decimal(75000), "CZK")
    assert [service.code for service in shipment.services] == ["SATD", "FRAG"]
    assert shipment.age_check == "A18"
    assert shipment.specific_delivery is not None
    assert shipment.specific_delivery.specific_delivery_date is not None
    assert good({"insurance_price": "ne"}).insurance is None


@pytest.mark.parametrize(
    "payment",
    [
        *("Bez dobírky", "Hotově", "Nezaplaceno", "Codename", "Osobní odběr", "Bar", "manual", "Hotově na prodejně"),
        *("Platba předem, nikoli dobírkou", "Zaplaceno, dobírka", "Kartou online nebo při převzetí"),
    ],
)
def test_payments_that_may_be_collected_or_not_are_refused(payment: str) -> None:
    assert list(wrong({"payment": payment, "order_total": "5"})) == ["payment"]


@pytest.mark.parametrize(
    "changes",
    [
        {"cod": "ano", "cod_price": "0", "order_total": "5"},
        {"cod": "ano", "cod_price": "ne", "order_total": "5"},
        {"cod": "5", "cod_price": "6"},
    ],
)
def test_two_words_about_money_that_do_not_agree_are_refused(changes: dict[str, str]) -> None:
    assert "make them agree" in wrong(changes)["cod"]


def test_a_house_number_that_became_a_date_is_refused() -> None:
    assert "made a date of it" in wrong({"house_number": "12.III"})["house_number"]
    assert good({"house_number": "12/3a"}).recipient.street == "U 12/3a"
