"""Puts a file in its place whole or not at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["named", "replacing"]

LONGEST_NAME = 60
DIGEST_LENGTH = 10
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
    """Return a part of a file's name for a text that is not ours: letters, digits and dashes, good on every system.

    Two texts never give one name: a digest is added where characters are replaced, where the text is long, and where a
    system without regard to letter case could take it for another.
    """
    name = ODD.sub("_", text)[:LONGEST_NAME]
    if name == text and name == name.upper():
        return name
    return f"{name}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:DIGEST_LENGTH]}"
