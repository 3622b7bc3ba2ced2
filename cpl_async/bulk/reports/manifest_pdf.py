"""The handover manifest as PDF, drawn page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from attrs import define, field
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from ...messages import texts
from .formatting import Formatter
from .manifest_data import ManifestHeader, ManifestRow
from .manifest_pages import Room, Totals, broken

__all__ = ["ManifestPdf"]

PLAIN, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"
WIDTH, HEIGHT = A4
MM = 72 / 25.4
MARGIN = 14 * MM
FOOT = 18 * MM
LINE, PAD = 10.5, 6.0
HEADING = 22.0
SIZE = 8.0
INK, SOFT, HAIR = 0.0, 0.35, 0.75
COLUMNS = (("row", 12, True), ("number", 28, False), ("reference", 46, False), ("place", 40, False))
FIGURES = (("in_set", 14, True), ("kg", 16, True), ("cod", 26, True))
"""Name, width in millimetres, and whether it is right-aligned."""
MAX_LINES = 50
SIGNATURES = 136.0
TOTAL_LINE = 14.0


@cache
def _fonts() -> None:
    for name in (PLAIN, BOLD):
        font = files("cpl_async") / "fonts" / f"{name}.ttf"  # may be in a zip file
        pdfmetrics.registerFont(TTFont(name, BytesIO(font.read_bytes())))


@define
class ManifestPdf:
    """One manifest that is being written."""

    path: Path
    handover: ManifestHeader
    words: Mapping[str, str] = field(init=False)
    writing: Formatter = field(init=False)
    _canvas: Canvas = field(init=False)
    _y: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        _fonts()
        language = "cs" if self.handover.language == "cs" else "en"
        self.words = texts("manifest", language)
        self.writing = Formatter(language, self.handover.zone)
        self._canvas = Canvas(str(self.path), pagesize=A4, pageCompression=1, invariant=1, lang=language)
        self._canvas.setTitle(f"{self.words['title']} {self.handover.job}")
        self._canvas.setAuthor(" ".join(self.handover.sender[:1]))

    @property
    def room(self) -> Room:
        """Space for rows."""
        other = HEIGHT - 2 * MARGIN - FOOT - HEADING
        return Room(first=other - self._head_height(), other=other - 4)

    def ending_height(self, totals: Totals) -> float:
        """Return the height of totals and signatures."""
        return 34 + TOTAL_LINE * (3 + len(totals.cod)) + SIGNATURES

    def row_height(self, row: ManifestRow) -> float:
        """Return the height of a row."""
        return max(len(cell) for cell in self._cells(0, row)) * LINE + PAD

    def page(self, number: int, pages: int, parcels: int) -> None:
        """Begin a page."""
        if number > 1:
            self._canvas.showPage()
        foot = self.words["page"].format(page=self.writing.number(number), pages=self.writing.number(pages))
        self._text(WIDTH - MARGIN, MARGIN, foot, size=8, right=True)
        left = f"{self.words['title']} · {self.handover.job} · {self.writing.date(self.handover.at)}"
        self._text(MARGIN, MARGIN, broken(left, WIDTH - 2 * MARGIN - 90, _measure)[0], size=8, grey=SOFT)
        self._y = HEIGHT - MARGIN
        if number == 1:
            self._head(parcels)

    def table_heading(self) -> None:
        """Draw the names of the columns."""
        self._y -= HEADING
        for x, width, name, right in _places():
            self._text(x + width if right else x, self._y + 7, self.words[name], bold=True, size=7.5, right=right)
        self._rule(self._y + 1, INK, 0.8)

    def row(self, number: int, row: ManifestRow) -> None:
        """Draw a row."""
        cells = self._cells(number, row)
        top = self._y - PAD / 2
        for (x, width, _, right), cell in zip(_places(), cells, strict=True):
            for index, line in enumerate(cell):
                self._text(x + width if right else x, top - LINE * index - SIZE, line, right=right)
        self._y -= max(map(len, cells)) * LINE + PAD
        self._rule(self._y, HAIR, 0.4)

    def ending(self, totals: Totals) -> None:
        """Draw totals and fields for signatures, and end the document."""
        if not totals.shipments:
            self._y -= 16
            self._text(MARGIN, self._y, self.words["nothing"])
        self._totals(totals)
        half = (WIDTH - 2 * MARGIN - 20) / 2
        self._y -= 24
        for x, heading, names in (
            (MARGIN, "handed", ("name", "when", "remarks", "", "sign")),
            (MARGIN + half + 20, "taken", ("name", "plate", "counted", "when", "sign")),
        ):
            self._signature(x, half, self.words[heading], [self.words[name] if name else "" for name in names])
        self._canvas.save()

    def _head_height(self) -> float:
        return 62 + 11.5 * max(len(self.handover.sender), len(self.handover.carrier), 3) + 16 * self._is_test

    @property
    def _is_test(self) -> bool:
        return self.handover.system in ("testing", "sandbox")

    def _head(self, parcels: int) -> None:
        top = self._y
        self._text(MARGIN, top - 16, self.words["title"], bold=True, size=18)
        if self._is_test:
            top -= 16
            self._text(MARGIN, top - 18, self.words[self.handover.system], bold=True, size=9)
        facts = [
            f"{self.words['job']}: {self.handover.job}",
            f"{self.words['date']}: {self.writing.timestamp_text(self.handover.at)}",
            f"{self.words['parcels']}: {self.writing.number(parcels)}",
        ]
        third = (WIDTH - 2 * MARGIN) / 3
        blocks = (
            (self.words["sender"], self.handover.sender),
            (self.words["carrier"], self.handover.carrier),
            ("", facts),
        )
        for column, (heading, lines) in enumerate(blocks):
            x = MARGIN + column * third
            self._text(x, top - 38, heading, size=7.5, grey=SOFT)
            for index, line in enumerate(lines):
                self._text(x, top - 50 - 11.5 * index, _fit(line, third - 8, 9), bold=index == 0 and column < 2, size=9)
        self._y = HEIGHT - MARGIN - self._head_height()

    def _cells(self, number: int, row: ManifestRow) -> list[Sequence[str]]:
        numbers = list(row.numbers[:MAX_LINES]) or [""]
        if len(row.numbers) > MAX_LINES:
            numbers[-1] = self.words["more"].format(number=len(row.numbers) - MAX_LINES + 1)
        cod = f"{self.writing.number(row.cod, 2)} {row.currency}" if row.cod is not None else ""
        weight = "" if row.weight_kg is None else self.writing.number(row.weight_kg, 2)
        texts = (row.reference, f"{row.zip_code} {row.town}")
        widths = (width * MM - 5 for _, width, _ in COLUMNS[2:])
        return [
            (self.writing.number(number),),
            numbers,
            *(broken(text, width, _measure)[:MAX_LINES] for text, width in zip(texts, widths, strict=True)),
            (self.writing.number(row.parcels),),
            (weight,),
            (cod,),
        ]

    def _totals(self, totals: Totals) -> None:
        number = self.writing.number
        weight = number(totals.weight, 2)
        if totals.shipments and totals.unweighed == totals.shipments:
            weight = self.words["no_weight"]
        elif totals.unweighed:
            weight = self.words["known_weight"].format(weight=weight, number=number(totals.unweighed))
        lines = [
            (self.words["shipments"], number(totals.shipments)),
            (self.words["parcels"], number(totals.parcels)),
            (self.words["weight"], weight),
        ]
        for currency, amount in sorted(totals.cod.items()):
            count = number(totals.cod_shipments[currency])
            said = self.words["cod_sum"].format(amount=number(amount, 2), number=count)
            lines.append((self.words["cod_of"].format(currency=currency), said))
        self._y -= 26
        self._text(MARGIN, self._y, self.words["totals"], bold=True, size=11)
        self._y -= 4
        for name, value in lines:
            self._y -= TOTAL_LINE
            self._text(MARGIN, self._y, name, size=9, grey=SOFT)
            self._text(MARGIN + 52 * MM, self._y, value, bold=True, size=9)

    def _signature(self, x: float, width: float, heading: str, names: Sequence[str]) -> None:
        y = self._y
        self._text(x, y, heading, bold=True, size=10)
        for index, name in enumerate(names):
            line = y - 24 - 19 * index - (10 if index == len(names) - 1 else 0)
            self._text(x, line + 3, name, size=7.5, grey=SOFT)
            self._canvas.setLineWidth(0.6)
            self._canvas.line(x + (_measure(name) + 4 if name else 0), line, x + width, line)

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        bold: bool = False,
        size: float = SIZE,
        right: bool = False,
        grey: float = INK,
    ) -> None:
        self._canvas.setFont(BOLD if bold else PLAIN, size)
        self._canvas.setFillGray(grey)
        (self._canvas.drawRightString if right else self._canvas.drawString)(x, y, text)

    def _rule(self, y: float, grey: float, width: float) -> None:
        self._canvas.setStrokeGray(grey)
        self._canvas.setLineWidth(width)
        self._canvas.line(MARGIN, y, WIDTH - MARGIN, y)
        self._canvas.setStrokeGray(INK)


def _places() -> list[tuple[float, float, str, bool]]:
    found = []
    x = MARGIN
    for name, millimetres, right in (*COLUMNS, *FIGURES):
        width = millimetres * MM
        found.append((x, width - (6 if name == "row" else 0), name, right))
        x += width
    return found


def _measure(text: str, size: float = SIZE) -> float:
    return float(pdfmetrics.stringWidth(text, PLAIN, size))


def _fit(text: str, width: float, size: float) -> str:
    """Return the beginning of a text that fits on one line."""
    lines = broken(text, width, lambda part: _measure(part, size))
    return lines[0] if len(lines) == 1 else lines[0] + "…"
