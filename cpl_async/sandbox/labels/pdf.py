"""Draws labels as PDF: one a page, or four on an A4 sheet."""

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
"""An A4 sheet, wide: two rows of two labels, read like a page."""


def single_pages(labels: Iterable[list[Mark]]) -> bytes:
    """Return a document with a page for each label."""
    canvas, file = _canvas(WIDTH_MM, HEIGHT_MM)
    for marks in labels:
        _draw(canvas, marks)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def a4_sheets(labels: Iterable[list[Mark]], position: int) -> bytes:
    """Return A4 sheets with four labels each, the first at the position 1–4: across, then down."""
    canvas, file = _canvas(*SHEET_MM)
    place = position - 1
    wide, high = SHEET_MM[0] / 2, SHEET_MM[1] / 2
    scale = min(wide / WIDTH_MM, high / HEIGHT_MM)
    began = False
    for marks in labels:
        if place == 4:
            canvas.showPage()
            place = 0
        canvas.saveState()
        left = place % 2 * wide + (wide - WIDTH_MM * scale) / 2
        bottom = (1 - place // 2) * high + (high - HEIGHT_MM * scale) / 2
        canvas.translate(left * POINTS_PER_MM, bottom * POINTS_PER_MM)
        canvas.scale(scale, scale)
        _draw(canvas, marks)
        canvas.restoreState()
        place += 1
        began = True
    if began:
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
    """Return the bars of a barcode as pairs of first module and width."""
    bars: list[tuple[int, int]] = []
    for position, module in enumerate(modules):
        if module == "1":
            if bars and bars[-1][0] + bars[-1][1] == position:
                bars[-1] = (bars[-1][0], bars[-1][1] + 1)
            else:
                bars.append((position, 1))
    return bars
