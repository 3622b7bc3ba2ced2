"""Cells that this library does not read and that speak of money, a pickup point, another carrier or several parcels.

A row must not be shipped with less than its file says. A cell in an unknown column that names cash on delivery, while
the row would go out without it, makes the row a problem. In notes and names of goods only a whole phrase counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache

from attrs import field, frozen

from ...messages import Message, message
from .payment import is_on_delivery, payment_kind
from .text import answer, any_begins, fold, phrase_in, tokens
from .vocabulary import (
    AMBIGUOUS_STEMS,
    CARRIER_HEADINGS,
    CARRIER_PHRASES,
    CARRIER_STEMS,
    CARRIER_WORDS,
    COLLECT_PHRASES,
    COLLECT_STEMS,
    COUNT_STEMS,
    FREE_TEXT_HEADINGS,
    HANDOVER_STEMS,
    IGNORED_HEADINGS,
    INSURANCE_STEMS,
    ITEM_WORDS,
    NEGATIONS,
    OWN_CARRIER,
    PARCEL_STEMS,
    PAYMENT_BEGINNINGS,
    PICKUP_PHRASES,
    PICKUP_STEMS,
    POINT_HEADINGS,
    UNMISTAKABLE_PHRASES,
)

__all__ = ["Subject", "other_carrier", "problem_of", "subjects_of"]

LONGEST_NAME = 80
"""Characters of a cell that can be a name of a payment or a carrier; a longer one is read as free text."""
LONGEST_PHRASE = 6
"""Words of a note that can be a phrase of payment as a whole."""
NUMBER = re.compile(r"[-−+]?\d[\d\s.,'’]*(?:\s*[^\W\d]{1,3}\.?)?")
ZERO = re.compile(r"[0\s.,–—-]*")
POINT_CODE = re.compile(r"\bKM\d{8,11}\b")
"""Form of the codes of the carrier's pickup points."""


class Subject(StrEnum):
    """What a cell can speak of."""

    CASH_ON_DELIVERY = "cash_on_delivery"
    PICKUP_POINT = "pickup_point"
    CARRIER = "carrier"
    INSURANCE = "insurance"
    PARCELS = "parcels"
    AGE_CHECK = "age_check"
    ADDRESS = "address"


MESSAGES = {
    Subject.CASH_ON_DELIVERY: "unread.cash_on_delivery",
    Subject.PICKUP_POINT: "unread.pickup_point",
    Subject.CARRIER: "unread.carrier",
    Subject.INSURANCE: "unread.insurance",
    Subject.PARCELS: "unread.parcels",
    Subject.AGE_CHECK: "unread.age_check",
    Subject.ADDRESS: "unread.address",
}


@frozen
class _Heading:
    """The meaning of an unknown heading for its cells."""

    is_free_text: bool = False
    is_ignored: bool = False
    subject: Subject | None = field(default=None)
    """What its numbers and answers are about, or ``None``."""


TIMES = frozenset(["date", "datum", "dat", "time", "cas", "at", "day", "termin"])


def subjects_of(cells: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, Subject]]:
    """Yield heading, text and subject of each cell that speaks of something dangerous.

    :param cells: Heading and text of the cells that are not read.
    """
    is_suspect = _is_suspect(" ".join([text for _, text in cells]))
    for heading, text in cells:
        meaning = _meaning(heading)
        if meaning.is_ignored or not (is_suspect or meaning.subject is not None):
            continue
        subject = _subject_of(meaning, text)
        if subject is not None:
            yield heading, text, subject


def problem_of(subject: Subject, text: str) -> Message:
    """Return the problem of a row that would be shipped without what a cell names."""
    return message(MESSAGES[subject], text=text[:50])


def _is_suspect(text: str) -> bool:
    """Return whether a word of the text begins like one of the vocabulary: the others need no further check."""
    return any(word[:3] in BEGINNINGS for word in text.casefold().translate(PLAIN).split())


def _subject_of(meaning: _Heading, text: str) -> Subject | None:
    if meaning.subject is not None and _has_value(meaning.subject, text):
        return meaning.subject
    return _named_in(text, is_free_text=meaning.is_free_text or len(text) > LONGEST_NAME)


def _has_value(subject: Subject, text: str) -> bool:
    """Return whether a cell below a heading of a subject gives it a value: an amount, a code, yes."""
    said = answer(text)
    if said is not None or ZERO.fullmatch(text):
        return bool(said)
    if subject is Subject.PARCELS:
        return bool(NUMBER.fullmatch(text)) and text.strip("0., ") != "1"
    if subject is Subject.CARRIER:
        return other_carrier(text) is not None
    return True


@lru_cache(maxsize=2048)
def _meaning(heading: str) -> _Heading:
    words = tokens(heading)
    about = _subject_of_heading(words)
    if not ITEM_WORDS.isdisjoint(words) or (about is None and any_begins(words, FREE_TEXT_HEADINGS)):
        return _Heading(is_free_text=True)
    if about is None and (any_begins(words, IGNORED_HEADINGS) or not words):
        return _Heading(is_ignored=True)
    return _Heading(subject=about)


def _subject_of_heading(words: list[str]) -> Subject | None:
    if not TIMES.isdisjoint(words) or ("code" in words[-1:] and "barcode" in words):
        return None
    if is_on_delivery(words):
        return Subject.CASH_ON_DELIVERY
    if any_begins(words, INSURANCE_STEMS):
        return Subject.INSURANCE
    if any_begins(words, COUNT_STEMS) and any_begins(words, PARCEL_STEMS):
        return Subject.PARCELS
    if any_begins(words, POINT_HEADINGS) or phrase_in(PICKUP_PHRASES, words):
        return Subject.PICKUP_POINT
    if not {"18", "age", "vek", "veku", "alter", "wieku", "eletkor"}.isdisjoint(words):
        return Subject.AGE_CHECK
    return Subject.CARRIER if any_begins(words, CARRIER_HEADINGS) else None


@lru_cache(maxsize=4096)
def _named_in(text: str, *, is_free_text: bool) -> Subject | None:
    """Return the subject that a text names."""
    words = tokens(text)
    if not NEGATIONS.isdisjoint(words):
        return None
    if is_free_text:
        return _whole_phrase(words, text)
    if payment_kind(text) or is_on_delivery(words):
        return Subject.CASH_ON_DELIVERY
    if any_begins(words, PICKUP_STEMS) or phrase_in(PICKUP_PHRASES, words) or POINT_CODE.search(text):
        return Subject.PICKUP_POINT
    return Subject.CARRIER if other_carrier(text) is not None else None


def _whole_phrase(words: list[str], text: str) -> Subject | None:
    """Return the subject of a text that is a phrase of payment or carrier as a whole, or holds an unmistakable one."""
    if phrase_in((*COLLECT_PHRASES, *UNMISTAKABLE_PHRASES), words) or (len(words) <= 2 and is_on_delivery(words)):
        return Subject.CASH_ON_DELIVERY
    is_phrase = (
        len(words) <= LONGEST_PHRASE
        and words[0].startswith(PAYMENT_BEGINNINGS)
        and not any_begins(words, AMBIGUOUS_STEMS)
    )
    if is_phrase and payment_kind(text):
        return Subject.CASH_ON_DELIVERY
    if POINT_CODE.search(text) or " ".join(words) in POINT_NAMES:
        return Subject.PICKUP_POINT
    if " ".join(words) in CARRIER_NAMES:
        return Subject.CARRIER
    return None


def other_carrier(text: str) -> str | None:
    """Return the name of another carrier in a text, or ``None``."""
    words = tokens(text)
    if OWN_CARRIER in words:
        return None
    for word in words:
        if word in CARRIER_WORDS or word.startswith(CARRIER_STEMS):
            return word
    return phrase_in(CARRIER_PHRASES, words)


CARRIER_NAMES = frozenset(
    (
        *("zasilkovna", "zasielkovna", "packeta", "balikovna", "inpost", "fedex", "toptrans", "wedo"),
        *(*CARRIER_WORDS, *CARRIER_PHRASES),
        *(f"poslat {name}" for name in ("dpd", "gls", "zasilkovnou", "postou", "balikovnou", "ceskou postou")),
        *(f"zaslat {name}" for name in ("dpd", "gls", "zasilkovnou", "postou", "balikovnou", "ceskou postou")),
    )
)
POINT_NAMES = frozenset((*PICKUP_PHRASES, "parcelshop", "parcelbox", "ppl parcelshop", "ppl parcelbox", "alzabox"))
PLAIN = str.maketrans(
    {chr(code): " " for code in range(128) if not chr(code).isalnum()}
    | {letter: fold(letter) for letter in "áäąćčďéěęëíĺľłńňóôöőŕřśšťúůüűýźżžăâîșşțţß"}
)
"""Letters of the languages of the vocabulary → letters without diacritics, punctuation → spaces."""
BEGINNINGS = frozenset(
    words.split()[0][:3]
    for words in (
        *("cod", *(f"km{digit}" for digit in range(10))),
        *(*COLLECT_STEMS, *COLLECT_PHRASES, *UNMISTAKABLE_PHRASES, *HANDOVER_STEMS),
        *(*PICKUP_STEMS, *PICKUP_PHRASES, *CARRIER_STEMS, *CARRIER_WORDS, *CARRIER_PHRASES, *CARRIER_NAMES),
    )
)
"""The first three letters of each word that the vocabulary can match."""
