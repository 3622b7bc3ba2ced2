"""Label files returned by the API."""

from __future__ import annotations

from attrs import field, frozen

__all__ = ["Label"]


@frozen(kw_only=True)
class Label:
    """A label file."""

    content: bytes = field(repr=False)
    content_type: str
    """Media type from the response, e.g. ``application/pdf``."""
