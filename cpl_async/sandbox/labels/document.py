"""Label files in the requested format."""

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
"""Lock for PDF drawing: the fonts of reportlab record the glyphs of each document and are not thread-safe."""


@frozen(kw_only=True)
class LabelDrawer:
    """Drawer of labels in one format."""

    format: str = "Pdf"
    dpi: int = 203
    a4: bool = False
    position: int = 1
    cheap: bool = False
    """Whether PDF pages have only the number and its barcode, which is fast."""

    @property
    def holds_several(self) -> bool:
        """Whether one file of this format can hold several labels."""
        return self.format in ("Pdf", "Zpl")

    def draw(self, labels: Sequence[LabelData]) -> bytes:
        """Return one file with the labels in this order; images contain only the first label."""
        if self.cheap and self.format == "Pdf" and not self.a4:
            return plain.plain_pages(labels)
        marks = [layout(label) for label in labels]
        if self.format == "Zpl":
            return b"".join(zpl.zpl_program(label_marks, self.dpi) for label_marks in marks)
        if self.format == "Png":
            return raster.raster_image(marks[0], "PNG", self.dpi)
        if self.format == "Jpeg":
            return raster.raster_image(marks[0], "JPEG", self.dpi)
        if self.format == "Svg":
            return svg.svg_image(marks[0])
        with _font_lock:
            return pdf.a4_sheets(marks, self.position) if self.a4 else pdf.single_pages(marks)
