"""Ships orders. One client for the process: it may be used from all threads, and on both sides of a fork."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings

from cpl_sync import Address, CashOnDelivery, Client, ExternalNumber, Shipment

from .models import Order

cpl = Client.from_config()


def ship(orders: Iterable[Order]) -> dict[str, int]:
    """Ship orders, and write down what became of each; return how many came to which state.

    All shipments of the shop are one job in the journal of `cpl`: whatever stops this, and however often it is asked
    for the same order, it is sent once.
    """
    by_reference = {order.reference: order for order in orders}
    counts: dict[str, int] = {}
    rows = [shipment(order) for order in by_reference.values()]
    for result in cpl.bulk.ship(rows, name="django-shop", label_dir=settings.DATA / "labels"):
        order = by_reference[result.reference]
        order.state, order.message = result.state, result.message
        order.shipment_number = result.shipment_number or ""
        if result.parcels and result.parcels[0].file is not None:
            order.label_file, order.label_page = str(result.parcels[0].file), result.parcels[0].page
        order.save()
        counts[result.state] = counts.get(result.state, 0) + 1
    return counts


def shipment(order: Order) -> Shipment:
    """Return what is sent for an order: the same each time."""
    cash = order.cash_on_delivery
    return Shipment(
        reference_id=order.reference,
        product_type="PRIV" if cash is None else "PRID",
        recipient=Address(
            name=order.name, street=order.street, city=order.city, zip_code=order.zip_code, country=order.country
        ),
        cash_on_delivery=None
        if cash is None
        else CashOnDelivery(cod_price=Decimal(cash), cod_currency="CZK", cod_var_sym=str(order.pk)),
        external_numbers=[ExternalNumber(code="CUST", external_number=order.reference)],
    )
