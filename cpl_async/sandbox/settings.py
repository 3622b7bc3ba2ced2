"""How a sandbox behaves: its clock, its seed, and an answer to each question that the documentation leaves open."""

from __future__ import annotations

from pathlib import Path

from attrs import Factory, frozen

from .faults import FaultRate
from .roles import Role

__all__ = ["SandboxSettings"]


@frozen(kw_only=True)
class SandboxSettings:
    """Settings of one sandbox; the defaults are those of a friendly real system."""

    host: str = "127.0.0.1"
    """Loopback unless told otherwise."""
    port: int = 0
    """0 takes any free one."""
    clients: dict[str, str] = Factory(lambda: {"sandbox": "sandbox"})
    """Client ids and their secrets; all others are refused."""
    seed: int = 1
    """The same seed, the same delays and orders."""
    speed: float = 1.0
    """How many times faster the clock of imports runs; the limits always count real time."""
    import_seconds: float = 1.0
    """Middle of the time that an import takes, by the sandbox's clock."""
    visible_after: float = 0.0
    """Seconds by the sandbox's clock from the end of the import until ``GET /shipment`` shows a shipment."""
    visible_tail: float = 0.0
    """Over 0: ``visible_after`` is the least, and times are drawn from a Pareto distribution of this shape: the
    smaller, the heavier its tail. 0: ``visible_after`` it is for all."""
    parcels_apart: float = 0.0
    """Seconds by the sandbox's clock between the parcels of a set becoming visible, one after the other."""
    stuck: float = 0.0
    """Share of imports, 0–1, that take ``stuck_seconds`` longer."""
    stuck_seconds: float = 60.0
    import_errors: float = 0.0
    """Share of shipments, 0–1, that fail at import though nothing was wrong with them before."""
    cheap_labels: bool = False
    """Whether labels as PDF show the number and its barcode only: for load, where drawing would be what is measured."""
    journey_seconds: float = 129_600.0
    """From the end of the import until a usual delivery, by the sandbox's clock: a day and a half."""
    roles: dict[str, Role] = Factory(dict)
    """Role of each client id; ``client``, which may do all, where none is given."""
    customer_configured: bool = True
    """Whether the customer has accounts and addresses; else they answer 404."""
    fault_rates: tuple[FaultRate, ...] = ()
    """What goes wrong, and how often; the same seed, the same requests."""
    state: Path | None = None
    """File that keeps the state over restarts; in memory without one."""
    interval: float = 0.040
    """Least seconds between two requests of one client."""
    forgiven: float = 0.002
    """Of these, what is forgiven for the machine's jitter."""
    tokens_a_minute: int = 12
    token_seconds: int = 1800
    wrong_credentials: int = 401
    """Open question: 400 or 401."""
    missing_role: int = 403
    """Open question: 401 or 403."""
    over_limit: int = 429
    """Open question: 429 or 503; both mean here that nothing was done."""
    retry_after: int | None = None
    """Open question: seconds in ``Retry-After`` of an answer over a limit, or no such header."""
    refuses_used_references: bool = False
    """Open question: whether a ``referenceId`` that was used before is refused; else it is taken and billed again."""
    shows_sets: bool = True
    """Open question: whether parcels of a set show their set's master number in ``GET /shipment``."""
    capital_paths: bool = False
    """Open question: whether paths of errors begin with a capital letter (``Shipments[3]``)."""
    one_error_at_a_time: bool = False
    """Open question: whether a refusal names all bad shipments, or only the first."""
    absolute_location: bool = True
    """Open question: whether ``Location`` is absolute."""
    location_host: str | None = None
    """Open question: another host in ``Location`` than the one that was asked."""
