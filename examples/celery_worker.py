"""Celery tasks that ship parcels, in workers that are forked (prefork) or not, without a loop of their own.

    pip install 'cpl-sdk[cli,sandbox]' 'celery[redis]'
    celery -A celery_worker worker --workdir examples
    python -c "from celery_worker import ship; print(ship.delay('2026-17', {...}).get())"

A task that is delivered twice ships once: the carrier is asked for the reference before anything is sent. What a lost
answer means is found out by a task of its own, since only time can tell.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from celery import Celery

from cpl_sync import Address, Client, CplError, ExternalNumber, LabelSettings, Outcome, Shipment, Verdict

app = Celery("parcels", broker=os.environ.get("BROKER", "redis://127.0.0.1:6379/0"))
app.conf.update(
    result_backend=os.environ.get("BROKER", "redis://127.0.0.1:6379/0"), broker_connection_retry_on_startup=True
)
SETTLE = float(os.environ.get("CPL_SETTLE_TIME", "900"))
cpl = Client.from_config()  # used on both sides of the fork: each worker opens connections of its own


def shipment(reference: str, to: dict[str, str]) -> Shipment:
    """Return what is sent for an order: the same each time."""
    return Shipment(
        reference_id=reference,
        product_type="PRIV",
        recipient=Address(**to),
        external_numbers=[ExternalNumber(code="CUST", external_number=reference)],
    )


@app.task(bind=True, max_retries=5)
def ship(self: Any, reference: str, to: dict[str, str], before: str = "") -> dict[str, Any]:
    """Ship one parcel and return its number.

    :param before: reference of a parcel that is known to be there, e.g. the last one: only with it can absence be told.
    """
    if known := list(cpl.shipments.iterate(customer_references=[reference])):
        return {"state": "shipped", "number": known[0].shipment_number}
    began = cpl.server_time() or datetime.now(UTC)  # what is found is dated by the carrier's clock
    try:
        batch = cpl.shipment_batches.create([shipment(reference, to)], labels=LabelSettings(format="Pdf"))
    except CplError as error:
        if error.outcome is Outcome.UNKNOWN:
            return find_out(reference, to, began.isoformat(), before)
        if error.outcome is Outcome.NOT_SENT:
            raise self.retry(exc=error, countdown=2**self.request.retries) from error
        return {"state": "rejected", "message": str(error)}
    item = batch.wait(timeout=600).items[0]
    if item.error:
        return {"state": "rejected", "message": item.error}
    return {"state": "shipped", "number": item.shipment_number, "batch": batch.id}


def find_out(reference: str, to: dict[str, str], began: str, before: str) -> dict[str, Any]:
    """Ask what became of a parcel whose answer was lost."""
    canaries = [before] if before else []
    [found] = cpl.reconcile(
        [shipment(reference, to)], since=datetime.fromisoformat(began), canaries=canaries, settle_time=SETTLE
    )
    if found.verdict is Verdict.PRESENT:
        return {"state": "shipped", "number": found.numbers[0]}
    if found.verdict is Verdict.ABSENT:
        ship.delay(reference, to, before)
        return {"state": "sent again"}
    return {"state": "undecided", "message": found.message}
