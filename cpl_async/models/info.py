"""Version and state of the API service."""

from __future__ import annotations

from datetime import datetime

from attrs import define

__all__ = ["Info"]


@define(kw_only=True)
class Info:
    """Version, state and clock of the service."""

    version: str | None = None
    state: str | None = None
    time: datetime | None = None
    """Current time on the server."""
    node: str | None = None
    application: str | None = None
    start_time: datetime | None = None
