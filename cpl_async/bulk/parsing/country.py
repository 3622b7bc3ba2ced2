"""The countries by their codes and their Czech, Slovak, English and native names."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from .ambiguous_value import AmbiguousValue
from .text import fold
from .whitespace import blanks_removed

__all__ = ["country_code", "derived_country"]

CODE = re.compile(r"[A-Z]{2}")
LETTERS = re.compile(r"[A-Za-z]{2}")
NAMES = {
    "AT": "Rakousko Rakúsko Austria Österreich",
    "BE": "Belgie Belgicko Belgium België",
    "BG": "Bulharsko Bulgaria",
    "CH": "Švýcarsko Švajčiarsko Switzerland Schweiz",
    "CZ": "Tschechische Republik,Česko,Česká republika,Czechia,Czech Republic,The Czech Republic,ČR,Tschechien,Czechy",
    "DE": "Německo,Nemecko,Germany,Deutschland,Spolková republika Německo",
    "DK": "Dánsko Denmark Danmark",
    "EE": "Estonsko Estónsko Estonia Eesti",
    "ES": "Španělsko Španielsko Spain España",
    "FI": "Finsko Fínsko Finland Suomi",
    "FR": "Francie Francúzsko France",
    "GB": "Velká Británie,Veľká Británia,Great Britain,United Kingdom,Spojené království",
    "GR": "Řecko Grécko Greece",
    "HR": "Chorvatsko Chorvátsko Croatia Hrvatska",
    "HU": "Maďarsko Hungary Magyarország",
    "IE": "Irsko Írsko Ireland",
    "IT": "Itálie Taliansko Italy Italia",
    "LT": "Litva Lithuania Lietuva",
    "LU": "Lucembursko Luxembursko Luxembourg",
    "LV": "Lotyšsko Latvia Latvija",
    "NL": "Nizozemsko,Holandsko,Netherlands,The Netherlands,Nederland",
    "PL": "Polsko Poľsko Poland Polska",
    "PT": "Portugalsko Portugal",
    "RO": "Rumunsko Romania România",
    "SE": "Švédsko Sweden Sverige",
    "SI": "Slovinsko Slovenia Slovenija",
    "SK": "Slovensko,Slovenská republika,Slovakia,Slovak Republic,SR,Slowakei,Słowacja",
}
CODE_OF = {fold(name): code for code, names in NAMES.items() for name in names.split("," if "," in names else " ")}


ALPHA_3 = {
    "AUT": "AT",
    "BEL": "BE",
    "BGR": "BG",
    "CHE": "CH",
    "CZE": "CZ",
    "DEU": "DE",
    "DNK": "DK",
    "EST": "EE",
    "ESP": "ES",
    "FIN": "FI",
    "FRA": "FR",
    "GBR": "GB",
    "GRC": "GR",
    "HRV": "HR",
    "HUN": "HU",
    "IRL": "IE",
    "ITA": "IT",
    "LTU": "LT",
    "LUX": "LU",
    "LVA": "LV",
    "NLD": "NL",
    "POL": "PL",
    "PRT": "PT",
    "ROU": "RO",
    "SWE": "SE",
    "SVN": "SI",
    "SVK": "SK",
    "UK": "GB",
    "EL": "GR",
}
"""Codes of three letters, and the two of two letters that are in use beside those of ISO 3166."""
OLD_CODES = {"SR": "SK", "CR": "CZ"}
IN_BRACKETS = re.compile(r"(.+?)\s*[(\[]([^()\[\]]+)[)\]]")
LANGUAGES = ("en", "cs", "sk", "de", "pl", "hu")


@lru_cache(maxsize=1024)
def country_code(text: str) -> str:
    """Return the two-letter code of a country; an empty text gives an empty code.

    :raises AmbiguousValue: The country is not known.
    """
    found = _code(text)
    if found is None and (parts := IN_BRACKETS.fullmatch(text)):
        outside, inside = map(_code, parts.groups())
        found = outside if outside == inside or inside is None else inside if outside is None else None
    if found is None:
        raise AmbiguousValue("country.unknown", text=text[:30])
    return found


def derived_country(currency: str, postcode: str, phone: str) -> str:
    """Return the country of a row without one, or an empty text if it is not certain.

    Postcodes of five digits begin with 1 to 7 in Czechia and with 0, 8 or 9 in Slovakia. Currency and telephone number
    must agree with them.
    """
    digits = blanks_removed(postcode)
    if not (len(digits) == 5 and digits.isdecimal()):
        return ""
    calling = next((code for code in ("420", "421") if phone.lstrip("+0").startswith(code)), "")
    is_abroad = phone.startswith(("+", "00")) and not calling
    if digits[0] in "1234567":
        return "CZ" if currency == "CZK" and calling != "421" and not is_abroad else ""
    return "SK" if currency == "EUR" and calling == "421" else ""


def _code(text: str) -> str | None:
    if not text or CODE.fullmatch(text):
        return OLD_CODES.get(text) or ALPHA_3.get(text, text)
    plain = fold(text)
    upper = text.strip(" .").upper()
    found = CODE_OF.get(plain) or ALPHA_3.get(upper)
    if found is None and LETTERS.fullmatch(text):
        return upper
    return found or _names_of_all_countries().get(plain)


@cache
def _names_of_all_countries() -> dict[str, str]:
    """Return folded name → code, in the languages of the countries around."""
    from babel import Locale

    return {
        fold(name): code
        for language in LANGUAGES
        for code, name in Locale(language).territories.items()
        if CODE.fullmatch(code)
    }
