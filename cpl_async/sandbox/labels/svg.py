"""SVG labels."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from .layout import HEIGHT_MM, MODULE_MM, POINT_MM, WIDTH_MM, BarcodeMark, BoxMark, Mark
from .pdf import bar_runs

__all__ = ["svg_image"]

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML does not permit."""
FONT = "'DejaVu Sans Condensed', 'DejaVu Sans', 'Arial Narrow', Arial, sans-serif"


def svg_image(marks: list[Mark]) -> bytes:
    """Return a label as an SVG image in millimetres."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM:g}mm" height="{HEIGHT_MM:g}mm" '
        f'viewBox="0 0 {WIDTH_MM:g} {HEIGHT_MM:g}" font-family="{FONT}">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for mark in marks:
        if isinstance(mark, BarcodeMark):
            bars = [(mark.x + start * MODULE_MM, count * MODULE_MM) for start, count in bar_runs(mark.modules)]
            path = "".join(f"M{x:g} {mark.y:g}h{width:g}v{mark.height:g}h-{width:g}z" for x, width in bars)
            parts.append(f'<path d="{path}" shape-rendering="crispEdges"/>')
        elif isinstance(mark, BoxMark):
            fill = "#000" if mark.filled else "none"
            parts.append(
                f'<rect x="{mark.x:g}" y="{mark.y:g}" width="{mark.width:g}" height="{mark.height:g}" '
                f'fill="{fill}" stroke="#000" stroke-width="0.25"/>'
            )
        else:
            weight = ' font-weight="bold"' if mark.bold else ""
            place = f'x="{mark.x:g}" y="{mark.y:g}" font-size="{mark.size * POINT_MM:.3f}"{weight}'
            parts.append(f"<text {place}>{escape(FORBIDDEN.sub(' ', mark.text))}</text>")
    parts.append("</svg>\n")
    return "".join(parts).encode()
