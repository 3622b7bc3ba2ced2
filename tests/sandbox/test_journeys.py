"""What tracking shows of a parcel as time goes by, and by which states it is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cpl_async import (
    CashOnDelivery,
    Client,
    Insurance,
    Service,
    ShipmentSet,
    ShipmentSetItem,
    ShipmentState,
    SpecificDelivery,
    TrackedShipment,
    ValidationError,
    WeighedShipment,
)
from cpl_async.models.codec import decode
from cpl_async.sandbox import Sandbox

from ..conftest import shipment

DAY = 86_400


async def test_a_parcel_to_a_pickup_point_is_stored_and_paid_for(sandbox: Sandbox, client: Client) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    wish = SpecificDelivery(
        parcel_shop_code="KM10999001", specific_delivery_date=tomorrow, specific_delivery_time_from=tomorrow
    )
    parcel = shipment(
        "a",
        product_type="SMAD",
        specific_delivery=wish,
        cash_on_delivery=CashOnDelivery(cod_price=Decimal("249.50"), cod_currency="CZK", cod_var_sym="77"),
        services=[Service(code="SATD")],
        shipment_set=ShipmentSet(
            number_of_shipments=1,
            shipment_set_items=[ShipmentSetItem(weighed_shipment_info=WeighedShipment(weight=Decimal("2.5")))],
        ),
    )
    number = (await (await client.shipment_batches.create([parcel])).wait()).numbers[0]

    async def now() -> TrackedShipment:
        return (await client.shipments.list(shipment_numbers=[number], language="en-GB")).items[0]

    async def found(state: str) -> bool:
        return len(await client.shipments.list(shipment_states=state, date_from=datetime(2020, 1, 1, tzinfo=UTC))) == 1

    start = await now()
    assert (start.phase, start.is_final) == ("Order", False)
    assert await found(ShipmentState.DATA_SHIPMENT)
    sandbox.advance(1.6 * DAY)
    stored = await now()
    assert stored.phase == "PickupPoint"
    assert stored.last_event is not None
    assert stored.last_event.name == "Shipment at a pickup point"
    assert stored.access_point_feature is not None
    assert stored.specific_delivery is not None
    assert stored.specific_delivery.access_point_code == "KM10999001"
    assert stored.specific_delivery.specific_delivery_time_from is not None
    assert stored.delivery_feature is not None
    assert stored.delivery_feature.delivery_to_access_point
    assert stored.shipment_weight_info is not None
    assert stored.shipment_weight_info.weight == Decimal("2.5")
    assert await found(ShipmentState.DELIVERED_TO_PICKUP_POINT)
    assert not await found(ShipmentState.DELIVERED)
    sandbox.advance(20 * DAY)
    end = await now()
    assert end.is_final
    assert end.payment_info is not None
    assert (end.payment_info.cod_price, end.payment_info.cod_variable_symbol) == (Decimal("249.5"), "77")
    assert (end.phase == "Delivered") is (end.payment_info.cod_payment_acc_date is not None)
    assert await found(ShipmentState.DELIVERED) or await found(ShipmentState.BACK_TO_SENDER)
    late = datetime.now(UTC) + timedelta(days=400)
    assert (await client.shipments.list(date_from=late)).items == []
    assert (await client.shipments.list(date_to=datetime(2020, 1, 1, tzinfo=UTC))).items == []
    assert (await client.shipments.list(invoice_numbers=["1"])).items == []
    assert len(await client.shipments.list(variable_symbols=["77"])) == 1


async def test_most_parcels_are_delivered_and_a_few_go_back(sandbox: Sandbox, client: Client) -> None:
    numbers = (
        await (await client.shipment_batches.create([shipment(f"r{n}") for n in range(400)])).wait(timeout=30)
    ).numbers
    sandbox.advance(20 * DAY)
    phases = [result.shipment.phase async for result in client.shipments.track(numbers) if result.shipment]
    assert set(phases) == {"Delivered", "BackToSender"}
    assert 0.9 < phases.count("Delivered") / len(phases) < 1


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (
            {"insurance": Insurance(insurance_price=Decimal(9), insurance_currency="XXX")},
            "insurance.insurance_currency",
        ),
        (
            {"insurance": Insurance(insurance_price=Decimal(9**9), insurance_currency="CZK")},
            "insurance.insurance_price",
        ),
        ({"age_check": "A99"}, "age_check"),
        ({"services": [Service(code="ZZZZ")]}, "services"),
        ({"product_type": "COND", "cash_on_delivery": None}, "cash_on_delivery"),
    ],
)
async def test_the_sandbox_holds_its_own_rules(sandbox: Sandbox, changes: dict[str, object], path: str) -> None:
    from cpl_async.models.codec import encode
    from cpl_async.models.shipment_batches import CreateShipmentBatch

    async with Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url) as client:
        with pytest.raises(ValidationError) as caught:  # sent past our own check
            await client.shipment_batches.send(encode(CreateShipmentBatch(shipments=[shipment("a", **changes)])))
    assert [problem.path for problem in caught.value.problems] == [f"shipments[0].{path}"]


def test_unusual_values_are_unreadable_and_not_guessed() -> None:
    for field, odd in (
        ("integratorId", 1.5), ("integratorId", True), ("integratorId", "x"), ("shipmentNumber", {}), ("services", {}),
        ("paymentInfo", {"paidByCard": "maybe"}), ("trackAndTrace", {"events": [{"gpsLatitude": True}]}),
    ):  # fmt: skip
        found = decode({"productType": "PRIV", field: odd}, TrackedShipment)
        assert found.product_type == "PRIV"
        assert found.unreadable is not None, (field, odd)
    good = decode({"integratorId": "7", "paymentInfo": {"paidByCard": "true"}}, TrackedShipment)
    assert (good.integrator_id, good.payment_info and good.payment_info.paid_by_card) == (7, True)
