"""The differences between jobs of shipments and jobs of orders."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from ..client_protocols import BulkClient, SendCalls, StateCalls
from ..reconcile.strategy import ORDER_STRATEGY, SHIPMENT_STRATEGY, ReconcileStrategy
from .import_result import ResultFromItem, result_from_item, result_from_order_item

__all__ = ["ORDERS", "SHIPMENTS", "JobType"]


@frozen(kw_only=True)
class JobType:
    """Calls, import results and reconciliation of one type of job."""

    name: str
    send: Callable[[BulkClient], SendCalls]
    state: Callable[[BulkClient], StateCalls]
    result_from_item: ResultFromItem
    reconcile: ReconcileStrategy
    has_labels: bool


SHIPMENTS = JobType(
    name=SHIPMENT_STRATEGY.name,
    send=lambda client: client.shipment_batches,
    state=lambda client: client.shipment_batches,
    result_from_item=result_from_item,
    reconcile=SHIPMENT_STRATEGY,
    has_labels=True,
)
ORDERS = JobType(
    name=ORDER_STRATEGY.name,
    send=lambda client: client.order_batches,
    state=lambda client: client.order_batches,
    result_from_item=result_from_order_item,
    reconcile=ORDER_STRATEGY,
    has_labels=False,
)
