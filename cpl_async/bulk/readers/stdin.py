"""The copy of standard input in a private file, since a file of shipments is read more than once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

__all__ = ["STDIN_NAME", "spooled"]

STDIN_NAME = "the standard input"


@contextmanager
def spooled(stream: BinaryIO) -> Iterator[Path]:
    """Yield a file with the content of a stream, readable by this user only and removed afterwards."""
    with TemporaryDirectory(prefix="cpl-input-") as folder:  # 0700: it holds addresses
        path = Path(folder) / "standard-input"
        with path.open("wb") as file:
            path.chmod(0o600)
            shutil.copyfileobj(stream, file, 1024 * 1024)
        yield path
