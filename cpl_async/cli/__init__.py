"""The ``cpl`` command."""

from __future__ import annotations

import io
import sys

__all__ = ["main"]


def main() -> None:
    """Run the ``cpl`` command, or say what to install for it."""
    try:
        from .app import cpl
    except KeyboardInterrupt:
        sys.exit(130)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("cpl_async", "cpl_sync"):
            raise
        sys.exit(f"cpl: {error.name} is not installed; the command needs: pip install 'cpl-sdk[all]'")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an old terminal's letters are no reason to end
            stream.reconfigure(errors="replace")
    cpl(prog_name="cpl")
