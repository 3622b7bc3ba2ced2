"""Handlers of batches of shipments and their labels."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from aiohttp import web

from ..context import CLIENT, CONTEXT, SandboxContext
from ..labels import CONTENT_TYPES
from ..problems import Translator, problem_response, translator_for
from ..request_parsing import PARSED, not_found_problem
from ..responses import json_response, validation_problem
from ..store import Parcel, StoredShipment, draw_delays
from ..validation import errors_of_shipments
from .batch_responses import created_response, rejected_response
from .label_data import drawer_for, label_data
from .tracking import journey_of

__all__ = ["OPERATIONS"]

MAX_LABELS = 200
MAX_PARCELS = 50
IMPORT_FAILED = ("1001", "Zásilku nelze založit", "The shipment cannot be created")
POINT_UNKNOWN = ("1042", "Výdejní místo neexistuje", "The pickup point does not exist")


async def create(request: web.Request) -> web.Response:
    """Accept a batch, or reject it if any shipment is invalid. Its import takes time by the sandbox's clock."""
    context = request.app[CONTEXT]
    translate = translator_for(request)
    body = request[PARSED].body
    shipments: list[dict[str, Any]] = body["shipments"]
    client = request[CLIENT]
    errors = errors_of_shipments(
        shipments, translate, lambda number, product: context.store.can_use(client, number, product)
    )
    if context.settings.refuses_used_references:
        for index in context.store.used_references(client, shipments):
            message = translate("Reference již byla použita.", "The reference was used before.")
            errors.setdefault(f"shipments[{index}].referenceId", []).append(message)
    if errors:
        return rejected_response(request, errors)
    settings = context.settings
    batch = context.store.add_batch(
        client,
        context.clock.now(),
        body.get("labelSettings") or {},
        shipments,
        [draw_delays(context.rng, settings) for _ in shipments],
        [_import_error(shipment, translate, context) for shipment in shipments],
    )
    return created_response(request, f"/shipment/batch/{batch}")


def _import_error(shipment: dict[str, Any], translate: Translator, context: SandboxContext) -> tuple[str, str] | None:
    """Return the import error of a shipment, or ``None``: at random, or for an unknown pickup point (ends in 000)."""
    if context.settings.import_errors and context.rng.random() < context.settings.import_errors:
        return IMPORT_FAILED[0], translate(*IMPORT_FAILED[1:])
    code = str((shipment.get("specificDelivery") or {}).get("parcelShopCode") or "")
    if code.endswith("000"):
        return POINT_UNKNOWN[0], translate(*POINT_UNKNOWN[1:])
    return None


async def get(request: web.Request) -> web.Response:
    """Return the import state of each item, in a different order than in the request unless there is ``OrderBy``."""
    context = request.app[CONTEXT]
    batch = _batch(request, context)
    if isinstance(batch, web.Response):
        return batch
    settings, shipments = batch
    now = context.clock.now()
    items = [_item(shipment, now, context) for shipment in shipments]
    order = [part.strip().lower() for part in request[PARSED].text("OrderBy").split(",") if part.strip()]
    if order:
        items.sort(
            key=lambda item: [
                item.get("referenceId" if part == "referenceid" else "shipmentNumber") or "" for part in order
            ]
        )
    else:
        random.Random(context.settings.seed).shuffle(items)
    result: dict[str, Any] = {"items": items}
    complete = settings.get("completeLabelSettings") or {}
    if complete.get("isCompleteLabelRequested"):
        url = f"{context.base_url}/shipment/batch/{request.match_info['batchId']}/label"
        page, position = complete.get("pageSize") or "Default", complete.get("position") or 1
        pages = range(0, sum(len(shipment.parcels) for shipment in shipments), MAX_LABELS)
        result["completeLabel"] = {
            "labelUrls": [
                f"{url}?pageSize={page}&position={position}&limit={MAX_LABELS}&offset={offset}" for offset in pages
            ]
        }
    return json_response(result)


def _item(shipment: StoredShipment, now: float, context: SandboxContext) -> dict[str, Any]:
    first, *others = shipment.parcels
    related = [_part(shipment, parcel, now, context) | {"relationType": "ShipmentSet"} for parcel in others]
    random.Random(shipment.id).shuffle(related)
    item = {"referenceId": shipment.reference, **_part(shipment, first, now, context)}
    return item | {"relatedItems": related or None}


def _part(shipment: StoredShipment, parcel: Parcel, now: float, context: SandboxContext) -> dict[str, Any]:
    state = shipment.state(now)
    part: dict[str, Any] = {"importState": state}
    if state == "Complete":
        part |= {"shipmentNumber": parcel.number, "labelUrl": f"{context.base_url}/data/{parcel.guid}"}
    elif state == "Error":
        part |= {"errorCode": shipment.error_code, "errorMessage": shipment.error_message}
    return part


async def update_labels(request: web.Request) -> web.Response:
    """Change the label settings, which apply to labels rendered afterwards."""
    context = request.app[CONTEXT]
    batch = _batch(request, context)
    if isinstance(batch, web.Response):
        return batch
    settings: dict[str, Any] = request[PARSED].body["labelSettings"]
    context.store.set_labels(request.match_info["batchId"], settings)
    return web.Response(status=204)


async def label(request: web.Request) -> web.Response:
    """Return the labels of a range of parcels as one file, in the requested order."""
    context = request.app[CONTEXT]
    translate = translator_for(request)
    batch = _batch(request, context)
    if isinstance(batch, web.Response):
        return batch
    settings, shipments = batch
    parsed = request[PARSED]
    limit, offset = int(parsed.value("limit")), int(parsed.value("offset"))
    drawer = drawer_for(
        settings,
        a4=parsed.text("PageSize") == "A4",
        position=int(parsed.value("Position") or 1),
        cheap=context.settings.cheap_labels,
    )
    if not drawer.holds_several and limit > 1:
        return problem_response(
            400, translate("Obrázek nese jen jeden štítek.", "A picture holds one label only: ask with limit=1.")
        )
    now = context.clock.now()
    parcels = [
        (shipment, parcel) for shipment in shipments if shipment.state(now) == "Complete" for parcel in shipment.parcels
    ]
    for part in reversed([part.strip().lower() for part in parsed.text("OrderBy").split(",") if part.strip()]):
        parcels.sort(key=lambda pair: pair[0].reference if part == "referenceid" else pair[1].number)
    chosen = parcels[offset : offset + limit]
    if not chosen:
        return not_found_problem(request, "Žádné štítky.", "There are no such labels.")
    content = await asyncio.to_thread(drawer.draw, [label_data(*pair) for pair in chosen])
    return web.Response(body=content, content_type=CONTENT_TYPES[drawer.format])


def _batch(request: web.Request, context: SandboxContext) -> tuple[dict[str, Any], list[StoredShipment]] | web.Response:
    batch = request.match_info["batchId"]
    settings = context.store.labels_of(batch, request[CLIENT])
    if settings is None:
        return not_found_problem(request, "Dávka neexistuje.", "There is no such batch.")
    return settings, context.store.shipments_of(batch)


async def connect_set(request: web.Request) -> web.Response:
    """Combine existing shipments into one set: all of them or none."""
    context = request.app[CONTEXT]
    numbers: list[str] = (request[PARSED].body or {}).get("shipmentNumbers", [])
    pairs = [context.store.parcel(number, request[CLIENT]) for number in numbers]
    if len(numbers) < 2 or len(set(numbers)) < len(numbers) or len(numbers) > MAX_PARCELS:
        czech, english = "Set má 2 až 50 různých zásilek.", "A set has 2 to 50 different shipments."
        return validation_problem(request, "shipmentNumbers", czech, english)
    for index, pair in enumerate(pairs):
        reason = _not_for_a_set(pair, pairs[0], context)
        if reason:
            return validation_problem(request, f"shipmentNumbers[{index}]", *reason)
    context.store.connect(numbers)
    return web.Response(status=200)


def _not_for_a_set(
    pair: tuple[StoredShipment, Parcel] | None, first: tuple[StoredShipment, Parcel] | None, context: SandboxContext
) -> tuple[str, str] | None:
    """Return why a shipment cannot be in a set, in both languages, or ``None`` if it can."""
    now = context.clock.now()
    if pair is None or first is None or pair[0].state(now) != "Complete":
        return "Zásilka neexistuje.", "There is no such shipment."
    shipment, parcel = pair
    body = shipment.body
    product = body["productType"]
    if product != first[0].body["productType"]:
        return "Všechny zásilky musí mít stejný produkt.", "All shipments must have the same product."
    if body.get("cashOnDelivery"):
        return "Zásilka má dobírku.", "The shipment has cash on delivery."
    if product == "SBOX" or (body["recipient"]["country"] != "CZ" and product != "COPL"):
        return "Produkt nelze spojit do setu.", "The product cannot be combined into a set."
    if parcel.in_set > 1 or parcel.cancelled is not None:
        return "Zásilka již je v setu nebo zrušena.", "The shipment is in a set already, or cancelled."
    if not any(number["code"] == "ESPN" for number in body.get("externalNumbers") or []):
        return "Zásilka nemá číslo ESPN.", "The shipment has no external number of code ESPN."
    if journey_of(shipment, parcel, context).picked_up(now):
        return "Zásilka je již v přepravě.", "The shipment is on its way already."
    return None


OPERATIONS = {
    ("POST", "/shipment/batch"): ("shipment_batches.create", create),
    ("POST", "/shipment/batch/connectSet"): ("shipment_batches.connect_set", connect_set),
    ("GET", "/shipment/batch/{batchId}"): ("shipment_batches.get", get),
    ("PUT", "/shipment/batch/{batchId}"): ("shipment_batches.update_labels", update_labels),
    ("GET", "/shipment/batch/{batchId}/label"): ("shipment_batches.label", label),
}
