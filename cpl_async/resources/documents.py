"""Customs documents as parts of a multipart request."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigurationError, Problem, ValidationError
from ..system.blocking import run_blocking
from ..transport.multipart import FilePart
from .base import raise_problems

__all__ = ["CONTENT_TYPES", "MAX_BYTES", "file_parts"]

MAX_BYTES = 1_000_000
"""Maximum size of all files of a request: 1 MB (source: the vendor's documentation)."""
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
"""Media types that the carrier accepts, by file extension (source: the vendor's documentation)."""


async def file_parts(files: Sequence[str | Path | tuple[str, bytes]]) -> tuple[FilePart, ...]:
    """Return files as parts of a multipart form. Their contents are read while the request is sent.

    :param files: Paths, or pairs of a name and a content.
    :raises ValidationError: If the carrier would reject a file; the problems name each one.
    :raises ConfigurationError: If a file cannot be read.
    """
    if isinstance(files, (str, bytes, Path)) or not files:
        raise ValidationError("files takes a list of at least one path, or of pairs of a name and a content")
    parts = await run_blocking(lambda: [_part(file) for file in files])
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
            raise ValidationError(
                "a file must be a path, or a pair of its name and its content in bytes; nothing was sent"
            )
        return FilePart(name=name, content_type=_type_of(name), size=len(content), source=bytes(content))
    if not isinstance(file, (str, Path)):
        raise ValidationError(
            f"a file must be a path, or a pair of its name and its content, not {type(file).__name__}"
        )
    path = Path(file)
    try:
        if not path.is_file():
            raise ConfigurationError(f"{path} is not a file; nothing was sent")
        with path.open("rb") as opened:
            file_status = os.fstat(opened.fileno())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}; nothing was sent") from None
    return FilePart(
        name=path.name,
        content_type=_type_of(path.name),
        size=file_status.st_size,
        source=path,
        changed=file_status.st_mtime_ns,
    )


def _type_of(name: str) -> str:
    return CONTENT_TYPES.get(name.rpartition(".")[2].lower() if "." in name else "", "")


def _problems_of(index: int, part: FilePart) -> list[Problem]:
    path = f"files[{index}]"
    problems = []
    if not part.content_type:
        extensions = ", ".join(CONTENT_TYPES)
        problems.append(Problem(path=path, message=f"{part.name!r} has an unsupported type; allowed: {extensions}"))
    if not part.name.isprintable() or len(part.name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        problems.append(Problem(path=path, message=f"{part.name!r} is not a valid file name"))
    if not part.size:
        problems.append(Problem(path=path, message=f"{part.name!r} is empty"))
    return problems
