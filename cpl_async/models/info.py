"""What the service says of itself."""

from __future__ import annotations

from datetime import datetime

from attrs import define

__all__ = ["Info"]


@define(kw_only=True)
class Info:
    """Version, state and clock of the service; needs no token."""

    version: str | None = None
    state: str | None = None
    time: datetime | None = None
    """The server's clock."""
    node: str | None = None
    application: str | None = None
    start_time: datetime | None = None
