"""``cpl lookup``: each list is a table for people and JSON for programs."""

from __future__ import annotations

import json

import pytest

from cpl_async.sandbox import Sandbox

from .conftest import Runner, access_to, asked


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("points", "--near", "28002 Kolín", "--count", "2"), "Kolín"),
        (("points", "--near", "Náměstí 1, Brno", "--type", "ParcelBox"), "ParcelBox"),
        (("points", "--position", "50.0875,14.4213"), "Praha"),
        (("address", "Husova 12", "--city", "koli"), "Husova 12/"),
        (("codelist", "products"), "Parcel CZ Private"),
        (("codelist", "countries", "--language", "cs-CZ"), "Slovensko"),
        (("codelist", "service-price-limits"), "INSR"),
        (("customer",), "Hlavní sklad"),
        (("route", "cz", "--zip", "28002"), "CZ-"),
        (("news",), "made up"),
        (("info",), "CPL sandbox"),
    ],
)
def test_each_lookup_has_a_table_and_json(cpl: Runner, server: Sandbox, arguments: tuple[str, ...], words: str) -> None:
    assert words in cpl(*arguments, access=access_to(server)).stdout
    assert words in json.dumps(asked(cpl, server, *arguments), ensure_ascii=False)
    assert words in cpl(*arguments, "--sandbox").stdout
