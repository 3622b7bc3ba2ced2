"""``--trace``: prints each exchange with the server, without secrets and with personal data masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ..plain_text import plain
from ..transport.tracing import ExchangeTrace
from .output import say

__all__ = ["masked", "print_exchange"]

MAX_SHOWN_LENGTH = 20_000
"""Maximum characters of a body that are printed."""
PERSONAL = frozenset({
    "contact", "phone", "email", "note", "iban", "account", "accountPre", "bankAccount", "swift", "delivPerson",
    "codVarSym", "codVariableSymbol", "specSymbol", "specificSymbol",
})  # fmt: skip
"""Fields and query parameters with data about a person or a bank account."""
OF_ADDRESS = frozenset({
    "name", "name2", "street", "fullStreet", "houseNumber", "referenceNumber", "place", "city", "zipCode"
})  # fmt: skip
"""The same, if they belong to an address: a code list has names too."""
PLACE = frozenset({"street", "city", "zipCode"})
SECRET = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})


def print_exchange(seen: ExchangeTrace) -> None:
    """Print a request and its response in the form that the carrier's support needs."""
    again = f", request {seen.attempt} of this call" if seen.attempt > 1 else ""
    lines = [f">>> {seen.method} {_masked_query(seen.url)}  ({seen.operation}{again})"]
    lines += _headers(seen.sent_headers)
    lines += _body(seen.sent, seen.sent_type)
    if seen.status is None:
        lines.append(f"<<< no answer after {seen.seconds:.3f} s: {seen.error}")
    else:
        lines.append(f"<<< {seen.status} after {seen.seconds:.3f} s")
        lines += _headers(seen.headers)
        lines += _body(seen.body, seen.content_type)
    say("\n".join([*lines, ""]))


def _headers(headers: Mapping[str, str]) -> list[str]:
    return [f"    {name}: {'***' if name.lower() in SECRET else plain(value)}" for name, value in headers.items()]


def _body(body: bytes, content_type: str) -> list[str]:
    if not body:
        return []
    if "json" not in content_type:
        kind = content_type or "no named type"
        text = body[:200].decode("utf-8", "replace") if content_type.startswith("text/") else ""
        return ["", f"    ({len(body):,} bytes of {kind})", *(f"    {line}" for line in text.splitlines())]
    try:
        text = orjson.dumps(masked(orjson.loads(body)), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return ["", f"    ({len(body):,} bytes of {content_type} that cannot be read)"]
    shown = text[:MAX_SHOWN_LENGTH]
    lines = ["", *(f"    {line}" for line in shown.splitlines())]
    return (
        [*lines, f"    … and {len(text) - MAX_SHOWN_LENGTH:,} characters more"]
        if len(text) > MAX_SHOWN_LENGTH
        else lines
    )


def masked(data: Any, name: str = "") -> Any:
    """Return JSON with personal texts masked: letters as x, digits as 0, so that form and length stay visible.

    :param name: Name of the field that holds the data. Default: empty.
    """
    if isinstance(data, dict):
        names = {key: _field(key) for key in data}
        is_address = not PLACE.isdisjoint(names.values())
        return {
            key: _shape(value)
            if is_address and names[key] in OF_ADDRESS and isinstance(value, str)
            else masked(value, names[key])
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [masked(value, name) for value in data]
    if name in PERSONAL and isinstance(data, str):
        return _shape(data)
    return data


def _shape(text: str) -> str:
    return "".join("0" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in text)


def _masked_query(url: str) -> str:
    address, mark, query = url.partition("?")
    parts = []
    for part in query.split("&") if mark else []:
        name, equals, value = part.partition("=")
        parts.append(f"{name}{equals}{'***' if _field(name) in PERSONAL | OF_ADDRESS else value}")
    return address + mark + "&".join(parts)


def _field(name: str) -> str:
    return name[:1].lower() + name[1:]
