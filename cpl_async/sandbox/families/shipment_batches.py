"""Batches of shipments: creating, state, label settings and labels."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import orjson
from aiohttp import web

from ..labels import CONTENT_TYPES
from ..problems import Words, problem, words_for
from ..query import Query, QueryError
from ..store import Parcel, StoredShipment, delays_for
from ..validation import errors_of_labels, errors_of_shipments
from ..world import CLIENT, WORLD, World
from .label_data import drawer_for, label_data

__all__ = ["OPERATIONS"]

MOST_LABELS = 200
POINT_UNKNOWN = ("1042", "Výdejní místo neexistuje", "The pickup point does not exist")


async def create(request: web.Request) -> web.Response:
    """Accept a batch, or refuse all of it when one shipment is bad; the import goes on by the clock."""
    world = request.app[WORLD]
    words = words_for(request)
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return problem(400, words("Neplatný JSON.", "The body is not JSON."))
    if not isinstance(body, dict):
        return problem(400, words("Očekáván objekt.", "An object is expected."))
    errors = errors_of_labels(body.get("labelSettings"), words)
    errors |= errors_of_shipments(body.get("shipments"), words, world.settings.capital_paths)
    if errors:
        named = dict([next(iter(errors.items()))]) if world.settings.one_error_at_a_time else errors
        return problem(400, words("Neplatná data.", "One or more validation errors occurred."), errors=named)
    shipments: list[dict[str, Any]] = body["shipments"]
    settings = world.settings
    batch = world.store.add_batch(
        request[CLIENT],
        world.clock.now(),
        body.get("labelSettings") or {},
        shipments,
        [delays_for(world.chance, settings.import_seconds, settings.visible_after) for _ in shipments],
        [_import_error(shipment, words) for shipment in shipments],
    )
    location = f"/shipment/batch/{batch}"
    if settings.location_host:
        location = f"https://{settings.location_host}{location}"
    elif settings.absolute_location:
        location = world.base_url + location
    return web.Response(status=201, headers={"Location": location})


def _import_error(shipment: dict[str, Any], words: Words) -> tuple[str, str] | None:
    """Return the error that shows only at import: a pickup point that there is not (its code ends in 000)."""
    code = str((shipment.get("specificDelivery") or {}).get("parcelShopCode") or "")
    if code.endswith("000"):
        return POINT_UNKNOWN[0], words(*POINT_UNKNOWN[1:])
    return None


async def get(request: web.Request) -> web.Response:
    """Answer the state of each item, in an order unlike the request's unless asked."""
    world = request.app[WORLD]
    found = _batch(request, world)
    if isinstance(found, web.Response):
        return found
    settings, shipments = found
    now = world.clock.now()
    items = [_item(shipment, now, world) for shipment in shipments]
    order = [part.strip().lower() for part in Query(request).text("orderby").split(",") if part.strip()]
    if order:
        items.sort(
            key=lambda item: [
                item.get("referenceId" if part == "referenceid" else "shipmentNumber") or "" for part in order
            ]
        )
    else:
        random.Random(world.settings.seed).shuffle(items)
    result: dict[str, Any] = {"items": items}
    complete = settings.get("completeLabelSettings") or {}
    if complete.get("isCompleteLabelRequested"):
        url = f"{world.base_url}/shipment/batch/{request.match_info['batchId']}/label"
        page, position = complete.get("pageSize") or "Default", complete.get("position") or 1
        pages = range(0, sum(len(shipment.parcels) for shipment in shipments), MOST_LABELS)
        result["completeLabel"] = {
            "labelUrls": [
                f"{url}?pageSize={page}&position={position}&limit={MOST_LABELS}&offset={offset}" for offset in pages
            ]
        }
    return web.Response(body=orjson.dumps(result), content_type="application/json")


def _item(shipment: StoredShipment, now: float, world: World) -> dict[str, Any]:
    first, *others = shipment.parcels
    related = [_part(shipment, parcel, now, world) | {"relationType": "ShipmentSet"} for parcel in others]
    random.Random(shipment.id).shuffle(related)
    item = {"referenceId": shipment.reference, **_part(shipment, first, now, world)}
    return item | {"relatedItems": related or None}


def _part(shipment: StoredShipment, parcel: Parcel, now: float, world: World) -> dict[str, Any]:
    state = shipment.state(now)
    part: dict[str, Any] = {"importState": state}
    if state == "Complete":
        part |= {"shipmentNumber": parcel.number, "labelUrl": f"{world.base_url}/data/{parcel.guid}"}
    elif state == "Error":
        part |= {"errorCode": shipment.error_code, "errorMessage": shipment.error_message}
    return part


async def update_labels(request: web.Request) -> web.Response:
    """Change the label settings; labels are made anew from then on."""
    world = request.app[WORLD]
    words = words_for(request)
    found = _batch(request, world)
    if isinstance(found, web.Response):
        return found
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return problem(400, words("Neplatný JSON.", "The body is not JSON."))
    settings: dict[str, Any] = (body.get("labelSettings") if isinstance(body, dict) else None) or {}
    errors = (
        errors_of_labels(settings, words)
        if settings
        else {"labelSettings": [words("Pole je povinné.", "The field is required.")]}
    )
    if errors:
        return problem(400, words("Neplatná data.", "One or more validation errors occurred."), errors=errors)
    world.store.set_labels(request.match_info["batchId"], settings)
    return web.Response(status=204)


async def label(request: web.Request) -> web.Response:
    """Answer the labels of so many parcels as one file, in the order asked for."""
    world = request.app[WORLD]
    words = words_for(request)
    found = _batch(request, world)
    if isinstance(found, web.Response):
        return found
    settings, shipments = found
    query = Query(request)
    try:
        limit = query.number("limit", 1, MOST_LABELS)
        offset = query.number("offset", 0, 2**31 - 1)
        position = query.number("position", 1, 4, default=1)
    except QueryError as error:
        return problem(400, words("Neplatný dotaz.", "The query is not valid."), errors={error.name: [str(error)]})
    drawer = drawer_for(settings, a4=query.text("pagesize") == "A4", position=position)
    if not drawer.takes_many and limit > 1:
        return problem(
            400, words("Obrázek nese jen jeden štítek.", "A picture holds one label only: ask with limit=1.")
        )
    now = world.clock.now()
    parcels = [
        (shipment, parcel) for shipment in shipments if shipment.state(now) == "Complete" for parcel in shipment.parcels
    ]
    for part in reversed([part.strip().lower() for part in query.text("orderby").split(",") if part.strip()]):
        parcels.sort(key=lambda pair: pair[0].reference if part == "referenceid" else pair[1].number)
    chosen = parcels[offset : offset + limit]
    if not chosen:
        return problem(404, words("Žádné štítky.", "There are no such labels."))
    content = await asyncio.to_thread(drawer.draw, [label_data(*pair) for pair in chosen])
    return web.Response(body=content, content_type=CONTENT_TYPES[drawer.format])


def _batch(request: web.Request, world: World) -> tuple[dict[str, Any], list[StoredShipment]] | web.Response:
    batch = request.match_info["batchId"]
    settings = world.store.labels_of(batch, request[CLIENT])
    if settings is None:
        return problem(404, words_for(request)("Dávka neexistuje.", "There is no such batch."))
    return settings, world.store.shipments_of(batch)


OPERATIONS = {
    ("POST", "/shipment/batch"): ("shipment_batches.create", create),
    ("GET", "/shipment/batch/{batchId}"): ("shipment_batches.get", get),
    ("PUT", "/shipment/batch/{batchId}"): ("shipment_batches.update_labels", update_labels),
    ("GET", "/shipment/batch/{batchId}/label"): ("shipment_batches.label", label),
}
