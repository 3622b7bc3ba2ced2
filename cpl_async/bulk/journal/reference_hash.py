"""Keyed hashes of references, by which a journal recognizes a reference after its text was removed."""

from __future__ import annotations

import secrets
from hashlib import blake2b

from ...models.references import normal_reference

__all__ = ["new_secret", "reference_hash"]


def new_secret() -> bytes:
    """Return a key for one journal."""
    return secrets.token_bytes(32)


def reference_hash(reference: str, secret: bytes) -> bytes:
    """Return the keyed hash of a reference's normal form."""
    return blake2b(normal_reference(reference).encode("utf-8", "surrogatepass"), key=secret, digest_size=16).digest()
