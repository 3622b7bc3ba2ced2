"""Keyed hashes of references: a journal knows a reference again after its text was removed."""

from __future__ import annotations

import secrets
from hashlib import blake2b

__all__ = ["key_of", "new_secret"]


def new_secret() -> bytes:
    """Return a key for one journal."""
    return secrets.token_bytes(32)


def key_of(reference: str, secret: bytes) -> bytes:
    """Return what a reference is known by in the journal that has this key."""
    return blake2b(reference.encode("utf-8", "surrogatepass"), key=secret, digest_size=16).digest()
