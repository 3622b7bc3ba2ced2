"""Routing data for self-made labels."""

from __future__ import annotations

from attrs import define

from .items import Item

__all__ = ["Route"]


@define(kw_only=True)
class Route(Item):
    """Routing data that a self-made label must show. Unsure: the fields come from one independent client."""

    route_code: str | None = None
    depot_code: str | None = None
    delivery_tour: str | None = None
    sort_code: str | None = None
