"""``python -m cpl_async.cli``: the command where its script is not on the path."""

from __future__ import annotations

from . import main

main()
