"""The synchronous facade of ``cpl_async``: so far its models, errors and settings, which are the very same."""

from __future__ import annotations

from cpl_async._version import __version__

from . import names
from .names import *  # noqa: F403 - what is public is generated

__all__ = ["__version__"]
__all__ += names.__all__
