"""Shipments are held against the code lists before anything is sent, and products are chosen by them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cpl_async import (
    Address,
    CashOnDelivery,
    Client,
    ExternalNumber,
    Insurance,
    Service,
    ShipmentSet,
    ValidationError,
    choose_product,
)
from cpl_async.sandbox import Sandbox

from ..conftest import example_rows, shipment


def at(country: str) -> Address:
    return Address(name="Úřad", street="Hlavní 1", city="Město", zip_code="12345", country=country)


def cash(price: str = "100", currency: str = "CZK") -> CashOnDelivery:
    return CashOnDelivery(cod_price=Decimal(price), cod_currency=currency, cod_var_sym="1")


@pytest.mark.parametrize(
    ("changes", "path", "what", "allowed"),
    [
        ({"product_type": "XXXX"}, "product_type", "XXXX", "PRIV"),
        ({"recipient": at("XK")}, "recipient.country", "XK", "SK"),
        ({"sender": at("XK")}, "sender.country", "XK", "SK"),
        (
            {"product_type": "COND", "recipient": at("DE"), "cash_on_delivery": cash()},
            "cash_on_delivery",
            "DE",
            "CZ, HU, PL, RO, SK",
        ),
        (
            {"product_type": "COND", "recipient": at("SK"), "cash_on_delivery": cash()},
            "cash_on_delivery.cod_currency",
            "CZK",
            "EUR",
        ),
        (
            {"product_type": "PRID", "cash_on_delivery": cash("100000.01")},
            "cash_on_delivery.cod_price",
            "100000.01",
            "1 to 100000 CZK",
        ),
        ({"product_type": "PRID", "cash_on_delivery": cash("0")}, "cash_on_delivery.cod_price", "0", "1 to 100000 CZK"),
        (
            {"insurance": Insurance(insurance_price=Decimal(2000000), insurance_currency="CZK")},
            "insurance.insurance_price",
            "2000000",
            "1 to 1000000 CZK",
        ),
        ({"services": [Service(code="ZZZZ")]}, "services[0].code", "ZZZZ", "SATD"),
        ({"services": [Service(code="SATD"), Service(code="COD")]}, "services[1].code", "cannot be set", "SATD"),
        ({"services": [Service(code="SATD"), Service(code="SATD")]}, "services", "2 times", "once"),
        (
            {"external_numbers": [ExternalNumber(code="ZZZZ", external_number="1")]},
            "external_numbers[0].code",
            "ZZZZ",
            "CUST",
        ),
        (
            {"external_numbers": [ExternalNumber(code="INVO", external_number="1")]},
            "external_numbers[0].code",
            "cannot be set",
            "CUST",
        ),
        (
            {"external_numbers": [ExternalNumber(code=code, external_number="1") for code in ("PRTE", "PRBC")]},
            "external_numbers",
            "exclude each other",
            "",
        ),
        ({"age_check": "A99"}, "age_check", "A99", "A15, A18"),
        ({"shipment_set": ShipmentSet(number_of_shipments=51)}, "shipment_set.number_of_shipments", "51", ""),
        (
            {"recipient": Address(name="x" * 51, zip_code="1", country="CZ")},
            "recipient.name",
            "51 characters, at most 50",
            "",
        ),
    ],
)
async def test_a_problem_says_where_what_is_wrong_and_what_is_allowed(
    sandbox: Sandbox, client: Client, changes: dict[str, Any], path: str, what: str, allowed: str
) -> None:
    problems = await client.check([shipment("a"), shipment("b", **changes)])
    assert [(problem.path, problem.reference_id) for problem in problems if not problem.warning] == [
        (f"shipments[1].{path}", "b")
    ]
    assert what in problems[0].message
    assert allowed in problems[0].allowed
    assert sandbox.shipments() == []


async def test_all_problems_come_with_one_fetch_of_the_lists(sandbox: Sandbox, client: Client) -> None:
    bad = [shipment("a", product_type="XXXX", services=[Service(code="ZZZZ")]), shipment("a", recipient=at("XK"))]
    for _ in range(3):
        problems = await client.check(bad)
    assert [problem.path for problem in problems if not problem.warning] == [
        "shipments[0].product_type",
        "shipments[0].services[0].code",
        "shipments[1].reference_id",
        "shipments[1].recipient.country",
    ]
    assert len(sandbox.ledger.of("codelists.products")) == 1


async def test_what_may_be_taken_all_the_same_is_a_warning(client: Client) -> None:
    many = shipment("a", shipment_set=ShipmentSet(number_of_shipments=21))
    abroad = shipment("b", recipient=at("SK"))
    problems = await client.check([many, abroad])
    assert [(problem.path, problem.warning) for problem in problems] == [
        ("shipments[0].shipment_set.number_of_shipments", True),
        ("shipments[1].product_type", True),
    ]


async def test_what_the_check_passes_the_sandbox_takes(sandbox: Sandbox, client: Client) -> None:
    """The rows of the example file are good by both."""
    parcels = []
    for row in example_rows():
        chosen = await client.choose_product(
            row["country"],
            pickup_point=row["parcel_shop_code"],
            business=row["product_type"].startswith("BUS"),
            cash_on_delivery=bool(row["cod_price"]),
        )
        assert chosen.product == row["product_type"], chosen.reason
        if not row["parcel_shop_code"]:
            money = {"cash_on_delivery": cash(row["cod_price"], row["cod_currency"])} if row["cod_price"] else {}
            parcels.append(
                shipment(row["reference_id"], product_type=row["product_type"], recipient=at(row["country"]), **money)
            )
    assert [problem for problem in await client.check(parcels) if not problem.warning] == []
    await client.shipment_batches.create(parcels)


async def test_what_the_check_refuses_the_sandbox_refuses_too(client: Client) -> None:
    for changes in (
        {"product_type": "XXXX"},
        {"recipient": at("XK")},
        {"product_type": "COND", "recipient": at("SK"), "cash_on_delivery": cash()},
        {"product_type": "PRID", "cash_on_delivery": cash("100001")},
        {"services": [Service(code="ZZZZ")]},
        {"age_check": "A99"},
    ):
        bad = shipment("a", **changes)
        assert await client.check([bad])
        with pytest.raises(ValidationError) as caught:
            await client.shipment_batches.create([bad])
        assert caught.value.status == 400


async def test_a_product_that_there_is_not_comes_with_its_reason(client: Client) -> None:
    for country, options, product, reason in (
        ("CZ", {}, "PRIV", "private address in CZ, without"),
        ("cz", {"business": True, "cash_on_delivery": True}, "BUSD", "company in CZ, with"),
        ("CZ", {"pickup_point": "KM10999001", "cash_on_delivery": True}, "SMAD", "pickup point"),
        ("SK", {"pickup_point": True}, "SMEU", "pickup point in SK"),
        ("DE", {"business": True}, "CONN", "company in DE"),
        ("DE", {"cash_on_delivery": True}, None, "no money is collected in DE; it is in CZ, HU, PL, RO, SK"),
        ("XX", {}, None, "nothing is sent to 'XX'"),
    ):
        made_by: dict[str, Any] = dict(options)
        chosen = await client.choose_product(country, **made_by)
        assert chosen.product == product
        assert reason in chosen.reason
    assert choose_product("CZ", products=[]).product is None
    assert "not in the code list" in choose_product("CZ", products=[]).reason
