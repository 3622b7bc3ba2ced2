"""Batches of orders: creating and state."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from ..journey import PICKED_UP
from ..problems import Words, words_for
from ..request_parsing import ASKED, missing
from ..responses import answer
from ..store import delays_for
from ..validation import errors_of_orders
from ..world import CLIENT, WORLD, World
from .batch_responses import created, refused

__all__ = ["OPERATIONS"]

PAST_DAY = ("2001", "Den svozu je v minulosti", "The day of the collection is past")


async def create(request: web.Request) -> web.Response:
    """Accept a batch, or refuse all of it when one order is bad; the import goes on by the clock."""
    world = request.app[WORLD]
    words = words_for(request)
    orders: list[dict[str, Any]] = request[ASKED].body["orders"]
    if errors := errors_of_orders(orders, words):
        return refused(request, errors)
    now = world.clock.now()
    delays = [delays_for(world.chance, world.settings)[:2] for _ in orders]
    due = [_due(order, now + done, world) for order, (_, done) in zip(orders, delays, strict=True)]
    errors_at_import = [_import_error(order, now, words) for order in orders]
    batch = world.orders.add_batch(request[CLIENT], now, orders, delays, due, errors_at_import)
    return created(request, f"/order/batch/{batch}")


def _due(order: dict[str, Any], done: float, world: World) -> float:
    """Return when the courier comes: on the day asked for, but not before it can be told."""
    return max(done + PICKED_UP * world.settings.journey_seconds, _send_date(order).timestamp())


def _send_date(order: dict[str, Any]) -> datetime:
    moment = datetime.fromisoformat(order["sendDate"])
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # a year at the very edge has no moment in every time zone
    return min(max(moment, datetime(1971, 1, 1, tzinfo=UTC)), datetime(2999, 1, 1, tzinfo=UTC))


def _import_error(order: dict[str, Any], now: float, words: Words) -> tuple[str, str] | None:
    """Return the error that shows only at import: the day of the collection is past."""
    today = datetime.fromtimestamp(now, UTC) - timedelta(days=1)
    return (PAST_DAY[0], words(*PAST_DAY[1:])) if _send_date(order) < today else None


async def get(request: web.Request) -> web.Response:
    """Answer the state of each item, in an order unlike the request's."""
    world = request.app[WORLD]
    orders = world.orders.of_batch(request.match_info["batchId"], request[CLIENT])
    if not orders:
        return missing(request, "Dávka neexistuje.", "There is no such batch.")
    now = world.clock.now()
    items = []
    for order in orders:
        state = order.import_state(now)
        item = {"referenceId": order.reference, "importState": state}
        if state == "Error":
            item |= {"errorCode": order.error_code or "", "errorMessage": order.error_message or ""}
        items.append(item)
    random.Random(world.settings.seed).shuffle(items)
    return answer({"items": items})


OPERATIONS = {
    ("POST", "/order/batch"): ("order_batches.create", create),
    ("GET", "/order/batch/{batchId}"): ("order_batches.get", get),
}
