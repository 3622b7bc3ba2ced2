"""Shipments as tracking shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from ..problems import problem, words_for
from ..query import Query, QueryError
from ..store import Parcel, StoredShipment
from ..world import CLIENT, WORLD

__all__ = ["OPERATIONS"]

FILTER_VALUES = 50


async def find(request: web.Request) -> web.Response:
    """Answer the parcels that match the filters, one page of them; each parcel of a set by itself."""
    world = request.app[WORLD]
    query = Query(request)
    try:
        limit = query.number("limit", 1, 1000)
        offset = query.number("offset", 0, 2**31 - 1)
        filters = {
            "numbers": query.many("shipmentnumbers", FILTER_VALUES),
            "custs": query.many("customerreferences", FILTER_VALUES),
            "symbols": query.many("variablesymbols", FILTER_VALUES),
        }
        query.many("invoicenumbers", FILTER_VALUES)
    except QueryError as error:
        title = words_for(request)("Neplatný dotaz.", "The query is not valid.")
        return problem(400, title, errors={error.name: [str(error)]})
    found = world.store.find(request[CLIENT], world.clock.now(), filters)
    page = [_shown(shipment, parcel) for shipment, parcel in found[offset : offset + limit]]
    return web.Response(
        body=orjson.dumps(page),
        content_type="application/json",
        headers={
            "X-Paging-Total-Items-Count": str(len(found)),
            "X-Paging-Offset": str(offset),
            "X-Paging-Limit": str(limit),
        },
    )


def _shown(shipment: StoredShipment, parcel: Parcel) -> dict[str, Any]:
    body = shipment.body
    moment = datetime.fromtimestamp(shipment.done, UTC).isoformat()
    shown: dict[str, Any] = {
        "shipmentNumber": parcel.number,
        "productType": body["productType"],
        "note": body.get("note"),
        "lastUpdateDate": moment,
        "recipient": body["recipient"],
        "sender": body.get("sender"),
        "externalNumbers": body.get("externalNumbers"),
        "trackAndTrace": {
            "events": [{"statusId": 1, "code": "Order", "phase": "Order", "eventDate": moment, "name": "Order"}]
        },
    }
    if len(shipment.parcels) > 1:
        shown["shipmentSet"] = {
            "masterShipmentNumber": parcel.master,
            "shipmentsInSet": len(shipment.parcels),
            "shipmentInSetNumber": parcel.place,
        }
    cash = body.get("cashOnDelivery")
    if cash:
        shown["paymentInfo"] = {
            "codPrice": cash["codPrice"],
            "codCurrency": cash["codCurrency"],
            "codVariableSymbol": cash["codVarSym"],
            "paidByCard": False,
        }
    return shown


OPERATIONS = {("GET", "/shipment"): ("shipments.list", find)}
