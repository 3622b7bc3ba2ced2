"""Update the translations of the message catalogue and compile them; ``--check`` fails if they are stale.

``cpl_async/messages/catalogue.py`` holds the English texts. A translator edits ``locale/*/LC_MESSAGES/messages.po``.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cpl_async.messages.catalogue import CATALOGUE  # noqa: E402 - of this checkout
from cpl_async.messages.translation import DOMAIN, LANGUAGES  # noqa: E402

LOCALE = ROOT / "cpl_async" / "messages" / "locale"
HEADER = "# Translations of the messages of cpl-sdk."


def updated(language: str) -> Catalog:
    """Return the translations of a language for the current catalogue."""
    path = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    with path.open("rb") as file:
        before = read_po(file, locale=language)
    catalog = Catalog(
        locale=language, project="cpl-sdk", header_comment=HEADER, revision_date=before.revision_date,
        creation_date=before.creation_date, fuzzy=False,
    )  # fmt: skip
    for code, template in CATALOGUE.items():
        known = before.get(template, context=code) or next(
            (entry for entry in before if entry.context == code), None
        )  # a changed English text keeps its translation, to be reviewed
        catalog.add(template, known.string if known is not None else "", context=code)
    return catalog


def problems(language: str, catalog: Catalog) -> list[str]:
    """Return what is missing or wrong in the translations of a language."""
    found = []
    for entry in catalog:
        if not entry.id:
            continue
        if not entry.string:
            found.append(f"{language}: {entry.context} is not translated")
        elif fields(str(entry.id)) != fields(str(entry.string)):
            found.append(f"{language}: {entry.context} has other fields than the English text")
    return found


def fields(template: str) -> set[str]:
    """Return the names of the fields of a template."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def main() -> int:
    """Write the files, or compare them."""
    check = "--check" in sys.argv[1:]
    status = 0
    for language in LANGUAGES[1:]:
        catalog = updated(language)
        for problem in problems(language, catalog):
            print(problem, file=sys.stderr)
            status = 1
        folder = LOCALE / language / "LC_MESSAGES"
        for name, write in ((f"{DOMAIN}.po", _po), (f"{DOMAIN}.mo", _mo)):
            content = write(catalog)
            path = folder / name
            if path.exists() and path.read_bytes() == content:
                print(f"{path.relative_to(ROOT)} is up to date")
            elif check:
                print(f"{path.relative_to(ROOT)} is stale: run tools/translate.py", file=sys.stderr)
                status = 1
            else:
                path.write_bytes(content)
                print(f"{path.relative_to(ROOT)} was written")
    return status


def _po(catalog: Catalog) -> bytes:
    file = io.BytesIO()
    write_po(file, catalog, width=116, omit_header=False)
    return file.getvalue()


def _mo(catalog: Catalog) -> bytes:
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
