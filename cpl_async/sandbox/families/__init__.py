"""The sandbox's answers, one module for each family of calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from . import data, info, login, shipment_batches, shipments

__all__ = ["OPERATIONS"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPERATIONS: dict[tuple[str, str], tuple[str, Handler]] = {
    **login.OPERATIONS,
    **info.OPERATIONS,
    **data.OPERATIONS,
    **shipments.OPERATIONS,
    **shipment_batches.OPERATIONS,
}
"""Method and path → the contract's operationId and what answers it."""
