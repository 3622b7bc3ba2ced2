"""Draws a label as SVG."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from .layout import HEIGHT, MODULE, POINT, WIDTH, Bars, Box, Mark
from .pdf import runs

__all__ = ["drawing"]

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold."""
FONT = "'DejaVu Sans Condensed', 'DejaVu Sans', 'Arial Narrow', Arial, sans-serif"


def drawing(marks: list[Mark]) -> bytes:
    """Return the label as one drawing, in millimetres."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}mm" height="{HEIGHT:g}mm" '
        f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}" font-family="{FONT}">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for mark in marks:
        if isinstance(mark, Bars):
            path = "".join(
                f"M{mark.x + start * MODULE:g} {mark.y:g}h{count * MODULE:g}v{mark.height:g}h-{count * MODULE:g}z"
                for start, count in runs(mark.modules)
            )
            parts.append(f'<path d="{path}" shape-rendering="crispEdges"/>')
        elif isinstance(mark, Box):
            fill = "#000" if mark.filled else "none"
            parts.append(
                f'<rect x="{mark.x:g}" y="{mark.y:g}" width="{mark.width:g}" height="{mark.height:g}" '
                f'fill="{fill}" stroke="#000" stroke-width="0.25"/>'
            )
        else:
            weight = ' font-weight="bold"' if mark.bold else ""
            place = f'x="{mark.x:g}" y="{mark.y:g}" font-size="{mark.size * POINT:.3f}"{weight}'
            parts.append(f"<text {place}>{escape(FORBIDDEN.sub(' ', mark.text))}</text>")
    parts.append("</svg>\n")
    return "".join(parts).encode()
