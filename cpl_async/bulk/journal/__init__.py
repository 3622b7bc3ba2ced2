"""What a job has done and is about to do, on disk before it is done."""

from __future__ import annotations

from .book import Journal
from .place import JournalPlace

__all__ = ["Journal", "JournalPlace"]
