"""What a type checker knows of the synchronous client; nothing runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cpl_sync import Client, Order, Shipment, ShipmentBatch, TrackedShipment

if TYPE_CHECKING:
    from typing import reveal_type


def program(cpl: Client, batch: ShipmentBatch, shipments: list[Shipment], orders: list[Order]) -> None:
    """Make each kind of call, and show what comes of it."""
    with Client(client_id="", client_secret="") as opened:
        reveal_type(opened)
    reveal_type(Client.from_env())
    reveal_type(cpl.shipment_batches)
    reveal_type(cpl.shipment_batches.create(shipments))
    reveal_type(cpl.shipment_batches.send(b"", references=["r1"]))
    reveal_type(cpl.shipment_batches.handle("id"))
    reveal_type(cpl.shipment_batches.get("id", order_by="ReferenceId"))
    reveal_type(cpl.shipment_batches.connect_set(["1", "2"]))
    reveal_type(cpl.shipment_batches.ready())
    reveal_type(batch.id)
    reveal_type(batch.references)
    reveal_type(batch.wait(timeout=10))
    reveal_type(batch.result())
    reveal_type(batch.label())
    for label in batch.labels(page_size="A4"):
        reveal_type(label)
    reveal_type(cpl.order_batches.create(orders))
    reveal_type(cpl.order_batches.handle("id").wait())
    reveal_type(cpl.orders.list(limit=1))
    reveal_type(cpl.orders.cancel(order_reference="r"))
    reveal_type(cpl.shipments.list(shipment_numbers=["1"], language="en-GB"))
    for tracked in cpl.shipments.iterate(customer_references=["r"]):
        reveal_type(tracked)
    for tracking in cpl.shipments.track(["1"]):
        reveal_type(tracking)
    for change in cpl.shipments.watch(["1"], until=delivered):
        reveal_type(change)
    reveal_type(cpl.access_points.nearest(latitude=50.0, longitude=14.0))
    reveal_type(cpl.access_points.cached(ttl=60))
    reveal_type(cpl.codelists.products())
    for entry in cpl.codelists.iterate(cpl.codelists.countries):
        reveal_type(entry)
    reveal_type(cpl.customer.get())
    reveal_type(cpl.routing.get("CZ"))
    reveal_type(cpl.data.get("id"))
    reveal_type(cpl.info.get())
    reveal_type(cpl.login.get_access_token())
    reveal_type(cpl.check(shipments))
    reveal_type(cpl.choose_product("CZ"))
    reveal_type(cpl.with_raw_response(cpl.shipments.list, limit=1))
    raw = cpl.with_raw_response(cpl.shipment_batches.create, shipments)
    reveal_type(raw.value)
    reveal_type(cpl.close())


def delivered(shipment: TrackedShipment) -> bool:
    """Return whether a shipment needs no further look."""
    return shipment.is_final
