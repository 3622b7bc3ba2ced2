"""Routing information for labels of one's own."""

from __future__ import annotations

from attrs import define

from .items import Item

__all__ = ["Route"]


@define(kw_only=True)
class Route(Item):
    """What a label of your own must show. Unsure: the fields come from one independent client."""

    route_code: str | None = None
    depot_code: str | None = None
    delivery_tour: str | None = None
    sort_code: str | None = None
