"""Numbers, telephone numbers, postcodes and days are read where they are certain, and refused with a word elsewhere."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cpl_async.bulk.parsing.ambiguous_value import AmbiguousValue, without_damage
from cpl_async.bulk.parsing.country import country_code
from cpl_async.bulk.parsing.dates import delivery_day
from cpl_async.bulk.parsing.numbers import amount, parcel_count, weight
from cpl_async.bulk.parsing.phone import telephone
from cpl_async.bulk.parsing.postcode import postcode
from cpl_async.bulk.parsing.services import age_code, service_codes


@pytest.mark.parametrize(
    ("text", "number", "currency"),
    [
        ("1249", "1249", ""),
        ("1249.50", "1249.50", ""),
        ("1249,50", "1249.50", ""),
        ("1 249,50", "1249.50", ""),
        ("1\u00a0249,50", "1249.50", ""),
        ("1\u2009249", "1249", ""),
        ("1\u202f249\u202f000,5", "1249000.5", ""),
        ("1.249,50", "1249.50", ""),
        ("1,249.50", "1249.50", ""),
        ("1,249,500", "1249500", ""),
        ("1.249.500", "1249500", ""),
        ("1'249.50", "1249.50", ""),
        ("0,125", "0.125", ""),
        ("12345,125", "12345.125", ""),
        ("1249,-", "1249", ""),
        ("1249,--", "1249", ""),
        ("1 249,- Kč", "1249", "CZK"),
        ("1249 Kč", "1249", "CZK"),
        ("49,90 €", "49.90", "EUR"),
        ("€49.90", "49.90", "EUR"),
        ("CZK 1249", "1249", "CZK"),
        ("219,00 zł", "219.00", "PLN"),
        ("18990 Ft.", "18990", "HUF"),
        ("499 korun", "499", "CZK"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, number: str, currency: str) -> None:
    found, unit = amount(text)
    assert (str(found), unit) == (number, currency)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,249", "two ways: write 1249 or 1.249"),
        ("1.249", "two ways: write 1249 or 1.249"),
        ("12,500", "two ways: write 12500 or 12.5"),
        ("1,24,9", "is no number"),
        ("1 24", "is no number"),
        ("1.2.3,4", "is no number"),
        ("a lot", "is no number"),
        ("1249 bananas", "is no number"),
        ("1249 abc", "is no number"),
        ("-5", "must not be negative"),
        ("-5,00 Kč", "must not be negative"),
        ("1,5E+12", "lost its last digits"),
        ("1" * 16, "is no number"),
    ],
)
def test_amounts_that_may_be_two_or_none_are_refused(text: str, words: str) -> None:
    with pytest.raises(AmbiguousValue, match=words):
        amount(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0,75", "0.75"), ("1.250", "1.250"), ("2 kg", "2"), ("0,75kg", "0.75"), ("750 g", "0.75"), ("1 250 g", "1.25")],
)
def test_weights_are_kilograms_unless_they_say_grams(text: str, number: str) -> None:
    assert weight(text) == Decimal(number)


def test_grams_are_rounded_up_to_what_the_api_takes() -> None:
    assert weight("751", per_kilogram=1000) == Decimal("0.76")


def test_parcels_are_whole_numbers() -> None:
    assert [parcel_count(text) for text in ("3", "3.0", "3,00")] == [3, 3, 3]
    with pytest.raises(AmbiguousValue):
        parcel_count("1.5")


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+420777000001", "SK", "+420777000001"),
        ("+420 777 000 001", "CZ", "+420777000001"),
        ("777 000 001", "CZ", "+420777000001"),
        ("777\u00a0000\u00a0001", "CZ", "+420777000001"),
        ("tel.: 777 000 001", "CZ", "+420777000001"),
        ("777000001.0", "CZ", "+420777000001"),
        ("420777000001", "CZ", "+420777000001"),
        ("00420777000001", "DE", "+420777000001"),
        ("4,20777000001E+11", "CZ", "+420777000001"),
        ("0905 123 456", "SK", "+421905123456"),
        ("905 123 456", "SK", "+421905123456"),
        ("02/1234 5678", "SK", "+421212345678"),
        ("(+420) 777 000 001", "CZ", "+420777000001"),
        ("777 000 001 (manžel)", "CZ", "+420777000001"),
        ("777 000 001 - manžel", "CZ", "+420777000001"),
        ("'777000001", "CZ", "+420777000001"),
        ("+421 (0) 905 123 456", "SK", "+421905123456"),
        ("600 700 800", "PL", "+48600700800"),
        ("06 30 123 4567", "HU", "+36301234567"),
        ("0151 12345678", "DE", "+4915112345678"),
        ("0664/1234567", "AT", "+436641234567"),
        ("0721 234 567", "RO", "+40721234567"),
        ("777 000 001", "SK", "777 000 001"),  # no Slovak number begins with 7: nothing is certain
        ("0905 123 456", "CZ", "0905 123 456"),
        ("15112345678", "DE", "15112345678"),
        ("777 000 001", "XX", "777 000 001"),
    ],
)
def test_telephone_numbers_get_a_certain_country_code(text: str, country: str, number: str) -> None:
    assert telephone(text, country) == number


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4,20777E+11", "lost its last digits"),
        ("call me", "no telephone"),
        ("777 000 001, 608 000 001", "no telephone"),
        ("+420 77", "5 digits with its country"),
    ],
)
def test_telephone_numbers_without_their_digits_are_refused(text: str, words: str) -> None:
    with pytest.raises(AmbiguousValue, match=words):
        telephone(text, "CZ")


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("11000", "CZ", "11000"),
        ("110 00", "CZ", "11000"),
        ("110\u00a000", "CZ", "11000"),
        ("CZ-110 00", "CZ", "11000"),
        ("cz 11000", "CZ", "11000"),
        ("11000.0", "CZ", "11000"),
        ("1001", "SK", "01001"),
        ("010 01", "SK", "01001"),
        ("1001.0", "SK", "01001"),
        ("SK-010 01", "SK", "01001"),
        ("1069", "DE", "01069"),
        ("D-01069", "DE", "01069"),
        ("A-1010", "AT", "1010"),
        ("30833", "RO", "030833"),
        ("118", "IT", "00118"),
        ("110-00", "CZ", "11000"),
        ("11000 Praha 1", "CZ", "11000"),
        ("'11000", "CZ", "11000"),
        ("30-059", "PL", "30-059"),
        ("SW1A 1AA", "GB", "SW1A 1AA"),
        ("1234 AB", "NL", "1234 AB"),
        ("123", "DE", "123"),  # not ours to say what it is
    ],
)
def test_postcodes_are_mended_where_their_country_is_known(text: str, country: str, code: str) -> None:
    assert postcode(text, country) == code


@pytest.mark.parametrize(
    ("text", "country", "words"),
    [("1001", "CZ", "four digits.*none begins with 0"), ("1100O", "CZ", "no postcode"), ("1", "SK", "no postcode")],
)
def test_postcodes_that_are_certainly_none_are_refused(text: str, country: str, words: str) -> None:
    with pytest.raises(AmbiguousValue, match=words):
        postcode(text, country)


def test_countries_are_known_by_code_and_name() -> None:
    names = ("CZ", "cz", "Česko", "ČESKÁ REPUBLIKA", "Czech Republic", "ČR")
    assert {country_code(name) for name in names} == {"CZ"}
    assert country_code("Slovenská republika") == country_code("SR") == "SK"
    names = ("CZE", "Česko (CZ)", "Czechia (Czech Republic)", "Tschechische Republik", "Csehország", "Czechy")
    assert {country_code(name) for name in names} == {"CZ"}
    names = ("Deutschland", "SVK", "UK", "Österreich", "Węgry", "Francúzsko")
    assert [country_code(name) for name in names] == ["DE", "SK", "GB", "AT", "HU", "FR"]
    for name in ("Atlantis", "Česko (SK)", "XYZ"):
        with pytest.raises(AmbiguousValue, match="no country that is known"):
            country_code(name)


@pytest.mark.parametrize("text", ["2026-11-25", "25.11.2026", "25. 11. 2026", "25/11/2026", "2026-11-25 00:00:00"])
def test_a_day_is_read_in_the_ways_that_people_write_it(text: str) -> None:
    assert delivery_day(text).isoformat() == "2026-11-25T00:00:00+01:00"


@pytest.mark.parametrize(
    ("text", "words"),
    [("5/6/2026", "two ways: write 2026-06-05"), ("31.11.2026", "no day of the calendar"), ("soon", "no date")],
)
def test_a_day_that_may_be_two_or_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(AmbiguousValue, match=words):
        delivery_day(text)


def test_services_and_ages_are_codes() -> None:
    assert service_codes("SATD, frag;MORN") == ["SATD", "FRAG", "MORN"]
    with pytest.raises(AmbiguousValue, match="'SATURDAY' is no code"):
        service_codes("Saturday")
    assert [age_code(text) for text in ("18", "18+", "A18", "a15", "ne", "0")] == [
        "A18",
        "A18",
        "A18",
        "A15",
        None,
        None,
    ]
    with pytest.raises(AmbiguousValue, match="says no age"):
        age_code("ano")


@pytest.mark.parametrize(
    ("text", "found"), [("2026-00001", "2026-00001"), ("2,026E+3", "2026"), ("2.026E+3", "2026"), ("1E5", "1E5")]
)
def test_what_no_spreadsheet_has_damaged_is_left_as_it_is(text: str, found: str) -> None:
    assert without_damage(text) == found


def test_a_reference_whose_digits_are_lost_is_refused() -> None:
    with pytest.raises(AmbiguousValue, match="format the column as text"):
        without_damage("2,02600001E+12")
