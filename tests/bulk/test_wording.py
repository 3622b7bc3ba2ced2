"""Everything that this package says of a row is said in Czech too; what others say stays as they said it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cpl_async
from cpl_async.bulk.wording import worded
from cpl_async.bulk.wording_cs import PHRASES

from ..conftest import EXAMPLES

PACKAGE = Path(cpl_async.__file__).parent
SAID_OF_ROWS = [
    *("models/validation.py", "models/constraints.py", "models/shipment_batches.py", "models/order_batches.py"),
    *(f"bulk/parsing/{path.name}" for path in sorted((PACKAGE / "bulk/parsing").glob("*.py"))),
    *(
        "bulk/pipeline/row_preparer.py",
        "bulk/pipeline/import_result.py",
        "bulk/reconcile/evidence.py",
        "bulk/pipeline/label_fetcher.py",
    ),
    *(
        "bulk/readers/jsonl_reader.py",
        "bulk/readers/line_grouping.py",
        "bulk/readers/table.py",
        "bulk/journal/cancellation_repository.py",
        "bulk/journal/row_insertion.py",
    ),
    *(
        "bulk/pipeline/poller.py",
        "bulk/reconcile/reconciler.py",
        "bulk/reconcile/canceller.py",
        "bulk/output/folder.py",
        "bulk/reconcile/search.py",
    ),
]
NOT_OF_ROWS = re.compile(
    # patterns, headings, names and values that are looked for
    r"[\^\\(?]*\[|\^|\\| \?|.*Česk|.*zásilk|(pay|cash) on delivery$|1[01]0 0|010 01|X X$|X\.X$"
    # notes and errors of whole runs and inputs
    r"|labels were not joined|a further parcel|the output|A4 from position|X rows|others of its batch|nothing of it"
    r"|the answer to X rows|, for up to|the last look|keys that are no columns|X is not text in|the first row"
    # parts that a sentence is made of
    r"|X X by |X, and this|; |was shipped|may have been|reference_id: |X has two|X(: X)+$|has two fields"
    r"|.*objectX$|.*surrogate\)X$|is not JSON: XX|.*--mapX$|.*no sets are shown$"
    r"|, which is not there|.*lacks the X|with --map|X; X|your heading|: did you mean"
)


def said_in(path: str) -> Iterator[str]:
    """Return the texts of a module with a blank in them; what is put into them is an X."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            inside.update(id(below) for below in ast.walk(node) if below is not node)
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        if " " in text.strip() and not NOT_OF_ROWS.match(text):
            yield text.removesuffix(": ")


@pytest.mark.parametrize("path", [path for path in SAID_OF_ROWS if not path.endswith("country.py")])
def test_what_is_said_of_rows_is_said_in_czech(path: str) -> None:
    assert [text for text in said_in(path) if worded(text, "cs") == text and PHRASES.get(text) != text] == []


def test_texts_of_the_modules_are_found() -> None:
    found = [text for path in SAID_OF_ROWS for text in said_in(path)]
    assert len(found) > 90
    assert "is X, at most X is allowed" in found


@pytest.mark.parametrize(("english", "czech"), PHRASES.items(), ids=range(len(PHRASES)))
def test_a_phrase_keeps_what_is_put_into_it(english: str, czech: str) -> None:
    assert english.count("{}") == czech.count("{}")
    values = [f"<{number}>" for number in range(czech.count("{}"))]
    assert worded(english.format(*values), "cs") == czech.format(*values)
    assert worded(english.format(*values), "en") == english.format(*values)


@pytest.mark.parametrize(
    ("english", "czech"),
    [
        ("PSČ: is missing", "PSČ: chybí"),
        ("name: must not be empty; zip_code: is missing", "name: nesmí být prázdné; zip_code: chybí"),
        (
            "street: is '3.12.': a spreadsheet made a day of it, e.g. of 12/3; write it as text; city: is missing",
            "street: je '3.12.': tabulka z toho udělala datum, třeba z 12/3; napište to jako text; city: chybí",
        ),
        ("weight: must be a Decimal, not str", "weight: patří sem Decimal, ne str"),
        (
            "reference_id: A-1 was shipped as 40900000001 by the job monday, and this row differs from that one; "
            "not sent again without --allow-reship",
            "reference_id: A-1 odeslala jako 40900000001 úloha monday, a tento řádek se od onoho liší; "
            "bez --allow-reship se znovu neodešle",
        ),
        (
            "it is not known whether this was created: no answer in time (reading) [correlation id a-b]",
            "není známo, zda to vzniklo: odpověď nepřišla včas (reading) [correlation id a-b]",
        ),
        ("is no JSON object; the line is: [1, 2]", "není objekt JSON; řádek zní: [1, 2]"),
        ("'x' is not among the [carriers] of --map", "'x' není mezi [carriers] v --map"),
        (
            "409 has the same reference and another recipient; 2 parcels have this reference, 1 were sent, "
            "and no sets are shown: 409, 410",
            "409 má stejnou referenci a jiného příjemce; balíků s touto referencí: 2, odesláno jich bylo 1 "
            "a soupravy nejsou vidět: 409, 410",
        ),
        ("Neplatné PSČ; Neznámá obec", "Neplatné PSČ; Neznámá obec"),
        ("E12: Bad Request; city: is missing", "E12: Bad Request; city: chybí"),
        ("", ""),
    ],
)
def test_whole_messages(english: str, czech: str) -> None:
    assert worded(english, "cs") == czech


@given(st.lists(st.sampled_from([*(text.format(*"abcde") for text in PHRASES), "x", "", "; ", ": "]), max_size=8))
def test_no_text_is_lost(parts: list[str]) -> None:
    text = "; ".join(parts)
    assert bool(worded(text, "cs")) == bool(text)


def test_a_check_reads_czech(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cpl_async.cli", "ship", EXAMPLES / "shipments-with-errors.csv", "--check",
         "--language", "cs"],
        capture_output=True, encoding="utf-8", cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "řádek 3 (v souboru 4), sloupec zip_code: " in done.stdout
    assert "Zkontrolováno, 12 řádků: v pořádku 4, s chybami 8. Nic se neodeslalo." in done.stdout
    assert not re.search(r"\b(is|must|are|has)\b", done.stdout)
