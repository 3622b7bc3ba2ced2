"""Factories of valid models with unique references, for tests of code that uses the SDK."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from .models.addresses import Address
from .models.codes import ImportState, OrderType
from .models.order_batches import Order
from .models.shipment_batches import CashOnDelivery, ExternalNumber, Shipment, ShipmentBatchResult, ShipmentResultItem
from .models.shipments import TrackAndTrace, TrackedExternalNumber, TrackedShipment, TrackingEvent

__all__ = ["make_address", "make_batch_result", "make_order", "make_shipment", "make_tracked_shipment"]

FIRST_NUMBER = 40_900_000_001
_numbers = itertools.count(1)
PHASES_BY_LAST: dict[str, tuple[str, ...]] = {
    "PickupPoint": ("Order", "InTransport", "Delivering", "PickupPoint"),
    "BackToSender": ("Order", "InTransport", "Delivering", "Returning", "BackToSender"),
    "Canceled": ("Order", "Canceled"),
    "Delivered": ("Order", "InTransport", "Delivering", "Delivered"),
}
"""Sequences of phases, by the last phase."""
EVENT_NAMES = {
    "Order": "Shipment data received",
    "InTransport": "Shipment picked up",
    "Delivering": "Shipment out for delivery",
    "Delivered": "Shipment delivered",
    "PickupPoint": "Shipment at a pickup point",
    "Returning": "Shipment returning",
    "BackToSender": "Shipment back at its sender",
    "Canceled": "Shipment cancelled",
}


def make_address(**changes: Any) -> Address:
    """Return the address of a public institution.

    :param changes: Fields to change, e.g. ``country="SK"``.
    """
    fields = {
        "name": "Městský úřad",
        "street": "Karlovo náměstí 78",
        "city": "Kolín",
        "zip_code": "28002",
        "country": "CZ",
        "phone": "+420777000111",
        "email": "posta@example.com",
    }
    return Address(**(fields | changes))


def make_shipment(*, cash_on_delivery: str | int | None = None, **changes: Any) -> Shipment:
    """Return a valid shipment. Its reference is unique in the process and also its ``CUST`` number.

    :param cash_on_delivery: Amount in CZK, which changes the product. Default: no cash on delivery.
    :param changes: Fields to change, e.g. ``reference_id="2026-00017"`` or ``recipient=make_address(…)``.
    """
    number = next(_numbers)
    reference = str(changes.get("reference_id", f"TEST-{number:06}"))
    fields: dict[str, Any] = {
        "reference_id": reference,
        "product_type": "PRIV" if cash_on_delivery is None else "PRID",
        "recipient": make_address(),
        "external_numbers": [ExternalNumber(code="CUST", external_number=reference[:100])],
    }
    if cash_on_delivery is not None:
        fields["cash_on_delivery"] = CashOnDelivery(
            cod_price=cash_on_delivery,
            cod_currency="CZK",
            cod_var_sym=str(number),
        )
    return Shipment(**(fields | changes))


def make_order(**changes: Any) -> Order:
    """Return an order for a collection tomorrow.

    :param changes: Fields to change, e.g. ``shipment_count=12``.
    """
    fields: dict[str, Any] = {
        "reference_id": f"ORDER-{next(_numbers):06}",
        "order_type": OrderType.COLLECTION_ORDER,
        "shipment_count": 1,
        "send_date": datetime.now(UTC) + timedelta(days=1),
        "sender": make_address(),
        "email": "posta@example.com",
    }
    return Order(**(fields | changes))


def make_batch_result(
    shipments: Iterable[Shipment | str], *, failed: Sequence[str] = (), state: ImportState = ImportState.COMPLETE
) -> ShipmentBatchResult:
    """Return a result of ``batch.wait`` for an imported batch.

    :param shipments: Sent shipments, or their references.
    :param failed: References whose import failed. Default: none.
    :param state: State of the other shipments. Default: ``Complete``.
    """
    items = []
    for shipment in shipments:
        reference = shipment if isinstance(shipment, str) else shipment.reference_id
        if reference in failed:
            item = ShipmentResultItem(
                reference_id=reference,
                import_state=ImportState.ERROR,
                error_code="TEST",
                error_message="rejected by the test",
            )
        else:
            number = _next_shipment_number() if state is ImportState.COMPLETE else None
            item = ShipmentResultItem(
                reference_id=reference,
                shipment_number=number,
                import_state=state,
                label_url=f"https://labels.example/data/{number}" if number else None,
            )
        items.append(item)
    return ShipmentBatchResult(items=items)


def make_tracked_shipment(phase: str | None = "InTransport", **changes: Any) -> TrackedShipment:
    """Return a tracked shipment with the events up to a phase, three hours apart.

    :param phase: Phase of the newest event, e.g. ``Delivered``, or ``None`` for no events. Default: ``InTransport``.
    :param changes: Fields to change, e.g. ``shipment_number="40900000001"``.
    :raises ValueError: If the phase is unknown.
    """
    phases = _phases_until(phase)
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3 * len(phases))
    events = [
        TrackingEvent(
            status_id=number,
            code=name.upper(),
            phase=name,
            name=EVENT_NAMES[name],
            event_date=began + timedelta(hours=3 * number),
        )
        for number, name in enumerate(phases)
    ]
    number = next(_numbers)
    fields: dict[str, Any] = {
        "shipment_number": _next_shipment_number(),
        "product_type": "PRIV",
        "recipient": make_address(),
        "external_numbers": [TrackedExternalNumber(code="CUST", external_number=f"TEST-{number:06}")],
        "last_update_date": events[-1].event_date if events else began,
        "track_and_trace": TrackAndTrace(events=events),
    }
    return TrackedShipment(**(fields | changes))


def _phases_until(phase: str | None) -> Sequence[str]:
    if phase is None:
        return ()
    for phases in reversed(PHASES_BY_LAST.values()):
        if phase in phases:
            return phases[: phases.index(phase) + 1]
    raise ValueError(f"{phase!r} is not a phase of a parcel: use {', '.join(EVENT_NAMES)}")


def _next_shipment_number() -> str:
    return str(FIRST_NUMBER + next(_numbers))
