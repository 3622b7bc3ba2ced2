"""Plots as SVG with the colours and the font of the page around them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from attrs import field, frozen
from matplotlib import rc_context, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .formatting import Formatter

__all__ = [
    "BLUE",
    "GREEN",
    "ORANGE",
    "PURPLE",
    "RED",
    "SIZES",
    "Axis",
    "Bar",
    "Panel",
    "Tick",
    "bars",
    "curve",
    "own_names",
    "panels",
]

BLUE, GREEN, ORANGE, RED, PURPLE = "#0072b2", "#009e73", "#e69f00", "#d55e00", "#cc79a7"
INK, SOFT, LINE, SHEET = "#1b1f24", "#5c6670", "#d5dae0", "#fdfdfd"
ON_PAGE = {
    BLUE: "blue",
    GREEN: "green",
    ORANGE: "orange",
    RED: "red",
    PURPLE: "purple",
    INK: "ink",
    SOFT: "soft",
    LINE: "line",
    SHEET: "sheet",
}
"""Colour in the plot → variable of the page's style, which has other values for dark screens and for print."""
SIZES = {"wide": 7.4, "narrow": 3.6}
"""Width of each plot in inches, for desktop and phone: a scaled plot would not be readable on a phone."""


@frozen
class Tick:
    """A mark on the time axis."""

    second: float
    text: str


@frozen(kw_only=True)
class Panel:
    """One row of a plot over time."""

    title: str
    values: Sequence[float]
    colour: str


@frozen
class Bar:
    """A bar with its label, and the share of it that failed."""

    name: str
    value: float
    text: str
    failed: float = 0
    failed_text: str = ""


@frozen(kw_only=True)
class Axis:
    """The time axis."""

    edges: Sequence[float]
    ticks: Sequence[Tick]
    name: str
    breaks: Sequence[float] = field(factory=list)
    """Start times of new runs."""


def panels(rows: Sequence[Panel], axis: Axis, writing: Formatter, size: str, *, alike: bool) -> str:
    """Draw rows over one time axis.

    :param alike: Whether all rows have the same scale.
    """
    with _figure(size, 0.35 + 1.05 * len(rows)) as figure:
        places = figure.subplots(len(rows), 1, sharex=True, sharey=alike, squeeze=False)[:, 0]
        for place, row in zip(places, rows, strict=True):
            place.stairs(row.values, axis.edges, fill=True, color=row.colour, linewidth=0)
            place.set_title(row.title, pad=5)
            _numbers(place, max(row.values), writing)
            for second in axis.breaks:
                place.axvline(second, color=SOFT, linewidth=0.8, dashes=(3, 3))
        if alike:
            places[0].set_ylim(0, 1.05 * max(max(row.values) for row in rows))
        places[-1].set_xlim(axis.edges[0], axis.edges[-1])
        places[-1].set_xticks([tick.second for tick in axis.ticks], [tick.text for tick in axis.ticks])
        places[-1].set_xlabel(axis.name, loc="right")
        return _svg(figure)


def _numbers(place: Axes, highest: float, writing: Formatter) -> None:
    top = 1.05 * highest or 1.0
    place.set_ylim(0, top)
    place.yaxis.set_major_locator(MaxNLocator(3, integer=top >= 3))
    place.yaxis.set_major_formatter(FuncFormatter(lambda value, _: writing.rough(value)))


def curve(
    quantiles: Sequence[float],
    end: float,
    marks: Sequence[tuple[int, str]],
    names: tuple[str, str],
    writing: Formatter,
    size: str,
) -> str:
    """Draw the share of all values that is below each value.

    :param quantiles: The 101 values from 0 to 100 %.
    :param end: End of the axis.
    :param marks: Percentages with their labels.
    :param names: Names of both axes.
    """
    with _figure(size, 2.7) as figure:
        place = figure.subplots()
        place.plot(quantiles, range(101), color=BLUE, linewidth=2, solid_capstyle="round")
        for percent, text in marks:
            value = quantiles[percent]
            right = value < 0.5 * end  # labels are beside the curve: below it on the right, above it on the left
            place.plot([value, value], [0, percent], color=SOFT, linewidth=0.8, dashes=(3, 3), zorder=1)
            place.plot([value], [percent], "o", color=BLUE, markersize=6, markeredgecolor=SHEET)
            place.annotate(
                text,
                (value, percent),
                xytext=(9, -11) if right else (-5, 9),
                textcoords="offset points",
                ha="left" if right else "right",
                va="center",
                bbox={"facecolor": SHEET, "edgecolor": "none", "pad": 1},
            )
        place.set_xlim(0, end)
        place.set_ylim(0, 109)
        place.set_yticks([0, 25, 50, 75, 100])
        place.set_title(names[1], pad=5, color=SOFT)
        place.set_xlabel(names[0], loc="right")
        place.xaxis.set_major_locator(MaxNLocator(4 if size == "narrow" else 8))
        place.xaxis.set_major_formatter(FuncFormatter(lambda value, _: writing.rough(value)))
        return _svg(figure)


def bars(rows: Sequence[Bar], size: str) -> str:
    """Draw bars from left to right with their names above them; a thinner one below shows the failures."""
    with _figure(size, 0.2 + 0.66 * len(rows)) as figure:
        place = figure.subplots()
        longest = max(row.value for row in rows)
        for number, row in enumerate(rows):
            place.barh(number, row.value, height=0.26, color=BLUE)
            place.text(0, number - 0.2, row.name, va="bottom")
            _beside(place, row.value, number, row.text)
            if row.failed:
                place.barh(number + 0.27, row.failed, height=0.14, color=RED)
                _beside(place, row.failed, number + 0.29, row.failed_text)
        place.set_ylim(len(rows) - 0.55, -0.6)
        place.set_xlim(0, longest * (1.12 if size == "wide" else 1.25))
        place.axis("off")
        return _svg(figure)


def _beside(place: Axes, value: float, height: float, text: str) -> None:
    place.annotate(text, (value, height), xytext=(5, 0), textcoords="offset points", va="center")


@contextmanager
def _figure(size: str, height: float) -> Iterator[Figure]:
    ours = rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "cpl",
            "font.size": 9,
            "text.color": INK,
            "axes.edgecolor": LINE,
            "axes.labelcolor": SOFT,
            "axes.titlesize": 9,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "axes.axisbelow": True,
            "grid.color": LINE,
            "grid.linewidth": 0.6,
            "xtick.color": LINE,
            "xtick.labelcolor": SOFT,
            "ytick.color": LINE,
            "ytick.labelcolor": SOFT,
            "ytick.major.size": 0,
            "text.parse_math": False,
            "figure.constrained_layout.use": True,
        }
    )
    with style.context("default"), ours:  # ignore the user's own style for plots
        yield Figure(figsize=(SIZES[size], height))


def _svg(figure: Figure) -> str:
    """Return the SVG without header, metadata, address and width; its colours are those of the page."""
    file = io.StringIO()
    figure.patch.set_visible(False)
    for place in figure.axes:
        place.patch.set_visible(False)
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    view = re.search(r'viewBox="[^"]*"', text)
    text = re.sub(r"<svg[^>]*>", f"<svg {view[0] if view else ''}>", text, count=1)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text).replace("xlink:href", "href")
    for colour, name in ON_PAGE.items():
        text = text.replace(colour, f"var(--{name})")
    return text.strip()


def own_names(svg: str, prefix: str) -> str:
    """Return the SVG with unique ids, since one page holds several."""
    return re.sub(r'( id="|url\(#|href="#)', rf"\1{prefix}-", svg)
