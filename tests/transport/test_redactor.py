"""Secret and token are found in whatever spelling a server repeats them: in errors, logs and traces."""

from __future__ import annotations

import base64
import html
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpl_async import Client, CplError
from cpl_async.transport.redaction import Redactor
from cpl_async.transport.tracing import TRACER, ExchangeTrace

from ..hostile import HostileServer, hostile_server, response

SECRET = 'p&s+/w"rd= <é>1\\x'
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.a+b/c_d-e~"
Spelling = Callable[[str], str]
SPELLINGS: dict[str, Spelling] = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "every character escaped": lambda text: "".join(f"\\u{ord(letter):04X}" for letter in text),
    "escaped in small letters": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "plus and slash escaped": lambda text: text.replace("\\", "\\\\").replace("+", "\\u002B").replace('"', '\\"'),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[1:-1],
    "Python": lambda text: "".join(
        f"\\x{ord(letter):02x}" if ord(letter) < 256 else f"\\u{ord(letter):04x}" for letter in text
    ),
    "percent": lambda text: quote(text, safe=""),
    "percent in small letters": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "entities": html.escape,
    "decimal entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(letter):X};" for letter in text),
    "entities of entities": lambda text: html.escape(html.escape(text)),
    "percent of entities": lambda text: quote("".join(f"&#{ord(letter)};" for letter in text)),
    "entities in JSON": lambda text: json.dumps(html.escape(text))[1:-1],
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "Base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "Basic": lambda text: base64.b64encode(f"client:{text}".encode()).decode(),
    "Basic with another id": lambda text: base64.b64encode(f"client-2:{text}".encode()).decode(),
    "Basic with a third id": lambda text: base64.b64encode(f"client-id:{text}".encode()).decode(),
    "Base64 in a form": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "Base64 in lines": lambda text: base64.encodebytes(b"x" * 50 + text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "UTF-16": lambda text: "".join(f"{letter}\0" for letter in text),
}


def shows(text: str, spelt: str) -> bool:
    """Return whether a text shows a spelling of a secret, or half of it; also as JSON writes it."""
    half = len(spelt) // 2
    parts = (spelt[:half], spelt[half:])
    return any(part in text or json.dumps(part)[1:-1] in text for part in parts)


@pytest.mark.parametrize("secret", [SECRET, TOKEN, "geheim-4711", "heslo s mezerou"])
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_each_spelling_is_hidden(spelling: Spelling, secret: str) -> None:
    spelt = spelling(secret)
    shown = Redactor([secret]).text(f"The value {spelt} is wrong")
    assert not shows(shown, spelt)
    assert not shows(shown, secret)
    assert "***" in shown
    assert shown.startswith("The value")


FIXED = settings(derandomize=True, database=None, deadline=None, max_examples=300)
LETTERS = st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=["Cs"])


@FIXED
@given(st.text(LETTERS, min_size=6, max_size=30), st.lists(st.sampled_from(list(SPELLINGS)), min_size=1, max_size=2))
def test_spellings_inside_each_other_are_hidden(secret: str, names: list[str]) -> None:
    spelt = secret.encode("utf-8", "replace").decode()
    text = spelt
    for name in names:
        text = SPELLINGS[name](text)
    shown = Redactor([spelt]).text(f"<{text}>")
    assert spelt not in shown
    assert text not in shown


def test_what_holds_no_secret_stays_as_it_is() -> None:
    redactor = Redactor(["geheim", ""])
    for text in ("100 %41 &amp; \\u0041 + =", "a\nb", "", "%"):
        assert redactor.text(text) == text
    body = b'{ "a" : [1, 2.50, null, "&amp;\\u0041"] }'
    assert redactor.body(body) == body
    assert redactor.body(b"\xff\xfe%PDF") == b"\xff\xfe%PDF"


def test_json_stays_json_and_numbers_and_names_are_searched() -> None:
    redactor = Redactor(["12345678", "a b"])
    data = json.loads(redactor.body(b'{"a%20b": 1, "x": [12345678, "n\\u003d12345678", 5], "y": {"z": "a+b"}}'))
    assert data == {"***": 1, "x": ["***", "n=***", 5], "y": {"z": "***"}}


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with hostile_server() as running:
        yield running


def echo(spelt: str) -> list[bytes]:
    """Return responses that repeat a text in each place that an error or a trace shows."""
    title = json.dumps({"title": spelt, "detail": spelt, spelt: [spelt, {"a": spelt}], "instance": spelt})
    fields = json.dumps({"title": "Bad", "errors": {"shipments[0].note": [spelt], spelt: spelt}})
    plain = spelt.encode()
    header = spelt if spelt.isprintable() else "x"
    return [
        response(title.encode(), status="400 Bad"),
        response(fields.encode(), status="400 Bad"),
        response(b"x" * 490 + plain, status="400 Bad", headers=["Content-Type: text/plain"]),
        response(b"<html><title>" + plain + b"</title>", status="502 Bad", headers=["Content-Type: text/html"]),
        response(b"", status="500 Bad", headers=[f"X-Correlation-ID: {header}", f"X-Echo: {header}"]),
        response(title.encode(), headers=[f"X-Echo: {header}"]),
        response(plain, headers=["Content-Type: text/plain"]),
    ]


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
async def test_no_error_log_or_trace_shows_what_a_server_repeats(
    server: HostileServer, spelling: Spelling, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "cpl_async")
    seen: list[ExchangeTrace] = []
    told: list[Any] = []
    marker = TRACER.set(seen.append)
    login = {"access_token": TOKEN, "expires_in": 1800}
    server.login, server.keeps_open = response(json.dumps(login).encode(), headers=[f"X-Echo: {TOKEN}"]), True
    shown = []
    try:
        async with Client(
            client_id="c", client_secret=SECRET, base_url=server.base_url(), on_event=told.append
        ) as client:
            for secret in (SECRET, TOKEN):
                for raw in echo(spelling(secret)):
                    server.scripts["base"] = raw
                    try:
                        await client.shipment_batches.connect_set(["1", "2"])
                    except CplError as error:
                        shown += [str(error), repr(error.failure), repr(error.document), str(vars(error))]
    finally:
        TRACER.reset(marker)
    shown += [f"{one.url} {one.sent_headers} {one.headers} {one.body.decode()}" for one in seen]
    shown += [caplog.text, *(str(vars(record)) for record in caplog.records), repr(told)]
    assert len(seen) == 1 + 2 * len(echo(""))
    for text in shown:
        for secret in (SECRET, TOKEN):
            assert not shows(text, secret)
            assert not shows(text, spelling(secret))


async def test_the_log_of_a_retry_has_no_secret(
    server: HostileServer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    import stamina.instrumentation
    import structlog  # where it is installed, the library that keeps the waits writes to it

    assert structlog
    stamina.instrumentation.set_on_retry_hooks(None)
    caplog.set_level(logging.DEBUG)
    message = json.dumps({"title": "Jan Novák does not exist"}).encode()
    server.scripts["base"], server.keeps_open = response(message, status="503 Bad"), True
    async with Client(client_id="c", client_secret=SECRET, base_url=server.base_url()) as client:
        with pytest.raises(CplError, match="Jan Novák") as caught:
            await client.shipments.list(tries=2)
    captured = capfd.readouterr()
    shown = captured.out + captured.err + caplog.text
    assert server.calls == 2
    assert "Failed('ServerError')" in shown
    assert "Novák" not in shown
    assert caught.value.__cause__ is None
