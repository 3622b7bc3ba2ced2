"""The synchronous facade of ``cpl_async``; its calls come with the generated modules."""

from __future__ import annotations

from cpl_async._version import __version__

__all__ = ["__version__"]
