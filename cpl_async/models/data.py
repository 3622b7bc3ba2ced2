"""Files that the API gives: labels."""

from __future__ import annotations

from attrs import field, frozen

__all__ = ["Label"]


@frozen(kw_only=True)
class Label:
    """A file of labels."""

    content: bytes = field(repr=False)
    content_type: str
    """What the server calls it, e.g. ``application/pdf``."""
