"""The countries by their codes and their Czech, Slovak, English and native names."""

from __future__ import annotations

import re

from .text import fold

__all__ = ["country_code"]

CODE = re.compile(r"[A-Z]{2}")
LETTERS = re.compile(r"[A-Za-z]{2}")
NAMES = {
    "AT": "Rakousko Rakúsko Austria Österreich",
    "BE": "Belgie Belgicko Belgium België",
    "BG": "Bulharsko Bulgaria",
    "CH": "Švýcarsko Švajčiarsko Switzerland Schweiz",
    "CZ": "Česko,Česká republika,Czechia,Czech Republic,The Czech Republic,ČR,Tschechien,Czechy",
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


def country_code(text: str) -> str:
    """Return the two-letter code of a country, or the text itself if it is unknown."""
    if CODE.fullmatch(text):
        return CODE_OF.get(fold(text), text) if text in ("SR", "CR") else text
    found = CODE_OF.get(fold(text))
    if found is None and LETTERS.fullmatch(text):
        return text.upper()
    return found or text
