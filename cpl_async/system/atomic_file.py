"""Puts a file in its place whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["begin_anew", "named", "replacing"]

LONGEST_NAME = 60
DIGEST_LENGTH = 10
ODD = re.compile(r"[^A-Za-z0-9-]")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path to write to; it takes the place of ``path`` when the block ends well, and goes when it does not."""
    fresh = path.with_name(path.name + ".part")
    begin_anew(fresh)
    try:
        yield fresh
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)


def begin_anew(path: Path) -> None:
    """Create an empty file; one of that name is removed first, and a symbolic link is not followed.

    :raises OSError: If it cannot be created, or if somebody else has just created one.
    """
    path.unlink(missing_ok=True)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
    os.close(os.open(path, flags, 0o666))


def named(text: str) -> str:
    """Return a part of a file's name for a text that is not ours: letters, digits and dashes, good on every system.

    Two texts never give one name: a digest is added where characters are replaced, where the text is long, and where a
    system without regard to letter case could take it for another.
    """
    name = ODD.sub("_", text)[:LONGEST_NAME]
    if name == text and name == name.upper():
        return name
    return f"{name}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:DIGEST_LENGTH]}"
