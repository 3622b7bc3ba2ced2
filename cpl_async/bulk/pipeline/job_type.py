"""What differs between jobs of shipments and jobs of orders."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from ..client_protocols import BulkClient, SendCalls, StateCalls
from ..reconcile.strategy import ORDER_STRATEGY, SHIPMENT_STRATEGY, ReconcileStrategy
from .import_result import OutcomeOf, outcome_of, outcome_of_order

__all__ = ["ORDERS", "SHIPMENTS", "Kind"]


@frozen(kw_only=True)
class Kind:
    """Calls, import results and reconciliation of one type of job."""

    name: str
    send: Callable[[BulkClient], SendCalls]
    state: Callable[[BulkClient], StateCalls]
    outcome_of: OutcomeOf
    reconcile: ReconcileStrategy
    has_labels: bool


SHIPMENTS = Kind(
    name=SHIPMENT_STRATEGY.name,
    send=lambda client: client.shipment_batches,
    state=lambda client: client.shipment_batches,
    outcome_of=outcome_of,
    reconcile=SHIPMENT_STRATEGY,
    has_labels=True,
)
ORDERS = Kind(
    name=ORDER_STRATEGY.name,
    send=lambda client: client.order_batches,
    state=lambda client: client.order_batches,
    outcome_of=outcome_of_order,
    reconcile=ORDER_STRATEGY,
    has_labels=False,
)
