"""The bytes of a batch: the same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["compose"]


def compose(bodies: Sequence[bytes], tail: bytes) -> bytes:
    """Return the body of a batch from the bytes of its shipments and what stands after them."""
    return b'{"shipments":[' + b",".join(bodies) + tail
