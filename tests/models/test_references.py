"""Two texts that look alike are one reference."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl_async import ExternalNumber
from cpl_async.bulk.journal.reference_hash import reference_hash
from cpl_async.bulk.parsing.row_parser import reference_in
from cpl_async.models.references import INVISIBLE, folded_reference, normal_reference
from cpl_async.models.shipment_batches import ShipmentBatchResult, ShipmentResultItem
from cpl_async.models.validation import problems_of

from ..conftest import shipment

SECRET = bytes(32)
invisible = st.sampled_from("\u00ad\u200b\u200c\u200d\u2060\ufeff\u180e\u202e\ufe0f\U000e0041")
blank = st.sampled_from(" \u00a0\u2007\u202f\u3000\u2003")
letters = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12)


def test_invisible_characters_are_no_part_of_a_reference() -> None:
    assert normal_reference("z\u200bz") == normal_reference("zz") == "zz"
    assert normal_reference("\u202ez\u2060z\ufeff\ufe0f") == "zz"


def test_every_kind_of_space_is_a_plain_one() -> None:
    assert normal_reference("2026\u00a01") == normal_reference("2026\u20031") == "2026 1"
    assert normal_reference("\u00a02026  1\t") == "2026  1"


def test_letters_with_marks_are_composed() -> None:
    assert normal_reference("Z\u030c-1") == normal_reference("Z\u200d\u030c-1") == "Ž-1"


def test_letter_case_is_kept_and_folded_only_to_compare() -> None:
    assert normal_reference("aB1") != normal_reference("ab1")
    assert folded_reference("aB 1") == folded_reference("ＡＢ1 ")


@given(letters)
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    once = normal_reference(text)
    assert normal_reference(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(character in once for character in "\u200b\u00a0\ufeff")


@given(st.lists(st.tuples(letters, invisible, blank), min_size=1, max_size=4), st.sampled_from(("NFC", "NFD")))
def test_texts_that_normalize_alike_are_one_everywhere(
    parts: list[tuple[str, str, str]], form: Literal["NFC", "NFD"]
) -> None:
    plain = " ".join(text for text, _, _ in parts)
    odd = "".join(f"{hidden}{unicodedata.normalize(form, text)}{space}" for text, hidden, space in parts)
    same = normal_reference(plain)
    if not same or normal_reference(odd) != same:
        return  # letters that change their neighbour when they are composed: two references, not one
    assert reference_hash(odd, SECRET) == reference_hash(plain, SECRET)
    assert shipment(odd).reference_id == shipment(plain).reference_id == same
    assert ExternalNumber(code="CUST", external_number=odd).external_number == same
    assert reference_in({"reference_id": odd}) == reference_in({"reference_id": plain})


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\x85b", "a\u2028b", "a\ud800b"])
def test_a_control_character_in_a_reference_is_refused(text: str) -> None:
    assert [(one.path, one.message) for one in problems_of(shipment(text, external_numbers=()))] == [
        ("reference_id", "holds a control character or a line break")
    ]
    assert reference_in({"reference_id": text}) == "a\ufffdb"


def test_no_visible_letter_is_called_invisible() -> None:
    assert not any(unicodedata.category(letter).startswith(("L", "N", "P")) for letter in INVISIBLE if letter not in
                   "\u115f\u1160\u3164\uffa0-\u17b4")  # fmt: skip


def test_items_are_found_by_the_normal_reference() -> None:
    item = ShipmentResultItem(reference_id="2026\u00a01\u200b")
    assert ShipmentBatchResult(items=[item]).by_reference == {"2026 1": item}
