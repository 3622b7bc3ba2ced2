"""Translations of the catalogue, from the compiled files of gettext."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations
from importlib.resources import files

from .catalogue import CATALOGUE

__all__ = ["DOMAIN", "LANGUAGES", "translated"]

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
def _translations(language: str) -> GNUTranslations:
    compiled = files(__package__) / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with compiled.open("rb") as file:
        return GNUTranslations(file)
