"""Labels in ZPL, the language of thermal printers."""

from __future__ import annotations

from .layout import HEIGHT_MM, MODULE_MM, WIDTH_MM, BarcodeMark, BoxMark, Mark

__all__ = ["zpl_program"]


def zpl_program(marks: list[Mark], dpi: int) -> bytes:
    """Return a label as one ZPL format in UTF-8 (``^CI28``)."""
    dot = dpi / 25.4
    lines = ["^XA", "^CI28", f"^PW{round(WIDTH_MM * dot)}", f"^LL{round(HEIGHT_MM * dot)}", "^LH0,0"]
    for mark in marks:
        x = round(mark.x * dot)
        if isinstance(mark, BarcodeMark):
            module = max(1, round(MODULE_MM * dot))
            left = (round(WIDTH_MM * dot) - module * len(mark.modules)) // 2
            height = round(mark.height * dot)
            lines.append(f"^FO{left},{round(mark.y * dot)}^BY{module}^BCN,{height},N,N,N,A^FD{mark.value}^FS")
        elif isinstance(mark, BoxMark):
            thickness = round(mark.height * dot) if mark.filled else max(1, dpi // 200)
            lines.append(
                f"^FO{x},{round(mark.y * dot)}^GB{round(mark.width * dot)},{round(mark.height * dot)},{thickness}^FS"
            )
        else:
            height = round(mark.size * dpi / 72)
            lines.append(
                f"^FO{x},{round(mark.y * dot) - height}^A0N,{height},{round(height * 0.85)}^FH_^FD{_safe(mark.text)}^FS"
            )
    lines.append("^XZ\n")
    return "\n".join(lines).encode()


def _safe(text: str) -> str:
    """Return a text with the special characters of ZPL as hexadecimal escapes."""
    return "".join(f"_{ord(letter):02X}" if letter in "^~_" else letter for letter in text)
