"""Settings of a sandbox: clock, seed, and behaviour that the API's documentation leaves open."""

from __future__ import annotations

from pathlib import Path

from attrs import Factory, frozen

from .faults import FaultRate
from .roles import Role

__all__ = ["SandboxSettings"]


@frozen(kw_only=True)
class SandboxSettings:
    """Settings of one sandbox. The defaults simulate a cooperative carrier."""

    host: str = "127.0.0.1"
    """Address to bind. Default: loopback."""
    port: int = 0
    """Port to bind; 0 selects a free port."""
    clients: dict[str, str] = Factory(lambda: {"sandbox": "sandbox"})
    """Secrets by client id; other clients are rejected."""
    seed: int = 1
    """Seed of random delays, faults and pickup points."""
    speed: float = 1.0
    """Speed of the sandbox's clock relative to real time, greater than 0. Rate limits always use real time."""
    import_seconds: float = 1.0
    """Typical duration of an import in seconds of the sandbox's clock."""
    visible_after: float = 0.0
    """Seconds of the sandbox's clock between the end of the import and the visibility in ``GET /shipment``."""
    visible_tail: float = 0.0
    """Shape of a Pareto distribution of visibility delays with the minimum ``visible_after``; a smaller value has a
    heavier tail. 0: all delays equal ``visible_after``."""
    parcels_apart: float = 0.0
    """Seconds of the sandbox's clock by which the parcels of a set become visible one after another."""
    stuck: float = 0.0
    """Fraction of imports, 0–1, that take ``stuck_seconds`` longer."""
    stuck_seconds: float = 60.0
    import_errors: float = 0.0
    """Fraction of valid shipments, 0–1, whose import fails."""
    cheap_labels: bool = False
    """Whether PDF labels have only the number and its barcode, so that load tests do not measure their drawing."""
    journey_seconds: float = 129_600.0
    """Seconds of the sandbox's clock between the end of the import and a regular delivery. Default: 1.5 days."""
    roles: dict[str, Role] = Factory(dict)
    """Role by client id. Default: ``client``, which permits all operations."""
    customer_configured: bool = True
    """Whether the customer has accounts and addresses; otherwise the response is 404."""
    fault_rates: tuple[FaultRate, ...] = ()
    """Faults to inject and their rates; the seed determines the affected requests."""
    state: Path | None = None
    """SQLite file that preserves the state across restarts. Default: in memory."""
    interval: float = 0.040
    """Minimum seconds between two requests of one client."""
    forgiven: float = 0.002
    """Tolerated deviation from ``interval`` in seconds, because of the machine's jitter."""
    tokens_a_minute: int = 12
    token_seconds: int = 1800
    wrong_credentials: int = 401
    """Open question: status for wrong credentials, 400 or 401."""
    missing_role: int = 403
    """Open question: status for a missing role, 401 or 403."""
    over_limit: int = 429
    """Open question: status of a rate limit response, 429 or 503; the request is not processed."""
    retry_after: int | None = None
    """Open question: seconds in ``Retry-After`` of a rate limit response, or ``None`` for no header."""
    refuses_used_references: bool = False
    """Open question: whether a used ``referenceId`` is rejected; otherwise it is accepted and billed again."""
    shows_sets: bool = True
    """Open question: whether parcels of a set have their master number in ``GET /shipment``."""
    capital_paths: bool = False
    """Open question: whether paths of errors start with a capital letter (``Shipments[3]``)."""
    one_error_at_a_time: bool = False
    """Open question: whether a response lists only the first error instead of all errors."""
    absolute_location: bool = True
    """Open question: whether ``Location`` is an absolute URL."""
    location_host: str | None = None
    """Open question: host in ``Location``, or ``None`` for the host of the request."""
