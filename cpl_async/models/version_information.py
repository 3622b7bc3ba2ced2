"""News and planned outages of the API."""

from __future__ import annotations

from datetime import datetime

from attrs import define

from .items import Item

__all__ = ["VersionInformation"]


@define(kw_only=True)
class VersionInformation(Item):
    """A news item. Source: the vendor's schema."""

    language: str | None = None
    title: str | None = None
    description: str | None = None
    url: str | None = None
    information_type: str | None = None
    priority: int | None = None
    version: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    created: datetime | None = None
