"""Create the pictures of the documentation from real runs on the sandbox: labels, report, manifest, terminal.

    python tools/make_pictures.py        # needs Chromium; writes docs/pictures

Run it again when the output changes; the pictures are kept with the documentation.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #1e2430; }}
pre {{ margin: 0; padding: 18px 22px; color: #dfe5ee; font: 15px/1.45 "DejaVu Sans Mono", monospace; }}
b {{ color: #7fd1ff; font-weight: normal; }}
</style><pre>{}</pre>"""


def main() -> None:
    """Ship the example on the sandbox, and take pictures of its output."""
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "examples" / "shipments-with-errors.csv", folder / "shipments.csv")
        more = (ROOT / "examples" / "shipments.csv").read_text(encoding="utf-8").splitlines()[13:]
        with (folder / "shipments.csv").open("a", encoding="utf-8") as file:
            file.write("\n".join(more) + "\n")
        words = cpl(folder, "ship", "shipments.csv", "--sandbox", "--out", "out")
        cpl(folder, "ship", "shipments.csv", "--sandbox", "--out", "sheets", "--a4", "--no-reports")
        sheet(folder / "out" / "labels.pdf", PICTURES / "label.png", 1.4)
        sheet(folder / "sheets" / "labels.pdf", PICTURES / "labels-a4.png", 0.9)
        sheet(folder / "out" / "manifest.pdf", PICTURES / "protocol.png", 1.1)
        shot((folder / "out" / "report.html").as_uri(), PICTURES / "report.png", 1100, 1500)
        terminal(folder, "$ cpl ship shipments.csv --sandbox --out out\n" + words, PICTURES / "terminal.png")


def cpl(folder: Path, *arguments: str) -> str:
    """Run the command and return its visible output, without the folder names of this machine."""
    done = subprocess.run(
        [sys.executable, "-m", "cpl_async.cli", *arguments],
        cwd=folder,
        env=os.environ | {"LC_ALL": "C.UTF-8", "COLUMNS": "100", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return done.stdout.replace(f"{folder}/", "")


def sheet(document: Path, picture: Path, scale: float) -> None:
    """Draw the first page of a document."""
    opened = pypdfium2.PdfDocument(document)
    try:
        save(opened[0].render(scale=scale).to_pil(), picture)
    finally:
        opened.close()


def terminal(folder: Path, words: str, picture: Path) -> None:
    """Draw the output of the terminal."""
    shown = re.sub(r"^(\$ .*)$", r"<b>\1</b>", html.escape(words), flags=re.MULTILINE)
    page = folder / "terminal.html"
    page.write_text(PAGE.format(shown), encoding="utf-8")
    shot(page.as_uri(), picture, 1180, 36 + 22 * (words.count("\n") + 1))


def shot(address: str, picture: Path, wide: int, high: int) -> None:
    """Take a picture of a page in a browser."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.exit("Chromium is not installed: the pictures of report and terminal need it")
    with TemporaryDirectory() as profile:
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--window-size={wide},{high}",
        ]
        command += [f"--user-data-dir={profile}", f"--screenshot={profile}/shot.png", address]
        subprocess.run(command, check=True, capture_output=True)
        with Image.open(f"{profile}/shot.png") as taken:
            save(taken.convert("RGB"), picture)


def save(image: Image.Image, picture: Path) -> None:
    """Write a picture with a reduced palette, which is sufficient for it."""
    image.convert("RGB").quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    main()
