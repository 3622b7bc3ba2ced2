"""Removal of active content from labels: printer commands that change settings, and actions of a document."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from ..models.codes import LabelFormat

if TYPE_CHECKING:
    import pikepdf

__all__ = ["ActiveLabel", "printable"]

FORMAT_COMMANDS = frozenset(
    [f"B{letter}" for letter in "0123456789ABCDEFIJKLMOPQRSTUXYZ"]
    + [f"F{letter}" for letter in "BCDEHLMNOPRSTVWX"]
    + [f"G{letter}" for letter in "BCDEFS"]
    + [f"L{letter}" for letter in "HLRST"]
    + [f"M{letter}" for letter in "CDMNTU"]
    + [f"P{letter}" for letter in "AMOPQRW"]
    + ["CF", "CI", "CV", "CW", "IL", "IM", "JM", "SE", "SF", "SN", "TB", "XA", "XF", "XG", "XZ"]
)
"""Commands after ``^`` that describe a label. All others, such as ``^ID``, ``^JU``, ``^CC`` and ``^KP``, are removed:
they delete stored objects, change printer settings, or change the command prefix."""
DOWNLOADS = re.compile(rb"~(DG|DY)R:", re.IGNORECASE)
"""Downloads of graphics into the printer's volatile memory."""
DARKNESS_COMMAND = re.compile(rb"~SD\s*\d", re.IGNORECASE)
COMMAND_PREFIX = re.compile(rb"[\^~]")
BINARY_GRAPHIC = re.compile(
    rb"\^GF\s*[BC]\s*,\s*(\d+)\s*,[^,]*,[^,]*,|~DY[^,]*,\s*[BC]\s*,[^,]*,\s*(\d+)\s*,[^,]*,", re.IGNORECASE
)
"""Start of a binary graphic, whose bytes may look like commands."""
MULTILINE_COMMANDS = frozenset({b"^FD", b"^FV", b"^SN", b"^SF", b"^GF", b"^TB", b"~DG", b"~DY"})
"""Commands whose data may span several lines. After other commands, text on a separate line is removed."""
ROOT_KEYS = frozenset({"/Type", "/Pages", "/PageMode", "/Version", "/Lang", "/PageLayout", "/ViewerPreferences",
                       "/Metadata", "/OutputIntents", "/MarkInfo", "/StructTreeRoot", "/PageLabels",
                       "/Extensions"})  # fmt: skip
PAGE_KEYS = frozenset({"/Type", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox",
                       "/Contents", "/Rotate", "/Group", "/UserUnit", "/Tabs", "/StructParents", "/Metadata",
                       "/PieceInfo", "/LastModified", "/Thumb", "/Trans", "/Dur"})  # fmt: skip
"""Keys that printing needs. All other keys are removed: actions, links, forms, files, JavaScript."""
ACTIVE_SVG = re.compile(
    rb"<\s*(?:\w+:)?(?:script|foreignobject|iframe|handler|set|animate)|\son\w+\s*=|javascript:|<!entity"
    rb"|\bhref\s*=\s*[\"']?\s*(?!data:image/|#)[^\s\"'>]",
    re.IGNORECASE,
)


class ActiveLabel(Exception):
    """A label has active content that cannot be removed."""


def printable(content: bytes, label_format: LabelFormat | None) -> bytes:
    """Return a label without active content; the same bytes if it has no active content.

    :param content: Label from the server.
    :param label_format: Format of the label, or `None` to detect it from the content.
    :raises ActiveLabel: If the label is an SVG with scripts, or a PDF that cannot be read.
    """
    if label_format == LabelFormat.ZPL or (label_format is None and b"^XA" in content[:4096]):
        return _printable_zpl(content)
    if label_format == LabelFormat.PDF or (label_format is None and b"%PDF-" in content[:1024]):
        return _printable_pdf(content)
    is_svg = label_format == LabelFormat.SVG or (label_format is None and b"<svg" in content[:4096].lower())
    if is_svg and ACTIVE_SVG.search(content.replace(b"\0", b"")):
        raise ActiveLabel("the SVG holds a script, an animation or a link")
    return content


def _printable_zpl(content: bytes) -> bytes:
    """Return the commands of labels. Data between two labels is removed: a printer may run it in another language."""
    kept: list[bytes] = []
    is_open = False
    position = 0
    while (match := COMMAND_PREFIX.search(content, position)) is not None:
        begin = match.start()
        end = _end_of_command(content, begin)
        name = _name_of(content, begin, end)
        is_open = is_open or name == b"^XA"
        if name == b"^XZ":
            kept += [b"^XZ\n"] if is_open else []
            is_open = False
        elif (is_open and _is_format_command(name)) or _is_download(content, begin):
            command = content[begin:end]
            kept.append(command if name in MULTILINE_COMMANDS else command[: command.find(b"\n") + 1 or None])
        position = end
    return b"".join(kept)


def _end_of_command(content: bytes, begin: int) -> int:
    graphic = BINARY_GRAPHIC.match(content, begin)
    after = graphic.end() + int((graphic[1] or graphic[2])[:9]) if graphic else begin + 1
    following = COMMAND_PREFIX.search(content, min(after, len(content)))
    return following.start() if following is not None else len(content)


def _name_of(content: bytes, begin: int, end: int) -> bytes:
    """Return prefix and letters of a command; printers ignore line breaks inside."""
    return content[begin : min(end, begin + 8)].translate(None, b"\r\n\t \0")[:3].upper()


def _is_format_command(name: bytes) -> bool:
    return name[:2] == b"^A" or (name[:1] == b"^" and name[1:].decode("latin-1") in FORMAT_COMMANDS)


def _is_download(content: bytes, begin: int) -> bool:
    return DOWNLOADS.match(content, begin) is not None or DARKNESS_COMMAND.match(content, begin) is not None


def _printable_pdf(content: bytes) -> bytes:
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            if not _remove_actions(document):
                return content
            cleaned = io.BytesIO()
            document.save(cleaned)
            return cleaned.getvalue()
    except pikepdf.PdfError:
        raise ActiveLabel("what came is no readable PDF") from None


def _remove_actions(document: pikepdf.Pdf) -> bool:
    """Remove all keys that printing does not need; return whether there were any."""
    is_changed = False
    if any("/Annots" in page.obj for page in document.pages):
        document.flatten_annotations("print")  # text drawn by form fields stays visible
        is_changed = True
    for holder, keys in ((document.Root, ROOT_KEYS), *((page.obj, PAGE_KEYS) for page in document.pages)):
        for key in set(holder.keys()) - keys:
            del holder[key]
            is_changed = True
    return is_changed
