"""The language of the output: from an option, from the settings, or from the system."""

from __future__ import annotations

import os
from collections.abc import Callable

import click

__all__ = ["LANGUAGES", "NAMES", "language_option", "of_server"]

LANGUAGES = ("en", "cs")
OF_SERVER = {"en": "en-GB", "cs": "cs-CZ"}
"""Language of server messages, so that all output is in one language."""
NAMES = click.Choice((*LANGUAGES, *OF_SERVER.values()), case_sensitive=False)
"""Each language by its name and by the server's name of it, for every command."""
OF_SYSTEM = ("LC_ALL", "LC_MESSAGES", "LANG")


def language_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option. Default: ``CPL_LANGUAGE``, else the system's language, else English."""

    def chosen(_: click.Context, __: click.Parameter, told: str | None) -> str:
        return told[:2].lower() if told else _of_environment()

    option = click.option(
        "--language",
        type=NAMES,
        callback=chosen,
        help="Of summary, report, protocol and the carrier's words; else CPL_LANGUAGE, else the system's language.",
    )
    return option(command)


def of_server(name: str) -> str:
    """Return the server's name of a language; a language that this library does not support is returned unchanged."""
    return OF_SERVER.get(name[:2].lower(), name)


def _of_environment() -> str:
    system = next((value for name in OF_SYSTEM if (value := os.environ.get(name))), "")
    for text in (os.environ.get("CPL_LANGUAGE", ""), system):
        if (short := text.strip().lower()[:2]) in LANGUAGES:
            return short
    return "en"
