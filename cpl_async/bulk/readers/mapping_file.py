"""The file with a shop's own names for columns, carriers and payments."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from ..._nearest import nearest
from ..parsing.column_mapping import ItemLines, ShippingRule, ShopMapping
from ..parsing.columns import COLUMNS
from ..parsing.text import fold
from .header import column_named
from .raw_row import InputError

__all__ = ["load_mapping", "mapping_of"]

TABLES = ("columns", "carriers", "payments", "defaults", "values", "rows", "items")
UNREAD = ("", "-", "ignore")


def load_mapping(file: Path) -> ShopMapping:
    """Return the names in a TOML file, or in a JSON file by its ending.

    :raises InputError: It cannot be read, or has an unknown entry.
    """
    return mapping_of(_tables(file), file)


def mapping_of(data: Mapping[str, Any], file: Path) -> ShopMapping:
    """Return the names in the tables of a file.

    :param file: The file, for messages.
    :raises InputError: There is an unknown entry.
    """
    for table in data:
        if table not in TABLES:
            raise _unknown(f"{file} has an unknown table [{table}]", table, TABLES)
    for table, content in data.items():
        if not isinstance(content, dict):
            raise InputError(f"{file}: [{table}] is no table of names")
    return ShopMapping(
        columns={fold(name): _column(file, name, value) for name, value in data.get("columns", {}).items()},
        headings=tuple(data.get("columns", {})),
        carriers={name: _way(file, "carriers", name, value) for name, value in data.get("carriers", {}).items()},
        payments={name: _way(file, "payments", name, value) for name, value in data.get("payments", {}).items()},
        defaults=dict(_default(file, name, value) for name, value in data.get("defaults", {}).items()),
        values={fold(name): _texts(file, name, value) for name, value in data.get("values", {}).items()},
        **_row_options(file, data.get("rows", {})),
        items=_item_lines(file, data["items"]) if "items" in data else None,
        mark=hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).digest(),
    )


def _tables(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        data = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(f"the file of names {file} cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the file of names {file} is not readable: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f"the file of names {file} holds no tables; they are {', '.join(TABLES)}")
    return data


def _texts(file: Path, heading: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise InputError(f'{file}: [values] {heading!r} must be like {{"text in the file" = "text to read"}}')
    return dict(value)


def _row_options(file: Path, table: Mapping[str, object]) -> dict[str, Any]:
    """Return the fields of a mapping that the table ``[rows]`` sets."""
    kinds: dict[str, tuple[type, str]] = {
        "heading": (int, "the row of the heading, from 1"),
        "footer": (list, "a list of texts that the rows below the data hold"),
        "derive_country": (bool, "true or false"),
    }
    for name, value in table.items():
        if name not in kinds:
            raise _unknown(f"{file}: [rows] has an unknown key {name}", name, kinds)
        kind, wanted = kinds[name]
        if not isinstance(value, kind) or (value is True and kind is int):
            raise InputError(f"{file}: [rows] {name} must be {wanted}")
    heading: Any = table.get("heading")
    if heading is not None and heading < 1:
        raise InputError(f"{file}: [rows] heading must be at least 1")
    footer: Any = table.get("footer", [])
    return {
        "heading_row": heading,
        "footer": tuple(map(str, footer)),
        "derives_country": bool(table.get("derive_country", False)),
    }


def _item_lines(file: Path, table: Mapping[str, object]) -> ItemLines:
    known = [field.name for field in attrs.fields(ItemLines)]
    for name, value in table.items():
        if name not in known:
            raise _unknown(f"{file}: [items] has an unknown key {name}", name, known)
        if not isinstance(value, str) or not value:
            raise InputError(f"{file}: [items] {name} must be text in quotes")
    if missing := [name for name in known if name not in table]:
        raise InputError(f"{file}: [items] lacks {', '.join(missing)}")
    return ItemLines(**{name: str(value) for name, value in table.items()})


def _column(file: Path, heading: str, value: object) -> str:
    if not isinstance(value, str):
        raise InputError(f"{file}: [columns] {heading!r} must be the name of a column in quotes")
    if value in UNREAD:
        return ""
    return _known_column(file, "columns", value)


def _known_column(file: Path, table: str, name: str) -> str:
    column = name if name in COLUMNS else column_named(name)
    if column is None:
        raise _unknown(f"{file}: [{table}] names an unknown column {name!r}", name, COLUMNS)
    return column


def _way(file: Path, table: str, name: str, value: object) -> ShippingRule:
    where = f"{file}: [{table}] {name!r}"
    if isinstance(value, str) and table == "carriers":
        return ShippingRule(product=_product(where, value))
    if isinstance(value, bool) and table == "payments":
        return ShippingRule(cash_on_delivery=value)
    if not isinstance(value, dict):
        wanted = '"PRIV" or {pickup_point = true}' if table == "carriers" else "{cash_on_delivery = true}"
        raise InputError(f"{where} must be like {wanted}")
    known = [field.name for field in attrs.fields(ShippingRule)]
    for key, content in value.items():
        if key not in known:
            raise _unknown(f"{where} has an unknown key {key}", key, known)
        if key == "product":
            _product(where, content)
        elif not isinstance(content, bool):
            raise InputError(f"{where}: {key} must be true or false")
    return ShippingRule(**value)


def _product(where: str, code: object) -> str:
    if not isinstance(code, str) or not 1 <= len(code) <= 4 or not code.isalnum() or code != code.upper():
        raise InputError(f"{where}: {code!r} is no product code (four capital letters, e.g. PRIV)")
    return code


def _default(file: Path, name: str, value: object) -> tuple[str, str]:
    column = _known_column(file, "defaults", name)
    if column == "reference_id":
        raise InputError(f"{file}: [defaults] {name}: no two rows may have the same reference")
    if isinstance(value, bool):
        return column, "yes" if value else "no"
    if not isinstance(value, (str, int, float)):
        raise InputError(f"{file}: [defaults] {name} must be text in quotes or a number")
    return column, str(value)


def _unknown(words: str, name: str, known: Iterable[str] | Mapping[str, str]) -> InputError:
    names = list(known)
    near = nearest(name, names)
    return InputError(words + (f"; did you mean {near}?" if near else f"; known are {', '.join(names)}"))
