"""A redactor finds and hides secrets in external text in all their encodings."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

import orjson

from ..system.secret_values import HIDDEN, HiddenText

__all__ = ["Redactor"]

MAX_FORMS = 16
"""Maximum number of decoded forms of a text that are searched, for a few nested encodings."""
MAX_PASSES = 8
MAX_RUNS = 4
"""Maximum number of nested layers of Base64."""
MAX_DEPTH = 100
MIN_ENCODED_LENGTH = 6
"""Minimum length of a secret that is also searched as Base64 and hexadecimal digits: shorter ones occur by chance."""
BASE64 = "[A-Za-z0-9+/=_-]"
RUN = re.compile(BASE64 + "{8,}")
HEXADECIMAL = re.compile("[0-9a-fA-F]+")
STANDARD = str.maketrans("-_", "+/")
LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
ENTITY = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}));?")
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)


class Redactor:
    """Redactor of secrets in texts, JSON data and bodies."""

    __slots__ = ("_encoded", "_values")

    def __init__(self, secrets: Iterable[str]) -> None:
        """Prepare the search.

        :param secrets: Secrets to hide. Empty ones are ignored.
        """
        values = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._values = tuple(HiddenText(value) for value in values)
        self._encoded = tuple(
            HiddenText(text) for value in values if len(value) >= MIN_ENCODED_LENGTH for text in _encodings(value)
        )

    def text(self, text: str) -> str:
        """Return a text without the secrets.

        If a secret is found only in a decoded form of the text, that form is returned.
        """
        for _ in range(MAX_PASSES):
            cleaned = next((clean for form in _forms(text) if (clean := self._cleaned(form)) != form), None)
            if cleaned is None:
                return text
            text = cleaned
        return HIDDEN

    def data(self, data: Any, depth: int = 0) -> Any:
        """Return JSON data without the secrets. Names and numbers are searched too."""
        if depth > MAX_DEPTH:
            return HIDDEN
        if isinstance(data, dict):
            return {self.text(str(name)): self.data(value, depth + 1) for name, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self.data(value, depth + 1) for value in data]
        if isinstance(data, str):
            return self.text(data)
        is_number = isinstance(data, (int, float)) and not isinstance(data, bool)
        return HIDDEN if is_number and self._cleaned(str(data)) != str(data) else data

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers without the secrets."""
        return {self.text(name): self.text(value) for name, value in headers.items()}

    def body(self, body: bytes) -> bytes:
        """Return a body without the secrets: as JSON if it is JSON, unchanged if it contains none."""
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            text = body.decode("utf-8", "replace")
            cleaned = self.text(text)
            return body if cleaned == text else cleaned.encode()
        clean = self.data(data)
        return body if clean == data else orjson.dumps(clean)

    def _cleaned(self, text: str, depth: int = 0) -> str:
        """Return a text without the secrets that need no decoding except Base64."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        for code in self._encoded:
            if code in text:  # with the surrounding characters of the same encoding
                text = re.sub(rf"{BASE64}*{re.escape(code)}{BASE64}*", HIDDEN, text)
        if depth == MAX_RUNS:
            return text
        return RUN.sub(lambda run: HIDDEN if self._is_inside(run[0], depth + 1) else run[0], text)

    def _is_inside(self, run: str, depth: int) -> bool:
        """Return whether a run of Base64 or hexadecimal digits contains a secret in some encoding."""
        code = run.translate(STANDARD).replace("=", "")
        contents = [_decoded(code[offset:]) for offset in range(4)]  # other characters may precede it
        if len(run) % 2 == 0 and HEXADECIMAL.fullmatch(run):
            contents.append(bytes.fromhex(run))
        forms = (form for content in contents for form in _forms(content.decode("utf-8", "replace")))
        return any(self._cleaned(form, depth) != form for form in forms)


def _encodings(value: str) -> set[str]:
    """Return the forms of a secret inside Base64, at each offset, and in hexadecimal digits."""
    data = value.encode("utf-8", "surrogatepass")
    found = {data.hex(), data.hex().upper()}
    for offset in range(3):
        code = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
        # The first and the last character also depend on the neighbouring bytes.
        core = code[-(-offset * 8 // 6) : None if (offset + len(data)) % 3 == 0 else -1]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return found


def _decoded(code: str) -> bytes:
    """Return the decoded bytes of Base64 without padding."""
    code = code[:-1] if len(code) % 4 == 1 else code
    return base64.b64decode(code + "=" * (-len(code) % 4))


def _forms(text: str) -> Iterable[str]:
    """Yield a text and its form after each combination of decodings."""
    forms = {text: None}
    waiting = [text]
    while waiting:
        form = waiting.pop(0)
        yield form
        for decode in DECODERS:
            if len(forms) < MAX_FORMS and (decoded := decode(form)) not in forms:
                forms[decoded] = None
                waiting.append(decoded)


def _unescaped(text: str) -> str:
    """Decode the escapes of JSON and of Python."""
    if "\\" not in text:
        return text
    decoded = ESCAPE.sub(
        lambda found: chr(int(found[1] or found[2], 16)) if found[3] is None else LETTERS.get(found[3], found[3]), text
    )
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _numbered(text: str) -> str:
    """Decode numeric entities to their characters; `html.unescape` skips some of them."""
    if "&#" not in text:
        return text
    return ENTITY.sub(lambda found: _character(int(found[1], 16) if found[1] else int(found[2])), text)


def _character(code: int) -> str:
    return chr(code) if code < 0xD800 or 0xE000 <= code < 0x110000 else "\ufffd"


def _without_nulls(text: str) -> str:
    """Decode text that was probably UTF-16, by removing its null characters."""
    return text.replace("\0", "")


def _joined(text: str) -> str:
    """Remove line breaks, which Base64 in a mail has."""
    return re.sub(r"=?\r?\n[ \t]*", "", text) if "\n" in text else text


DECODERS: tuple[Callable[[str], str], ...] = (
    _unescaped,
    _numbered,
    html.unescape,
    unquote,
    unquote_plus,
    _without_nulls,
    _joined,
)
