"""``cpl order``: collections and transports are ordered, shown and cancelled."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigurationError
from ..models.codes import OrderState, OrderType
from ..models.order_batches import Order
from ..system.clock import wall
from .connection import Connection, connected
from .failures import NOT_ALL
from .output import say
from .sender import sender_from
from .tables import PRAGUE, local, show

__all__ = ["order"]

TYPES = {"collection": OrderType.COLLECTION_ORDER, "transport": OrderType.TRANSPORT_ORDER}
FILE = click.Path(path_type=Path)
CLOCK = click.DateTime(["%H:%M"])
DAYS_FROM_TODAY = {"today": 0, "tomorrow": 1}


class Day(click.DateTime):
    """A day as YYYY-MM-DD, ``today`` or ``tomorrow``, in the carrier's time zone."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the midnight of the day, without a time zone."""
        if isinstance(value, str) and (days := DAYS_FROM_TODAY.get(value.strip().lower())) is not None:
            today = datetime.fromtimestamp(wall(), PRAGUE).replace(hour=0, minute=0, second=0, microsecond=0)
            return today.replace(tzinfo=None) + timedelta(days=days)
        return super().convert(value, param, ctx)


DAY = Day()
_ITEM: dict[str, Any] = {
    "reference": lambda item: item.reference_id,
    "state": lambda item: item.import_state,
    "error": lambda item: item.error,
    "unreadable": lambda item: item.unreadable,
}
_ORDER: dict[str, Any] = {
    "number": lambda found: found.order_number,
    "reference": lambda found: found.reference_id,
    "customer reference": lambda found: found.customer_reference,
    "state": lambda found: found.order_state,
    "day": lambda found: local(found.send_date)[:10],
    "parcels": lambda found: found.shipment_count,
    "taken": lambda found: found.real_shipment_count,
    "collected": lambda found: found.real_collection_date,
    "from": lambda found: found.sender and f"{found.sender.zip_code or ''} {found.sender.city or ''}".strip(),
    "unreadable": lambda found: found.unreadable,
}


@click.group(short_help="Order a courier: create, status, list, cancel.")
def order() -> None:
    """Order a courier to collect parcels, or to carry them from one address to another."""


@order.command(short_help="Order a collection or a transport.")
@click.argument("reference")
@click.option("--date", type=DAY, required=True, help="Day of the collection: YYYY-MM-DD, `today` or `tomorrow`.")
@click.option("--count", type=click.IntRange(1, 50), required=True, help="Number of parcels.")
@click.option("--type", "kind", type=click.Choice(sorted(TYPES)), default="collection", show_default=True)
@click.option("--from", "time_from", type=CLOCK, help="Earliest time of day, HH:MM.")
@click.option("--to", "time_to", type=CLOCK, help="Latest time of day, HH:MM.")
@click.option("--sender", type=FILE, envvar="CPL_SENDER", help="TOML or JSON file with the address to collect at.")
@click.option("--recipient", type=FILE, help="TOML or JSON file with the address that a transport goes to.")
@click.option("--product", help="Product code.")
@click.option("--customer-reference", help="Another reference, by which it can be cancelled too.")
@click.option("--note", help="For the courier.")
@click.option("--email", help="Where the carrier writes to.")
@click.option("--again", is_flag=True, help="Order although there is an order of this reference.")
@click.option("--wait", type=click.FloatRange(0), default=60, show_default=True, help="Seconds to wait for the import.")
@connected
def create(
    connection: Connection,
    reference: str,
    date: datetime,
    count: int,
    kind: str,
    time_from: datetime | None,
    time_to: datetime | None,
    sender: Path | None,
    recipient: Path | None,
    product: str | None,
    customer_reference: str | None,
    note: str | None,
    email: str | None,
    wait: float,
    again: bool,
) -> None:
    """Order a courier; REFERENCE is your own name for the order, by which it is followed and cancelled.

    \b
    Example:
      cpl order create monday-1 --date tomorrow --count 12 --from 08:00 --to 14:00 --sender warehouse.toml
    """
    day = _day(date)
    made = Order(
        reference_id=reference,
        order_type=TYPES[kind],
        shipment_count=count,
        send_date=day,
        send_time_from=_time(time_from),
        send_time_to=_time(time_to),
        sender=sender_from(sender) if sender else None,
        recipient=sender_from(recipient) if recipient else None,
        product_type=product,
        customer_reference=customer_reference,
        note=note,
        email=email,
    )

    async def place(client: Any) -> Any:
        known = await client.orders.list(order_references=[reference])
        open_ones = [found.order_number for found in known if found.order_state != OrderState.CANCELED]
        if open_ones and not again:
            numbers = ", ".join(str(number) for number in open_ones)
            raise ConfigurationError(f"{reference} was ordered already as {numbers}: give --again to order once more")
        say("ordering: if this is stopped now, look with `cpl order list --reference` before you order again")
        batch = await client.order_batches.create([made])
        say(f"accepted as batch {batch.id}")
        return await batch.wait(timeout=wait)

    result = connection.run(place)
    show(result.items, _ITEM, as_json=connection.as_json)
    if result.errors:
        raise SystemExit(NOT_ALL)


def _day(date: datetime) -> datetime:
    """Return a day in the carrier's time zone, regardless of this machine's.

    :raises UsageError: An order cannot have this year.
    """
    if not 2000 <= date.year <= 2999:
        raise click.UsageError(f"{date:%Y-%m-%d} is no day for an order")
    return date.replace(tzinfo=PRAGUE)


def _time(moment: datetime | None) -> time | None:
    return moment.time() if moment else None


@order.command(short_help="Show the import of a batch of orders.")
@click.argument("batch")
@connected
def status(connection: Connection, batch: str) -> None:
    """Show the state of each order of a BATCH, by the id that `cpl order create` printed.

    Exit status 1: an order failed at import.

    \b
    Example:
      cpl order status 6f1c1d0e-5a0d-4b8e-9a51-3d9f5a1c2b7e
    """
    result = connection.run(lambda client: client.order_batches.get(batch))
    show(result.items, _ITEM, as_json=connection.as_json)
    if result.errors:
        raise SystemExit(NOT_ALL)


@order.command("list", short_help="List orders and their states.")
@click.option("--reference", "order_references", multiple=True, help="Your reference; repeatable.")
@click.option("--customer-reference", "customer_references", multiple=True, help="Repeatable.")
@click.option("--number", "order_numbers", multiple=True, help="The carrier's number; repeatable.")
@click.option(
    "--state",
    type=click.Choice([state.value for state in OrderState], case_sensitive=False),
    help="Only in this state.",
)
@click.option("--since", type=DAY, help="Only orders since this day.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Most orders to show.")
@connected
def list_orders(
    connection: Connection, /, state: str | None, since: datetime | None, limit: int, **references: tuple[str, ...]
) -> None:
    """List orders; all of the customer's unless references, numbers or a state are given.

    \b
    Example:
      cpl order list --reference monday-1
    """
    filters: dict[str, Any] = {name: list(values) for name, values in references.items() if values}
    if state:
        filters["order_states"] = state
    if since:
        filters["date_from"] = _day(since)

    async def look(client: Any) -> list[Any]:
        found: list[Any] = []
        async for item in client.orders.iterate(page=min(limit, 1000), **filters):
            found.append(item)
            if len(found) == limit:
                break
        return found

    found = connection.run(look)
    show(found, _ORDER, as_json=connection.as_json)
    if not found and any(references.values()):
        raise SystemExit(NOT_ALL)


@order.command(short_help="Cancel an order before the courier comes.")
@click.option("--reference", "order_reference", help="The reference with which it was created.")
@click.option("--customer-reference", help="Or its customer reference.")
@click.option("--note", help="Why, for the carrier.")
@connected
def cancel(
    connection: Connection, order_reference: str | None, customer_reference: str | None, note: str | None
) -> None:
    """Cancel an order, named by exactly one of its two references.

    \b
    Example:
      cpl order cancel --reference monday-1 --note "nothing to collect"
    """
    if bool(order_reference) == bool(customer_reference):
        raise click.UsageError("give exactly one of --reference and --customer-reference")
    connection.run(
        lambda client: client.orders.cancel(
            order_reference=order_reference or None, customer_reference=customer_reference or None, note=note
        )
    )
    name = order_reference or customer_reference
    columns: dict[str, Any] = {"order": lambda one: one["order"], "outcome": lambda one: one["outcome"]}
    show([{"order": name, "outcome": "cancelled"}], columns, as_json=connection.as_json)
