"""Tracking data of a parcel at a time of the sandbox's clock."""

from __future__ import annotations

from typing import Any

from ..context import SandboxContext
from ..journey import Journey
from ..problems import Translator
from ..responses import timestamp
from ..store import Parcel, StoredShipment

__all__ = ["journey_of", "tracked"]

PAYOUT_SECONDS = 86_400.0
"""Seconds of the sandbox's clock between the delivery and the payout of cash on delivery."""


def journey_of(shipment: StoredShipment, parcel: Parcel, context: SandboxContext) -> Journey:
    """Return the journey of a parcel."""
    return Journey(
        number=parcel.number,
        product=str(shipment.body["productType"]),
        began=shipment.done,
        seconds=context.settings.journey_seconds,
        cancelled=parcel.cancelled,
    )


def tracked(
    shipment: StoredShipment, parcel: Parcel, context: SandboxContext, now: float, translate: Translator
) -> dict[str, Any]:
    """Return a parcel as a JSON object of the contract.

    :param now: Time of the sandbox's clock.
    """
    body = shipment.body
    journey = journey_of(shipment, parcel, context)
    steps = journey.steps(now)
    delivered = journey.time_of(now, "Delivered")
    items = (body.get("shipmentSet") or {}).get("shipmentSetItems") or []
    item = items[parcel.place - 1] if parcel.place <= len(items) else {}
    return {
        "shipmentNumber": parcel.number,
        "productType": body["productType"],
        "note": body.get("note"),
        "depot": body.get("depot"),
        "integratorId": body.get("integratorId"),
        "lastUpdateDate": timestamp(steps[-1].at if steps else shipment.done),
        "shipmentSet": _set(parcel) if context.settings.shows_sets else None,
        "recipient": body["recipient"] | parcel.contact,
        "sender": body.get("sender"),
        "specificDelivery": _specific(body.get("specificDelivery")),
        "externalNumbers": body.get("externalNumbers"),
        "services": [{"code": service["code"]} for service in body.get("services") or []] or None,
        "trackAndTrace": {
            "events": [
                {
                    "statusId": step.status,
                    "code": str(step.status),
                    "phase": step.phase,
                    "group": step.phase,
                    "eventDate": timestamp(step.at),
                    "name": step.name(translate),
                }
                for step in steps
            ]
        },
        "shipmentWeightInfo": _weight(item, journey.time_of(now, "InTransport")),
        "paymentInfo": _payment(body.get("cashOnDelivery"), parcel, delivered, now),
        "deliveryFeature": {
            "loadDate": timestamp(journey.time_of(now, "InTransport")),
            "outDepDate": timestamp(journey.time_of(now, "Delivering")),
            "delivDate": timestamp(delivered),
            "delivPerson": body["recipient"].get("contact") or body["recipient"].get("name") if delivered else None,
            "notDelivDate": timestamp(next((step.at for step in steps if step.status == 6), None)),
            "deliveryToAccessPoint": any(step.status == 7 for step in steps),
        },
        "backShipmentFeature": _back(journey.time_of(now, "BackToSender")),
        "accessPointFeature": _storage(journey.time_of(now, "PickupPoint"), delivered or now),
    }


def _set(parcel: Parcel) -> dict[str, Any] | None:
    if parcel.in_set < 2:
        return None
    return {
        "masterShipmentNumber": parcel.master,
        "shipmentsInSet": parcel.in_set,
        "shipmentInSetNumber": parcel.place,
    }


def _specific(delivery: dict[str, Any] | None) -> dict[str, Any] | None:
    if not delivery:
        return None
    times = {
        name: str(delivery[name])[11:16]
        for name in ("specificDeliveryTimeFrom", "specificDeliveryTimeTo")
        if delivery.get(name)
    }
    days = {name: delivery.get(name) for name in ("specificDeliveryDate", "specificTakeDate")}
    return days | times | {"accessPointCode": delivery.get("parcelShopCode")}


def _weight(item: dict[str, Any], weighed: float | None) -> dict[str, Any] | None:
    weight = (item.get("weighedShipmentInfo") or {}).get("weight")
    return None if weight is None else {"weight": weight, "weighedDate": timestamp(weighed)}


def _payment(cash: dict[str, Any] | None, parcel: Parcel, delivered: float | None, now: float) -> dict[str, Any] | None:
    if not cash or parcel.place != 1:
        return None
    paid = delivered + PAYOUT_SECONDS if delivered is not None and now >= delivered + PAYOUT_SECONDS else None
    return {
        "codPrice": cash["codPrice"],
        "codCurrency": cash["codCurrency"],
        "codVariableSymbol": cash["codVarSym"],
        "specificSymbol": cash.get("specSymbol"),
        "bankCode": cash.get("bankCode"),
        "paidByCard": False,
        "codPaidDate": timestamp(delivered),
        "codPaymentAccDate": timestamp(paid),
    }


def _back(back: float | None) -> dict[str, Any] | None:
    return None if back is None else {"backDate": timestamp(back)}


def _storage(stored: float | None, until: float) -> dict[str, Any] | None:
    return None if stored is None else {"accessPointDaysInStorage": int((until - stored) // 86_400)}
