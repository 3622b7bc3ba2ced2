"""Handlers of batches of orders."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from ..context import CLIENT, CONTEXT, SandboxContext
from ..journey import PICKED_UP
from ..problems import Translator, translator_for
from ..request_parsing import PARSED, not_found_problem
from ..responses import json_response
from ..store import draw_delays
from ..validation import errors_of_orders
from .batch_responses import created_response, rejected_response

__all__ = ["OPERATIONS"]

PAST_DAY = ("2001", "Den svozu je v minulosti", "The day of the collection is past")


async def create(request: web.Request) -> web.Response:
    """Accept a batch, or reject it if any order is invalid. Its import takes time by the sandbox's clock."""
    context = request.app[CONTEXT]
    translate = translator_for(request)
    orders: list[dict[str, Any]] = request[PARSED].body["orders"]
    if errors := errors_of_orders(orders, translate):
        return rejected_response(request, errors)
    now = context.clock.now()
    delays = [draw_delays(context.rng, context.settings)[:2] for _ in orders]
    due = [_due(order, now + done, context) for order, (_, done) in zip(orders, delays, strict=True)]
    errors_at_import = [_import_error(order, now, translate) for order in orders]
    batch = context.orders.add_batch(request[CLIENT], now, orders, delays, due, errors_at_import)
    return created_response(request, f"/order/batch/{batch}")


def _due(order: dict[str, Any], done: float, context: SandboxContext) -> float:
    """Return when the courier comes: on the requested day, but not before the import has ended."""
    return max(done + PICKED_UP * context.settings.journey_seconds, _send_date(order).timestamp())


def _send_date(order: dict[str, Any]) -> datetime:
    timestamp = datetime.fromisoformat(order["sendDate"])
    timestamp = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    # the first and last years are out of range in some time zones
    return min(max(timestamp, datetime(1971, 1, 1, tzinfo=UTC)), datetime(2999, 1, 1, tzinfo=UTC))


def _import_error(order: dict[str, Any], now: float, translate: Translator) -> tuple[str, str] | None:
    """Return the import error of an order with a past collection day, or ``None`` if the import succeeds."""
    today = datetime.fromtimestamp(now, UTC) - timedelta(days=1)
    return (PAST_DAY[0], translate(*PAST_DAY[1:])) if _send_date(order) < today else None


async def get(request: web.Request) -> web.Response:
    """Return the import state of each item, in a different order than in the request."""
    context = request.app[CONTEXT]
    orders = context.orders.of_batch(request.match_info["batchId"], request[CLIENT])
    if not orders:
        return not_found_problem(request, "Dávka neexistuje.", "There is no such batch.")
    now = context.clock.now()
    items = []
    for order in orders:
        state = order.import_state(now)
        item = {"referenceId": order.reference, "importState": state}
        if state == "Error":
            item |= {"errorCode": order.error_code or "", "errorMessage": order.error_message or ""}
        items.append(item)
    random.Random(context.settings.seed).shuffle(items)
    return json_response({"items": items})


OPERATIONS = {
    ("POST", "/order/batch"): ("order_batches.create", create),
    ("GET", "/order/batch/{batchId}"): ("order_batches.get", get),
}
