"""Handlers of the tracking and cancellation of orders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from ..context import CLIENT, CONTEXT, IGNORES_FILTERS
from ..journey import order_state
from ..order_store import StoredOrder
from ..request_parsing import PARSED, ParsedRequest
from ..responses import page, parse_timestamp, timestamp, validation_problem

__all__ = ["OPERATIONS"]

FILTERS = {
    "CustomerReferences": "customerReference",
    "OrderReferences": "referenceId",
    "OrderNumbers": "orderNumber",
}
TRANSPORT_SECONDS = 3600.0
"""Seconds of the sandbox's clock between the collection and the delivery of a transport."""


async def find(request: web.Request) -> web.Response:
    """Return the orders that match the filters, as an array, as received by real clients."""
    context = request.app[CONTEXT]
    now = context.clock.now()
    shown = context.orders.shown(request[CLIENT], now - context.settings.visible_after)
    orders = [(order, _shown(order, now)) for order in shown]
    return page(
        request,
        [item for order, item in orders if IGNORES_FILTERS in request or _matches(order, item, request[PARSED])],
    )


def _matches(order: StoredOrder, shown: dict[str, Any], parsed: ParsedRequest) -> bool:
    for name, field in FILTERS.items():
        values = parsed.values(name)
        if values and shown[field] not in values:
            return False
    ids, state, product = parsed.values("OrderIds"), parsed.text("OrderStates"), parsed.text("ProductType")
    if (ids and order.id not in ids) or parsed.values("ShipmentNumbers"):
        return False
    if state not in ("", "None", shown["orderState"]) or (product and shown["productType"] != product):
        return False
    since, until, day = (parse_timestamp(parsed.text(name)) for name in ("DateFrom", "DateTo", "SendDate"))
    accepted = datetime.fromtimestamp(order.done, UTC)
    if (since and accepted < since) or (until and accepted > until):
        return False
    sent = parse_timestamp(order.body["sendDate"])
    return day is None or (sent is not None and sent.date() == day.date())


def _shown(order: StoredOrder, now: float) -> dict[str, Any]:
    body = order.body
    state = order_state(order.number, order.due, order.cancelled, now)
    collected = state == "PickedUp"
    delivered = collected and body["orderType"] == "TransportOrder" and now >= order.due + TRANSPORT_SECONDS
    return {
        "orderNumber": order.number,
        "orderState": state,
        "referenceId": order.reference,
        "shipmentCount": body["shipmentCount"],
        "realShipmentCount": body["shipmentCount"] if collected else 0,
        "email": body.get("email"),
        "note": body.get("note"),
        "customerReference": order.customer_reference,
        "productType": body.get("productType"),
        "sendDate": body["sendDate"],
        "realCollectionDate": timestamp(order.due) if collected else None,
        "deliveryDateTime": timestamp(order.due + TRANSPORT_SECONDS) if delivered else None,
        "sender": body.get("sender"),
        "recipient": body.get("recipient"),
        "shipmentNumbers": None,
    }


async def cancel(request: web.Request) -> web.Response:
    """Cancel an order identified by exactly one reference, unless the courier has already come."""
    context = request.app[CONTEXT]
    parsed = request[PARSED]
    references = {
        name: parsed.text(name) for name in ("customerReference", "orderReference") if parsed.value(name) is not None
    }
    if len(references) != 1 or not all(references.values()):
        czech, english = "Uveďte právě jednu referenci.", "Give exactly one of the two references."
        return validation_problem(request, "orderReference", czech, english)
    now = context.clock.now()
    name, value = next(iter(references.items()))
    orders = [
        order
        for order in context.orders.shown(request[CLIENT], now)
        if value == (order.reference if name == "orderReference" else order.customer_reference)
    ]
    if not orders:
        return validation_problem(request, name, "Objednávka neexistuje.", "There is no such order.")
    open_orders = [order for order in orders if order_state(order.number, order.due, order.cancelled, now) == "Created"]
    if not open_orders:
        czech, english = "Objednávku již nelze zrušit.", "The order can no longer be cancelled."
        return validation_problem(request, name, czech, english)
    for order in open_orders:
        context.orders.cancel(order, now, (parsed.body or {}).get("note"))
    return web.Response(status=200)


OPERATIONS = {
    ("GET", "/order"): ("orders.list", find),
    ("POST", "/order/cancel"): ("orders.cancel", cancel),
}
