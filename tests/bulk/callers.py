"""Rows that a caller passes to ``Client.bulk``, and what the sandbox then has."""

from __future__ import annotations

import asyncio
from typing import Any

from cpl_async import Client, Shipment, ShipResult
from cpl_async.sandbox import Sandbox

from ..conftest import shipment

__all__ = ["live", "shipments", "shipped"]


def shipments(count: int, first: int = 1) -> list[Shipment]:
    """Return good shipments with references of their own."""
    return [shipment(f"r{number}") for number in range(first, first + count)]


async def shipped(client: Client, rows: Any, name: str = "monday", **options: Any) -> list[ShipResult]:
    """Ship rows and return their results in the order of the rows."""
    stream = client.bulk.ship(rows, name=name, **({"settle_time": 1.0, "pilot_rows": 0} | options))
    async with asyncio.timeout(60):
        return sorted([result async for result in stream], key=lambda one: one.row)


def live(sandbox: Sandbox) -> list[str]:
    """Return the references of the shipments that are not cancelled."""
    return sorted(
        stored.reference for stored in sandbox.shipments() if any(one.cancelled is None for one in stored.parcels)
    )
