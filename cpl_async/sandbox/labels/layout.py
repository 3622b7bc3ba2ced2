"""Layout of a label: a list of marks in millimetres, which each format draws."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO

from attrs import frozen
from barcode.codex import Code128
from PIL import ImageFont

__all__ = [
    "HEIGHT_MM",
    "MODULE_MM",
    "WIDTH_MM",
    "BarcodeMark",
    "BoxMark",
    "LabelData",
    "Mark",
    "TextMark",
    "font_file",
    "layout",
]

WIDTH_MM, HEIGHT_MM = 127.0, 110.0
"""Minimum size of a Czech label (source: the vendor's documentation)."""
MODULE_MM = 0.5
"""Width of the narrowest bar of the barcode: four dots of a printer with 203 dpi."""
MARGIN_MM = 5.0
POINT_MM = 25.4 / 72


@frozen(kw_only=True)
class LabelData:
    """Content of a label."""

    number: str
    product: str
    recipient: tuple[str, ...]
    """Lines: name, second name, street, postcode and city, country."""
    contact: str = ""
    sender: tuple[str, ...] = ()
    parcel: int = 1
    parcels: int = 1
    weight: str = ""
    cash: str = ""
    note: str = ""
    reference: str = ""
    pickup_point: str = ""


@frozen
class TextMark:
    """A line of text; ``y`` is the distance of its baseline from the top."""

    x: float
    y: float
    size: float
    """Font size in points."""
    text: str
    bold: bool = False


@frozen
class BoxMark:
    """A rectangle, filled or with a thin outline."""

    x: float
    y: float
    width: float
    height: float
    filled: bool = False


@frozen
class BarcodeMark:
    """A Code 128 barcode, with its modules as ``1`` and ``0``."""

    x: float
    y: float
    height: float
    modules: str
    value: str


Mark = TextMark | BoxMark | BarcodeMark


def font_file(bold: bool) -> BytesIO:
    """Return the font file, which has all Latin letters of Central Europe; the package may be in a zip file."""
    name = f"DejaVuSansCondensed{'-Bold' if bold else ''}.ttf"
    return BytesIO((files("cpl_async") / "fonts" / name).read_bytes())


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(bold), 100, layout_engine=ImageFont.Layout.BASIC)


def _fitted_text(x: float, y: float, size: float, text: str, width: float, bold: bool = False) -> TextMark:
    """Return a text mark that fits into a width in millimetres: with a smaller font, or truncated below 6 points."""
    text = " ".join(text.split())
    text_width = _font(bold).getlength(text) / 100 * size * POINT_MM
    min_size = min(size, 6.0)
    if text_width > width:
        size = max(min_size, size * width / text_width)
        while text and _font(bold).getlength(text) / 100 * size * POINT_MM > width:
            text = text[:-2].rstrip() + "…" if len(text) > 2 else ""
    return TextMark(x, y, size, text, bold)


def _centred_text(y: float, size: float, text: str) -> TextMark:
    text_width = _font(True).getlength(text) / 100 * size * POINT_MM
    return TextMark((WIDTH_MM - text_width) / 2, y, size, text, bold=True)


def layout(data: LabelData) -> list[Mark]:
    """Return the marks of one label."""
    right = WIDTH_MM - MARGIN_MM
    inner = WIDTH_MM - 2 * MARGIN_MM
    marks: list[Mark] = [
        BoxMark(1.5, 1.5, WIDTH_MM - 3, HEIGHT_MM - 3),
        BoxMark(1.5, 1.5, WIDTH_MM - 3, 8.5, filled=False),
        _fitted_text(MARGIN_MM, 7.5, 11, "CPL SANDBOX · NEODESÍLAT · NOT FOR SHIPPING", 90, bold=True),
        TextMark(right - 22, 7.5, 12, f"{data.parcel} / {data.parcels}", bold=True),
        TextMark(MARGIN_MM, 14.5, 7, "Odesílatel / Sender"),
        _fitted_text(MARGIN_MM, 18.5, 8, ", ".join(data.sender) or "podle smlouvy / as in the contract", inner - 30),
        BoxMark(right - 25, 12, 25, 14),
        _fitted_text(right - 23, 22, 20, data.product, 21, bold=True),
        TextMark(MARGIN_MM, 25, 7, "Příjemce / Recipient"),
    ]
    y = 31.5
    for position, line in enumerate(part for part in data.recipient if part):
        marks.append(_fitted_text(MARGIN_MM, y, 14 if position == 0 else 12, line, inner - 2, bold=position == 0))
        y += 6
    if data.contact:
        marks.append(_fitted_text(MARGIN_MM, y, 9, data.contact, inner))
    y = 66.0
    details = [f"Ref. {data.reference}" if data.reference else "", data.weight, data.pickup_point]
    text_width = 70 if data.cash else inner
    marks.append(_fitted_text(MARGIN_MM, y, 8, " · ".join(part for part in details if part), text_width))
    if data.note:
        marks.append(_fitted_text(MARGIN_MM, y + 4.5, 8, data.note, text_width))
    if data.cash:
        marks += [
            BoxMark(right - 45, 58, 45, 13),
            TextMark(right - 43, 62, 7, "Dobírka / Cash on delivery"),
            _fitted_text(right - 43, 69, 14, data.cash, 41, bold=True),
        ]
    modules = Code128(data.number).build()[0]
    barcode_width = len(modules) * MODULE_MM
    marks += [
        BarcodeMark(round((WIDTH_MM - barcode_width) / 2 / MODULE_MM) * MODULE_MM, 75.0, 24.0, modules, data.number),
        _centred_text(105.5, 13, " ".join(data.number)),
    ]
    return marks
