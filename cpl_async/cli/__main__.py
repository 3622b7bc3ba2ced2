"""The command as ``python -m cpl_async.cli``, for systems without its script on the path."""

from __future__ import annotations

from . import main

main()
