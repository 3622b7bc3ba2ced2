"""Puts a file in its place whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["named", "replacing"]

ODD = re.compile(r"[^A-Za-z0-9-]")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path to write to; it takes the place of ``path`` when the block ends well, and goes when it does not."""
    fresh = path.with_name(path.name + ".part")
    try:
        yield fresh
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)


def named(text: str) -> str:
    """Return a part of a file's name for a text that is not ours: letters, digits and dashes, good on every system."""
    return ODD.sub("_", text)
