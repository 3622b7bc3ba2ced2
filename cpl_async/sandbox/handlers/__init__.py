"""The sandbox's answers, one module for each family of calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from . import (
    access_points,
    address_whisper,
    codelists,
    customer,
    data,
    info,
    login,
    order_batches,
    orders,
    routing,
    shipment_batches,
    shipments,
    version_information,
)

__all__ = ["OPERATIONS"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HANDLER_MODULES = (
    access_points,
    address_whisper,
    codelists,
    customer,
    data,
    info,
    login,
    order_batches,
    orders,
    routing,
    shipment_batches,
    shipments,
    version_information,
)
OPERATIONS: dict[tuple[str, str], tuple[str, Handler]] = {
    route: answering for family in HANDLER_MODULES for route, answering in family.OPERATIONS.items()
}
"""Method and path → the contract's operationId and what answers it."""
