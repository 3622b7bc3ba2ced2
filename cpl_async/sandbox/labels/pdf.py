"""PDF labels: one per page, or four on an A4 sheet."""

from __future__ import annotations

import io
from collections.abc import Iterable

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from .layout import HEIGHT_MM, MODULE_MM, WIDTH_MM, BarcodeMark, BoxMark, Mark, font_file

__all__ = ["a4_sheets", "single_pages"]

POINTS_PER_MM = 72 / 25.4
SHEET_MM = (297.0, 210.0)
"""Width and height of a landscape A4 sheet with two rows of two labels."""


def single_pages(labels: Iterable[list[Mark]]) -> bytes:
    """Return a PDF document with one page per label."""
    canvas, file = _canvas(WIDTH_MM, HEIGHT_MM)
    for marks in labels:
        _draw(canvas, marks)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def a4_sheets(labels: Iterable[list[Mark]], position: int) -> bytes:
    """Return a PDF document with four labels per A4 sheet.

    :param labels: Marks of each label.
    :param position: Position of the first label, 1–4, by rows.
    """
    canvas, file = _canvas(*SHEET_MM)
    index = position - 1
    cell_width, cell_height = SHEET_MM[0] / 2, SHEET_MM[1] / 2
    scale = min(cell_width / WIDTH_MM, cell_height / HEIGHT_MM)
    has_content = False
    for marks in labels:
        if index == 4:
            canvas.showPage()
            index = 0
        canvas.saveState()
        left = index % 2 * cell_width + (cell_width - WIDTH_MM * scale) / 2
        bottom = (1 - index // 2) * cell_height + (cell_height - HEIGHT_MM * scale) / 2
        canvas.translate(left * POINTS_PER_MM, bottom * POINTS_PER_MM)
        canvas.scale(scale, scale)
        _draw(canvas, marks)
        canvas.restoreState()
        index += 1
        has_content = True
    if has_content:
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _canvas(width: float, height: float) -> tuple[Canvas, io.BytesIO]:
    for bold in (False, True):
        if _name(bold) not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(_name(bold), font_file(bold)))
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(width * POINTS_PER_MM, height * POINTS_PER_MM), pageCompression=1, invariant=1)
    canvas.setTitle("CPL sandbox labels")
    return canvas, file


def _name(bold: bool) -> str:
    return "LabelBold" if bold else "Label"


def _draw(canvas: Canvas, marks: list[Mark]) -> None:
    canvas.setLineWidth(0.7)
    for mark in marks:
        if isinstance(mark, BarcodeMark):
            path = canvas.beginPath()
            for start, count in bar_runs(mark.modules):
                path.rect(
                    (mark.x + start * MODULE_MM) * POINTS_PER_MM,
                    (HEIGHT_MM - mark.y - mark.height) * POINTS_PER_MM,
                    count * MODULE_MM * POINTS_PER_MM,
                    mark.height * POINTS_PER_MM,
                )
            canvas.drawPath(path, stroke=0, fill=1)
        elif isinstance(mark, BoxMark):
            y = HEIGHT_MM - mark.y - mark.height
            canvas.rect(
                mark.x * POINTS_PER_MM,
                y * POINTS_PER_MM,
                mark.width * POINTS_PER_MM,
                mark.height * POINTS_PER_MM,
                stroke=1,
                fill=int(mark.filled),
            )
        else:
            canvas.setFont(_name(mark.bold), mark.size)
            canvas.drawString(mark.x * POINTS_PER_MM, (HEIGHT_MM - mark.y) * POINTS_PER_MM, mark.text)


def bar_runs(modules: str) -> list[tuple[int, int]]:
    """Return the bars of a barcode as pairs of first module and width in modules."""
    bars: list[tuple[int, int]] = []
    for position, module in enumerate(modules):
        if module == "1":
            if bars and bars[-1][0] + bars[-1][1] == position:
                bars[-1] = (bars[-1][0], bars[-1][1] + 1)
            else:
                bars.append((position, 1))
    return bars
