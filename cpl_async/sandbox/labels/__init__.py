"""Labels as files that a printer takes and a scanner reads, drawn from one layout."""

from __future__ import annotations

from .document import CONTENT_TYPES, LabelDrawer

__all__ = ["CONTENT_TYPES", "LabelDrawer"]
