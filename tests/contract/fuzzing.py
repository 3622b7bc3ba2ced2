"""Responses that no well-behaved server sends: cut bodies, values of every JSON type in every place of every schema."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from typing import Any

import orjson
from attrs import field, frozen

from ..hostile import response
from . import Operation, operations
from .responses import full

__all__ = ["Case", "cases"]

TEXTS = [
    "", " ", "0", "-1", "1.5", "1e20", "1e+20", "1e999999999", "-1e-999999999", "NaN", "Infinity", "-Infinity", "٣",
    "1_000",
    "true", "null", "[]", "{}", "x" * 3000, "1" * 5000, "\0", "\x1b]0;x\x07", "\u202e", "\ufeff", "e\u0301",
    "\u200b", "\U0010ffff",
    "2026-11-30", "2026-02-30T00:00:00", "2026-11-30T10:00:00", "2026-11-30T25:00:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-14:00", "2026-10-25T02:30:00", "2026-11-30T10:00:00+99:99", "2026-W01-1", "24:00",
    "24:00:00",
    "99:99", "10:00:00+02:00", "//host/x", "http://[::1", "https://", "http://127.0.0.1:1/x", "file:///etc/passwd",
    "../..", "%",
    "Complete", "complete", "Error", "Delivered", "Canceled", "CZ", "CZK", "150", "450",
]  # fmt: skip
NUMBERS = [
    b"0", b"-0", b"-0.0", b"1", b"-1", b"1.5", b"1e20", b"1E+400", b"-1e400", b"1e-400", b"9223372036854775807",
    b"9223372036854775808", b"18446744073709551615", b"18446744073709551616", b"-9223372036854775809", b"1" * 400,
    b"0.1" + b"0" * 400,
    b"91", b"-91", b"1e15",
]  # fmt: skip
OTHERS = [
    b"null", b"true", b"false", b"[]", b"{}", b"[null]", b"[[]]", b"[{}]", b'{"a":1}', b'{"":null}', b'[1,"a",null,{}]',
    b"[" * 500 + b"]" * 500, b'{"a":' * 500 + b"1" + b"}" * 500, b"[" * 100_000, b"NaN", b"Infinity",
    b'"\\ud800"', b'"\xff"', b"'a'",
    b"01", b"/* */1", b"undefined",
]  # fmt: skip
ERROR_STATUSES = [
    300,
    302,
    304,
    400,
    401,
    403,
    404,
    408,
    409,
    413,
    418,
    422,
    429,
    451,
    500,
    501,
    502,
    503,
    504,
    599,
    600,
    999,
]
GOOD_STATUSES = [200, 200, 200, 201, 202, 203, 204, 205, 206, 226, 299]
ODD_STATUSES = ["000 x", "099 x", "101 Switching Protocols", "1000 x", "-1 x", "abc x", "20 x", "200", ""]
HEADERS = {
    "Location": ["", " ", "x", "/", "//", "?", "..", "/a/..", "http://[::1", "https://h/shipment/batch/b-1/",
        "x" * 7000, "a\tb", "ř"],
    "Retry-After": ["0", "-1", "1e9", "9" * 400, "soon", "Thu, 99 Foo 9999 99:99:99 GMT",
        "Mon, 01 Jan 0001 00:00:00 -2359",
                    "Fri, 31 Dec 9999 23:59:59 GMT", "٣", " , , ", "Mon", "1, 2"],
    "X-Paging-Total-Items-Count": ["0", "-1", "1e3", "9" * 30, "x", "", "٣", "1, 1"],
    "X-Paging-Limit": ["0", "-1", "9" * 30, "x", "1"],
    "X-Correlation-ID": ["", "x" * 5000, "\x85", "ř"],
    "Content-Type": ["", "text/html", "text/plain; charset=utf-16", "application/pdf", ";;;",
        "application/json; charset=nonsense"],
    "Content-Encoding": ["gzip", "deflate", "br", "zstd", "identity", "nonsense", "gzip, gzip"],
    "Transfer-Encoding": ["chunked", "gzip, chunked", "nonsense"],
    "Date": ["", "x", "Thu, 01 Jan 1970 00:00:00 GMT", "9" * 50],
    "Set-Cookie": ["a=b", "x" * 3000],
    "Connection": ["close", "keep-alive", "upgrade"],
    "X" * 200: ["y"],
}  # fmt: skip
MARK = "\ue000place\ue000"


@frozen(kw_only=True)
class Case:
    """One call, and the bytes that answer it."""

    operation: Operation
    raw: bytes = field(repr=False)
    what: str
    """What is odd about the response."""
    is_whole: bool
    """Whether the connection can go on after it."""


def cases(count: int, seed: int) -> Iterator[Case]:
    """Yield that many cases; the same seed gives the same ones. Each operation has its turn."""
    chance = random.Random(seed)
    known = list(operations().values())
    for number in range(count):
        yield _case(known[number % len(known)], chance)


def _case(operation: Operation, chance: random.Random) -> Case:
    status, is_error = _status(chance)
    body, what = _body(operation, is_error, chance)
    headers, odd = _headers(operation, chance)
    length: int | None = None
    is_whole = not odd
    if chance.random() < 0.15:
        cut = chance.randrange(len(body) + 1)
        what = f"cut after {cut} of {len(body)} bytes, {what}"
        if chance.random() < 0.5:
            length, is_whole = len(body), False
        body = body[:cut]
    elif chance.random() < 0.05:
        length, is_whole = chance.choice([0, 1, 10**15, -1, len(body) - 1, len(body) + 1]), False
        what = f"Content-Length {length}, {what}"
    if "gzip" in odd and chance.random() < 0.8:
        body = gzip.compress(body, 1)[: None if chance.random() < 0.5 else chance.randrange(20)]
    raw = response(body, status=status, headers=headers, length=length)
    return Case(operation=operation, raw=raw, what=f"{status}, {what}{odd}", is_whole=is_whole)


def _status(chance: random.Random) -> tuple[str, bool]:
    kind = chance.random()
    if kind < 0.7:
        return f"{chance.choice(GOOD_STATUSES)} Good", False
    if kind < 0.98:
        return f"{chance.choice(ERROR_STATUSES)} Bad", True
    return chance.choice(ODD_STATUSES), False


def _headers(operation: Operation, chance: random.Random) -> tuple[list[str], str]:
    if chance.random() < 0.75:
        return (["Location: https://h.example/shipment/batch/b-1"] if operation.method == "POST" else []), ""
    names = chance.sample(list(HEADERS), chance.randint(1, 3))
    headers = [f"{name}: {chance.choice(HEADERS[name])}" for name in names]
    return headers, f", {'; '.join(header[:60] for header in headers)}"


def _body(operation: Operation, is_error: bool, chance: random.Random) -> tuple[bytes, str]:
    schema = {"$ref": "#/components/schemas/ProblemJson"} if is_error else operation.answer
    if schema is None or chance.random() < 0.05:
        body = chance.choice([b"", b" ", b"done", b"<html><title>Hi", b"%PDF-1.4", chance.randbytes(50), *OTHERS])
        return body, f"body {body[:30]!r}"
    data = full(schema)
    if isinstance(data, list) and chance.random() < 0.3:
        data = data[0]  # an object in place of a list
    what = []
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        path, data = _replaced(data, chance)
        what.append(path)
    body = orjson.dumps(data)
    for _ in what:
        body = body.replace(orjson.dumps(MARK), _value(chance), 1)
    return body, f"odd values at {', '.join(what)}"


def _replaced(data: Any, chance: random.Random) -> tuple[str, Any]:
    """Return the path of a random place, and the data with a mark in it."""
    places = list(_places(data))
    path, holder, key = chance.choice(places)
    if holder is None:
        return "the whole", MARK
    if isinstance(holder, dict) and chance.random() < 0.1:
        del holder[key]
        return f"{path} (missing)", data
    holder[key] = MARK
    return path, data


def _places(data: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if not path:
        yield "", None, None
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        where = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"
        yield where, data, key
        yield from _places(value, where)


def _value(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.5:
        return orjson.dumps(chance.choice(TEXTS))
    return chance.choice(NUMBERS) if kind < 0.7 else chance.choice(OTHERS)
