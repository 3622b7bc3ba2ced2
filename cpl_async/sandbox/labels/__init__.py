"""Label files in all formats, drawn from one layout."""

from __future__ import annotations

from .document import CONTENT_TYPES, LabelDrawer

__all__ = ["CONTENT_TYPES", "LabelDrawer"]
