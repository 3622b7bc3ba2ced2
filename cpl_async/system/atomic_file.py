"""Files that are replaced atomically: completely or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["named", "recreate", "replacing"]

MAX_NAME_BYTES = 60
DIGEST_LENGTH = 10
ODD = re.compile(r"[^A-Za-z0-9-]")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to. It replaces ``path`` if the block succeeds, and is removed if it raises."""
    fresh = path.with_name(path.name + ".part")
    recreate(fresh)
    try:
        yield fresh
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)


def recreate(path: Path) -> None:
    """Create an empty file. An existing file of that name is removed first, and a symbolic link is not followed.

    :raises OSError: The file cannot be created, or another process has just created one.
    """
    path.unlink(missing_ok=True)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
    os.close(os.open(path, flags, 0o666))


def named(text: str) -> str:
    """Return a safe part of a file name for external text: letters, digits and dashes, valid on every system.

    Two texts never result in one name: a digest is added if characters are replaced, if the text is long, and if a
    case-insensitive system could confuse it with another.
    """
    name = ODD.sub("_", text)[:MAX_NAME_BYTES]
    if name == text and name == name.upper():
        return name
    return f"{name}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:DIGEST_LENGTH]}"
