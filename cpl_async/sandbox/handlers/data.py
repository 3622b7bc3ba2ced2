"""Single labels by their id."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ..labels import CONTENT_TYPES
from ..request_parsing import missing
from ..world import CLIENT, WORLD
from .label_data import drawer_for, label_data

__all__ = ["OPERATIONS"]


async def get(request: web.Request) -> web.Response:
    """Answer the label of one parcel in its batch's format."""
    world = request.app[WORLD]
    found = world.store.shipment_with_label(request.match_info["dataGuid"], request[CLIENT])
    if found is None or found[0].state(world.clock.now()) != "Complete":
        return missing(request, "Štítek neexistuje.", "There is no such label.")
    shipment, parcel = found
    labels = world.store.labels_of(shipment.batch, request[CLIENT]) or {}
    drawer = drawer_for(labels)
    content = await asyncio.to_thread(drawer.draw, [label_data(shipment, parcel)])
    return web.Response(body=content, content_type=CONTENT_TYPES[drawer.format])


OPERATIONS = {("GET", "/data/{dataGuid}"): ("data.get", get)}
