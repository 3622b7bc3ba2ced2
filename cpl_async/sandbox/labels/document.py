"""Makes the file of labels that was asked for, in its format."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from attrs import frozen

from . import pdf, plain, raster, svg, zpl
from .layout import LabelData, layout

__all__ = ["CONTENT_TYPES", "LabelDrawer"]

CONTENT_TYPES = {
    "Pdf": "application/pdf",
    "Zpl": "application/zpl",
    "Png": "image/png",
    "Jpeg": "image/jpeg",
    "Svg": "image/svg+xml",
}
_font_lock = threading.Lock()
"""A font keeps what each document has used of it in a table that two threads must not change at once."""


@frozen(kw_only=True)
class LabelDrawer:
    """Draws labels in one format."""

    format: str = "Pdf"
    dpi: int = 203
    a4: bool = False
    position: int = 1
    cheap: bool = False
    """Whether pages of a PDF show the number and its barcode only, so that they cost next to nothing."""

    @property
    def holds_several(self) -> bool:
        """Whether one file of this format can hold several labels."""
        return self.format in ("Pdf", "Zpl")

    def draw(self, labels: Sequence[LabelData]) -> bytes:
        """Return one file with these labels, in this order; pictures hold only one."""
        if self.cheap and self.format == "Pdf" and not self.a4:
            return plain.plain_pages(labels)
        marks = [layout(label) for label in labels]
        if self.format == "Zpl":
            return b"".join(zpl.zpl_program(one, self.dpi) for one in marks)
        if self.format == "Png":
            return raster.raster_image(marks[0], "PNG", self.dpi)
        if self.format == "Jpeg":
            return raster.raster_image(marks[0], "JPEG", self.dpi)
        if self.format == "Svg":
            return svg.svg_image(marks[0])
        with _font_lock:
            return pdf.a4_sheets(marks, self.position) if self.a4 else pdf.single_pages(marks)
