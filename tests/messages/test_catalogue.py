"""Messages are data: each code has a text in English and Czech, and a message keeps its values."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest

import cpl_async
from cpl_async.messages import Message, dump_messages, load_messages, message, text_of, texts
from cpl_async.messages.catalogue import CATALOGUE
from cpl_async.messages.translation import translated

PACKAGE = Path(cpl_async.__file__).parent
TEXTS = ("manifest", "report", "summary")
"""Areas whose texts are read as a whole; their tests look for texts that nothing uses."""
CALLS = {"message": 0, "AmbiguousValue": 0, "violation": 0}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_text_has_a_translation_with_the_same_values(code: str) -> None:
    czech = translated(code, "cs")
    assert fields(czech) == fields(CATALOGUE[code])
    values = {name: f"<{name}>" for name in fields(czech)}
    text = Message(code, values).text("cs")
    assert all(f"<{name}>" in text for name in values)
    same = {"carrier.field", "carrier.text", "kind.text", "label.active_content"}
    area = code.partition(".")[0]
    assert (czech == CATALOGUE[code]) is (code in same) or area in TEXTS


def codes_in(path: Path) -> dict[str, set[str]]:
    """Return the codes that a module names in calls, with the parameters of the call."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS and node.args:
            code = node.args[0]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                found[code.value] = {str(keyword.arg) for keyword in node.keywords}
    return found


def test_each_code_is_in_the_catalogue_with_its_values() -> None:
    used = 0
    for path in PACKAGE.rglob("*.py"):
        for code, given in codes_in(path).items():
            used += 1
            assert given - {"None"} == fields(CATALOGUE[code]) or "None" in given, f"{path.name}: {code}"
    assert used > 90


def test_each_code_of_the_catalogue_is_used() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.parent.name != "messages"
    )
    unused = [
        code for code in CATALOGUE if f'"{code}"' not in source and code.partition(".")[0] not in {*TEXTS, "conflict"}
    ]
    assert unused == []


def test_each_text_of_the_summary_is_used() -> None:
    source = "".join((PACKAGE / "cli" / name).read_text() for name in ("summary.py", "job_runner.py", "ship.py"))
    assert [name for name in texts("summary", "en") if not re.search(rf"[\"']{name}[\"']", source)] == []


def test_an_unknown_code_is_an_error() -> None:
    with pytest.raises(KeyError):
        message("no.such_code")


def test_a_message_is_stored_with_its_values() -> None:
    inner = message("network.timeout")
    problems = (
        message("unknown.lost", error=inner, correlation_id="a-b"),
        message("unknown.because", reasons=[inner, message("carrier.text", text="x; name: y \0 \ud800")]),
        message("cell.formula", text="=1").of("city"),
    )
    assert load_messages(dump_messages(problems)) == problems
    assert dump_messages(()) == ""
    assert load_messages("") == ()


@pytest.mark.parametrize("damaged", ["{", "[1]", '[{"params": {}}]', "null"])
def test_a_damaged_message_is_an_error(damaged: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        load_messages(damaged)


def test_the_text_of_the_carrier_is_never_taken_for_ours() -> None:
    problem = message("carrier.text", text="E12; name: {wrong} is empty").of("zip_code")
    assert text_of([problem], "cs") == "zip_code: E12; name: {wrong} is empty"
    assert text_of([problem], "cs", heading=lambda column: "PSČ") == "PSČ: E12; name: {wrong} is empty"


@pytest.mark.parametrize(
    ("problem", "english", "czech"),
    [
        (message("field.missing").of("zip_code"), "zip_code: is missing", "zip_code: chybí"),
        (
            message("field.wrong_kind", expected=message("kind.decimal"), actual="str").of("weight"),
            "weight: must be a Decimal, not str",
            "weight: patří sem Decimal, ne str",
        ),
        (
            message("unknown.lost", error=message("network.timeout_detail", detail="reading"), correlation_id="a-b"),
            "it is not known whether this was created: no response in time (reading) [correlation id a-b]",
            "není známo, zda to vzniklo: odpověď nepřišla včas (reading) [correlation id a-b]",
        ),
        (
            message("cell.formula_error", text="#N/A"),
            "is '#N/A', the error of a formula: correct the formula, or write the value",
            "je '#N/A', chyba vzorce: opravte vzorec, nebo napište hodnotu",
        ),
    ],
)
def test_a_message_is_read_in_both_languages(problem: Message, english: str, czech: str) -> None:
    assert (text_of([problem]), text_of([problem], "cs")) == (english, czech)


def test_equal_reasons_of_different_rows_are_equal() -> None:
    first = message("row.used_twice", reference="A-1", row=1, line=2)
    assert first.without_values() == message("row.used_twice", reference="A-2", row=7, line=8).without_values()
    carrier = message("carrier.text", text="order A-1 at 'Main St' 4090000001").without_values("A-1")
    assert str(carrier) == "order … at '…' …"


def test_the_compiled_translations_are_up_to_date() -> None:
    pytest.importorskip("babel", reason="Babel is not installed")
    command = [sys.executable, str(PACKAGE.parent / "tools" / "translate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
