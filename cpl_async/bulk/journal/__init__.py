"""What a job has done and is about to do, on disk before it is done."""

from __future__ import annotations

from .journal import Journal
from .location import JournalLocation

__all__ = ["Journal", "JournalLocation"]
