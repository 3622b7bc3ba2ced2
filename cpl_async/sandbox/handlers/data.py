"""Handler of single labels by id."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ..context import CLIENT, CONTEXT
from ..labels import CONTENT_TYPES
from ..request_parsing import not_found_problem
from .label_data import drawer_for, label_data

__all__ = ["OPERATIONS"]


async def get(request: web.Request) -> web.Response:
    """Return the label of one parcel in the format of its batch."""
    context = request.app[CONTEXT]
    pair = context.store.shipment_with_label(request.match_info["dataGuid"], request[CLIENT])
    if pair is None or pair[0].state(context.clock.now()) != "Complete":
        return not_found_problem(request, "Štítek neexistuje.", "There is no such label.")
    shipment, parcel = pair
    labels = context.store.labels_of(shipment.batch, request[CLIENT]) or {}
    drawer = drawer_for(labels)
    content = await asyncio.to_thread(drawer.draw, [label_data(shipment, parcel)])
    return web.Response(body=content, content_type=CONTENT_TYPES[drawer.format])


OPERATIONS = {("GET", "/data/{dataGuid}"): ("data.get", get)}
