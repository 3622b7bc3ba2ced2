"""PNG and JPEG labels."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from .layout import HEIGHT_MM, MODULE_MM, WIDTH_MM, BarcodeMark, BoxMark, Mark, font_file
from .pdf import bar_runs

__all__ = ["raster_image"]


def raster_image(marks: list[Mark], kind: str, dpi: int) -> bytes:
    """Return a label as an image: ``PNG`` in black and white, ``JPEG`` in greyscale."""
    dot = dpi / 25.4
    size = (round(WIDTH_MM * dot), round(HEIGHT_MM * dot))
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    for mark in marks:
        if isinstance(mark, BarcodeMark):
            module = max(2, round(MODULE_MM * dot))  # whole dots, so that all bars have exact widths
            left = (size[0] - module * len(mark.modules)) // 2
            top, bottom = round(mark.y * dot), round((mark.y + mark.height) * dot)
            for start, count in bar_runs(mark.modules):
                draw.rectangle((left + start * module, top, left + (start + count) * module - 1, bottom), fill=0)
        elif isinstance(mark, BoxMark):
            edges = (mark.x, mark.y, mark.x + mark.width, mark.y + mark.height)
            draw.rectangle(
                tuple(round(edge * dot) for edge in edges),
                outline=0,
                fill=0 if mark.filled else None,
                width=max(1, dpi // 200),
            )
        else:
            font = _font(mark.bold, round(mark.size * dpi / 72))
            draw.text((mark.x * dot, mark.y * dot), mark.text, fill=0, font=font, anchor="ls")
    file = io.BytesIO()
    if kind == "PNG":
        image.convert("1").save(file, "PNG", dpi=(dpi, dpi), optimize=False)
    else:
        image.save(file, "JPEG", dpi=(dpi, dpi), quality=90)
    return file.getvalue()


@cache
def _font(bold: bool, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(bold), pixels, layout_engine=ImageFont.Layout.BASIC)
