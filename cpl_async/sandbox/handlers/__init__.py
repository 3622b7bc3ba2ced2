"""Request handlers of the sandbox, one module for each resource."""

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
    route: operation for module in HANDLER_MODULES for route, operation in module.OPERATIONS.items()
}
"""Operation id of the contract and handler, by method and path."""
