"""The bytes of a batch: the same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["TAIL_OF_ORDERS", "batch_payload"]

HEADS = {"shipments": b'{"shipments":[', "orders": b'{"orders":['}
TAIL_OF_ORDERS = b"]}"


def batch_payload(bodies: Sequence[bytes], tail: bytes, kind: str) -> bytes:
    """Return the payload of a batch from the bytes of its shipments or orders and the bytes that follow them."""
    return HEADS[kind] + b",".join(bodies) + tail
