"""Files for a request: checked before anything is sent, read while it is sent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigurationError, Problem, ValidationError
from ..transport.multipart import FilePart
from .base import raise_problems

__all__ = ["CONTENT_TYPES", "MAX_BYTES", "file_parts"]

MAX_BYTES = 1_000_000
"""1 MB for all files of a request (source: the vendor's documentation)."""
MAX_NAME_BYTES = 255
CONTENT_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "txt": "text/plain",
}
"""Kinds of documents that the carrier takes, by the ending of the name (source: the vendor's documentation)."""


async def file_parts(files: Sequence[str | Path | tuple[str, bytes]]) -> tuple[FilePart, ...]:
    """Return files as parts of a form.

    :param files: paths, or pairs of a name and a content.
    :raises ValidationError: names each file that would be refused, and what is allowed.
    :raises ConfigurationError: when a file cannot be read.
    """
    if isinstance(files, (str, bytes, Path)) or not files:
        raise ValidationError("files takes a list of at least one path, or of pairs of a name and a content")
    parts = await asyncio.to_thread(lambda: [_part(file) for file in files])
    problems = [problem for index, part in enumerate(parts) for problem in _problems_of(index, part)]
    total = sum(part.size for part in parts)
    if total > MAX_BYTES:
        problems.append(Problem(path="files", message=f"have {total} bytes, at most {MAX_BYTES} are allowed in all"))
    raise_problems("shipments.add_documents", problems)
    return tuple(parts)


def _part(file: str | Path | tuple[str, bytes]) -> FilePart:
    if isinstance(file, tuple):
        name, content = file
        if not isinstance(name, str) or not isinstance(content, (bytes, bytearray)):
            raise ValidationError("a file is a path, or a pair of its name and its content in bytes; nothing was sent")
        return FilePart(name=name, content_type=_type_of(name), size=len(content), source=bytes(content))
    if not isinstance(file, (str, Path)):
        raise ValidationError(f"a file is a path, or a pair of its name and its content, not {type(file).__name__}")
    path = Path(file)
    try:
        if not path.is_file():
            raise ConfigurationError(f"{path} is no file; nothing was sent")
        with path.open("rb") as opened:
            found = os.fstat(opened.fileno())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}; nothing was sent") from None
    return FilePart(
        name=path.name, content_type=_type_of(path.name), size=found.st_size, source=path, changed=found.st_mtime_ns
    )


def _type_of(name: str) -> str:
    return CONTENT_TYPES.get(name.rpartition(".")[2].lower() if "." in name else "", "")


def _problems_of(index: int, part: FilePart) -> list[Problem]:
    where = f"files[{index}]"
    found = []
    if not part.content_type:
        kinds = ", ".join(CONTENT_TYPES)
        found.append(Problem(path=where, message=f"{part.name!r} is of a kind that is not taken; allowed: {kinds}"))
    if not part.name.isprintable() or len(part.name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        found.append(Problem(path=where, message=f"{part.name!r} is no name that can be sent"))
    if not part.size:
        found.append(Problem(path=where, message=f"{part.name!r} is empty"))
    return found
