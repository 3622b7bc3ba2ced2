"""Looks at files of labels as a printer and a scanner do."""

from __future__ import annotations

import pypdfium2
import zxingcpp
from PIL import Image

__all__ = ["DPI", "codes_in", "page_sizes", "pages_of"]

DPI = 203


def pages_of(content: bytes) -> list[Image.Image]:
    """Return the pages of a PDF as a printer of 203 dpi sees them."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [page.render(scale=DPI / 72).to_pil() for page in document]
    finally:
        document.close()


def page_sizes(content: bytes) -> list[tuple[int, int]]:
    """Return width and height of the pages, in whole millimetres."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [tuple(round(edge / 72 * 25.4) for edge in page.get_size()) for page in document]
    finally:
        document.close()


def codes_in(content: bytes) -> list[list[str]]:
    """Return what a scanner reads on each page, from left to right and top to bottom."""
    found = []
    for page in pages_of(content):
        codes = zxingcpp.read_barcodes(page)
        ordered = sorted(codes, key=lambda code: (round(code.position.top_left.y / 200), code.position.top_left.x))
        found.append([code.text for code in ordered])
    return found
