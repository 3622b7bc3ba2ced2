"""Nothing that is printed steers a terminal, and JSON keeps its value."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl_async.plain_text import plain, plain_json, plain_lines, plain_table_cell

STEERING = [*map(chr, [*range(32), *range(0x7F, 0xA0)]), *"\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069"]
ANYTHING = st.text(st.one_of(st.characters(), st.sampled_from([*STEERING, "\udcff", "\ud800"])))


def steers(text: str, allowed: str) -> bool:
    return any(
        letter not in allowed and (unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in STEERING)
        for letter in text
    )


@given(ANYTHING)
def test_no_text_steers_a_terminal(text: str) -> None:
    assert not steers(plain(text), "")
    assert not steers(plain_lines(text), "\n")
    assert not steers(plain_table_cell(text), "\t\n\r")
    assert plain(plain(text)) == plain(text)


@given(st.dictionaries(st.text(), ANYTHING))
def test_json_keeps_its_value(data: dict[str, str]) -> None:
    text = plain_json(json.dumps(data, ensure_ascii=False, indent=2))
    assert not steers(text, "\n")
    assert json.loads(text) == data


@pytest.mark.parametrize("text", ["Příliš žluťoučký kůň", "40 €", "Kolín – město 🙂", "", "東京"])
def test_what_is_printed_is_left_as_it_is(text: str) -> None:
    assert plain(text) == plain_table_cell(text) == plain_json(text) == text


def test_bytes_of_a_file_name_are_shown() -> None:
    assert plain("a\udcffb") == plain_table_cell("a\udcffb") == "a\\xffb"
