"""The durable record of a job: each step is on disk before it is executed."""

from __future__ import annotations

from .journal import Journal
from .location import JournalLocation

__all__ = ["Journal", "JournalLocation"]
