"""Minimal PDF labels with number and barcode, for load tests."""

from __future__ import annotations

from collections.abc import Sequence

from barcode import Code128

from .layout import HEIGHT_MM, WIDTH_MM, LabelData
from .pdf import POINTS_PER_MM, bar_runs

__all__ = ["plain_pages"]

MODULE_MM = 0.5 * POINTS_PER_MM
QUIET_ZONE = 15 * POINTS_PER_MM


def plain_pages(labels: Sequence[LabelData]) -> bytes:
    """Return a PDF document with one page per label: its number as text and as Code 128."""
    pages = [_content(label) for label in labels]
    count = len(pages)
    width, height = WIDTH_MM * POINTS_PER_MM, HEIGHT_MM * POINTS_PER_MM
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(count))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {count}/Kids[{kids}]/MediaBox[0 0 {width:.2f} {height:.2f}]"
        "/Resources<</Font<</F 3 0 R>>>>>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for index, content in enumerate(pages):
        objects.append(f"<</Type/Page/Parent 2 0 R/Contents {5 + 2 * index} 0 R>>")
        objects.append(f"<</Length {len(content)}>>stream\n{content}\nendstream")
    return _document(objects)


def _content(label: LabelData) -> str:
    modules = Code128(label.number).build()[0]
    bars = [
        f"{QUIET_ZONE + start * MODULE_MM:.2f} 100 {count * MODULE_MM:.2f} 90 re" for start, count in bar_runs(modules)
    ]
    return f"BT /F 18 Tf 40 60 Td ({label.number}) Tj ET " + " ".join(bars) + " f"


def _document(objects: Sequence[str]) -> bytes:
    parts, offset, offsets = ["%PDF-1.4\n"], 9, []
    for number, text in enumerate(objects, 1):
        part = f"{number} 0 obj{text}endobj\n"
        offsets.append(offset)
        offset += len(part)
        parts.append(part)
    table = "".join(f"{entry:010} 00000 n \n" for entry in offsets)
    size = len(objects) + 1
    parts.append(f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\n")
    parts.append(f"startxref\n{offset}\n%%EOF\n")
    return "".join(parts).encode("ascii")
