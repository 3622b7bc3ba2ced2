"""Translations of the catalogue, from the compiled files of gettext."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from types import MappingProxyType

from .catalogue import CATALOGUE

__all__ = ["DOMAIN", "LANGUAGES", "texts", "translated"]

DOMAIN = "messages"
LANGUAGES = ("en", "cs")


@cache
def translated(code: str, language: str) -> str:
    """Return the template of a message in a language; English is the source.

    :param code: Code in the catalogue.
    :param language: One of :data:`LANGUAGES`.
    """
    template = CATALOGUE.get(code, code.replace("{", "{{").replace("}", "}}"))
    return template if language == "en" else _translations(language).pgettext(code, template)


@cache
def texts(area: str, language: str) -> Mapping[str, str]:
    """Return the templates of an area of the catalogue by the rest of their codes.

    :param area: First part of the codes, e.g. ``report``.
    :param language: One of :data:`LANGUAGES`.
    """
    start = f"{area}."
    return MappingProxyType(
        {code.removeprefix(start): translated(code, language) for code in CATALOGUE if code.startswith(start)}
    )


@cache
def _translations(language: str) -> GNUTranslations:
    compiled = files("cpl_async.messages") / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with compiled.open("rb") as file:
        return GNUTranslations(file)
