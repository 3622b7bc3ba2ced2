"""Orders as tracking shows them, and cancelling them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from ..journey import order_state
from ..order_store import StoredOrder
from ..request_parsing import ASKED, Asked
from ..responses import moment, page, read_moment, refusal
from ..world import CLIENT, FAULT, WORLD

__all__ = ["OPERATIONS"]

FILTERS = {
    "CustomerReferences": "customerReference",
    "OrderReferences": "referenceId",
    "OrderNumbers": "orderNumber",
}
DURATION = 3600.0
"""Seconds from the courier's coming until a transport is delivered, by the sandbox's clock."""


async def find(request: web.Request) -> web.Response:
    """Answer the orders that match the filters, as an array: what clients receive."""
    world = request.app[WORLD]
    now = world.clock.now()
    shown = world.orders.shown(request[CLIENT], now - world.settings.visible_after)
    orders = [(order, _shown(order, now)) for order in shown]
    return page(
        request, [found for order, found in orders if FAULT in request or _matches(order, found, request[ASKED])]
    )


def _matches(order: StoredOrder, shown: dict[str, Any], asked: Asked) -> bool:
    for name, field in FILTERS.items():
        values = asked.many(name)
        if values and shown[field] not in values:
            return False
    ids, state, product = asked.many("OrderIds"), asked.text("OrderStates"), asked.text("ProductType")
    if (ids and order.id not in ids) or asked.many("ShipmentNumbers"):
        return False
    if state not in ("", "None", shown["orderState"]) or (product and shown["productType"] != product):
        return False
    since, until, day = (read_moment(asked.text(name)) for name in ("DateFrom", "DateTo", "SendDate"))
    accepted = datetime.fromtimestamp(order.done, UTC)
    if (since and accepted < since) or (until and accepted > until):
        return False
    sent = read_moment(order.body["sendDate"])
    return day is None or (sent is not None and sent.date() == day.date())


def _shown(order: StoredOrder, now: float) -> dict[str, Any]:
    body = order.body
    state = order_state(order.number, order.due, order.cancelled, now)
    collected = state == "PickedUp"
    delivered = collected and body["orderType"] == "TransportOrder" and now >= order.due + DURATION
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
        "realCollectionDate": moment(order.due) if collected else None,
        "deliveryDateTime": moment(order.due + DURATION) if delivered else None,
        "sender": body.get("sender"),
        "recipient": body.get("recipient"),
        "shipmentNumbers": None,
    }


async def cancel(request: web.Request) -> web.Response:
    """Cancel an order that is named by exactly one reference, as long as the courier was not there."""
    world = request.app[WORLD]
    asked = request[ASKED]
    given = {name: asked.text(name) for name in ("customerReference", "orderReference") if asked.one(name) is not None}
    if len(given) != 1 or not all(given.values()):
        czech, english = "Uveďte právě jednu referenci.", "Give exactly one of the two references."
        return refusal(request, "orderReference", czech, english)
    now = world.clock.now()
    name, value = next(iter(given.items()))
    found = [
        order
        for order in world.orders.shown(request[CLIENT], now)
        if value == (order.reference if name == "orderReference" else order.customer_reference)
    ]
    if not found:
        return refusal(request, name, "Objednávka neexistuje.", "There is no such order.")
    open_ones = [order for order in found if order_state(order.number, order.due, order.cancelled, now) == "Created"]
    if not open_ones:
        czech, english = "Objednávku již nelze zrušit.", "The order can no longer be cancelled."
        return refusal(request, name, czech, english)
    for order in open_ones:
        world.orders.cancel(order, now, (asked.body or {}).get("note"))
    return web.Response(status=200)


OPERATIONS = {
    ("GET", "/order"): ("orders.list", find),
    ("POST", "/order/cancel"): ("orders.cancel", cancel),
}
