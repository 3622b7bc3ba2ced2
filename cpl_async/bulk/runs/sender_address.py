"""The sender of a run's rows: its validation, and the hash by which the journal knows it."""

from __future__ import annotations

import hashlib

from ...errors import ConfigurationError
from ...models.codec import encode
from ...models.shipment_batches import Shipment
from ...models.validation import problems_of
from ..options import JobOptions

__all__ = ["check_sender", "sender_hash"]


def check_sender(options: JobOptions) -> None:
    """Validate the sender.

    :raises ConfigurationError: It is invalid.
    """
    if options.sender is None:
        return
    trial = Shipment(reference_id="trial", product_type="PRIV", recipient=options.sender, sender=options.sender)
    problems = [problem for problem in problems_of(trial) if problem.path.startswith("sender")]
    if problems:
        raise ConfigurationError("the sender is not good: " + "; ".join(f"{p.path}: {p.message}" for p in problems))


def sender_hash(options: JobOptions) -> str:
    """Return the hash of a run's sender; empty for the customer's own address."""
    return hashlib.sha256(encode(options.sender)).hexdigest() if options.sender is not None else ""
