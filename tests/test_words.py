"""The check of words finds those that the project does not use."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_words import findings_in, main

WORDS = {
    "mend": "fix",
    "mended": "fix",
    "second_tries": "retry",
    "unless_told": "Default",
    "unless_given": "Default",
    "Whoever": "caller",
    "anew": "again",
    "letting_go_of": "release",
    "at_work": "running",
    "so_many": "number",
    "is_none": "None",
    "moment": "timestamp",
    "loan": "lease",
    "lent": "lease",
    "borrowed": "lease",
}


@pytest.mark.parametrize(("word", "replacement"), WORDS.items())
@pytest.mark.parametrize(
    "text",
    ['"""Return it.\n\nAbc {} abc."""\n', "a = 1\n\n# abc {} abc\n", 'print(\n\n    f"abc {{1}} {} abc"\n)\n'],
    ids=["docstring", "comment", "message"],
)
def test_a_forbidden_word_is_found_with_its_line(tmp_path: Path, text: str, word: str, replacement: str) -> None:
    file, word = tmp_path / "module.py", word.replace("_", " ")
    file.write_text(text.format(word), encoding="utf-8")
    [finding] = findings_in(file)
    assert (finding.line, finding.word) == (3, word)
    assert replacement in finding.replacement
    assert str(finding).startswith(f"{file}:3: {word} -> ")


def test_names_and_code_are_allowed(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('moment = row["moment"] if row is None else "mendel, lentil and x is None"\n', encoding="utf-8")
    assert findings_in(file) == []


def test_a_phrase_over_two_lines_of_a_page_is_found(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("A batch is sent at\nonce, unless\ntold\n", encoding="utf-8")
    [finding] = findings_in(file)
    assert (finding.line, finding.word) == (2, "unless told")


def test_the_status_is_1_if_a_word_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "page.md"
    file.write_text("mend it", encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out == f"{file}:1: mend -> fix\n"
    file.write_text("fix it", encoding="utf-8")
    assert main([str(tmp_path)]) == 0
    assert main([str(tmp_path / "missing")]) == 2
