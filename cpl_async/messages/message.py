"""A message: a code with parameters, rendered in a language only where a person reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from .catalogue import CATALOGUE
from .translation import translated

__all__ = ["Message", "Param", "dump_messages", "load_messages", "message", "text_of"]

SEPARATOR = "; "
HIDDEN = "…"
ROW_VALUES = frozenset(
    (
        *("amount", "correlation_id", "first", "key", "line", "number", "numbers", "payment", "reference"),
        *("row", "second", "timestamp", "value"),
    )
)
"""Names of parameters that hold values of one row."""
QUOTED = re.compile(r"'[^']*'")
VALUE_IN_TEXT = re.compile(r"\b\d{5,}\b")
MAX_REASON_LENGTH = 200


@frozen
class Message:
    """A message as data: programs act on its code, people read its text."""

    code: str
    """Code in the catalogue, e.g. ``cell.empty``."""
    params: Mapping[str, Param] = field(factory=dict)
    """Values of the message: texts, numbers, or messages again."""
    column: str = ""
    """Column or field that the message is about, or an empty text for a whole row."""

    def __str__(self) -> str:
        return self.text()

    def __hash__(self) -> int:
        return hash((self.code, self.column, tuple(sorted(self.params.items()))))

    def text(self, language: str = "en") -> str:
        """Return the text of the message, without its column.

        :param language: ``en`` or ``cs``. Default: ``en``.
        """
        params = {name: _rendered(value, language) for name, value in self.params.items()}
        return translated(self.code, language).format(**params)

    def of(self, column: str) -> Message:
        """Return the same message about a column."""
        return evolve(self, column=column)

    def without_values(self, *hidden: str) -> Message:
        """Return the message without the values of one row, so that equal reasons are equal.

        :param hidden: Texts that are left out of the carrier's own text, e.g. the reference of the row.
        """
        params = {name: _hidden(name, value, hidden) for name, value in self.params.items()}
        if "text" in params and self.code != "carrier.text":
            params["text"] = HIDDEN
        return evolve(self, params=params)

    def to_json(self) -> dict[str, Any]:
        """Return the message as JSON can hold it."""
        params = {name: _as_json(value) for name, value in self.params.items()}
        named = {"code": self.code, "column": self.column, "params": params}
        return {name: value for name, value in named.items() if value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Message:
        """Return the message that :meth:`to_json` has stored."""
        params = {name: _from_json(value) for name, value in stored.get("params", {}).items()}
        return cls(stored["code"], params, stored.get("column", ""))


Param: TypeAlias = str | int | float | Message | tuple[Message, ...]
"""Value of a message: a text, a number, or messages."""


def message(code: str, /, **params: Param | Iterable[Message]) -> Message:
    """Return a message.

    :param code: Code in the catalogue.
    :param params: Its values; their names stand in the catalogue.
    :raises KeyError: There is no such code.
    """
    if code not in CATALOGUE:
        raise KeyError(code)
    return Message(
        code,
        {
            name: value if isinstance(value, str | int | float | Message) else tuple(value)
            for name, value in params.items()
        },
    )


def text_of(messages: Iterable[Message], language: str = "en", heading: Callable[[str], str] = str) -> str:
    """Return the text of several messages, each with its column before it.

    :param messages: Messages.
    :param language: ``en`` or ``cs``. Default: ``en``.
    :param heading: Returns the name of a column in the file. Default: the name of the column.
    """
    parts = []
    for each in messages:
        text = each.text(language)
        parts.append(f"{heading(each.column)}: {text}" if each.column else text)
    return SEPARATOR.join(parts)


def dump_messages(messages: Iterable[Message]) -> str:
    """Return messages as the journal stores them, or an empty text for none."""
    stored = [each.to_json() for each in messages]
    return json.dumps(stored) if stored else ""  # in ASCII: a database takes neither NUL nor half a character


def load_messages(stored: str) -> tuple[Message, ...]:
    """Return the messages that :func:`dump_messages` has stored.

    :raises ValueError: The text is damaged.
    """
    if not stored:
        return ()
    try:
        return tuple(Message.from_json(each) for each in json.loads(stored))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a list of messages: {error}") from None


def _hidden(name: str, value: Param, hidden: tuple[str, ...]) -> Param:
    if isinstance(value, Message):
        return value.without_values(*hidden)
    if isinstance(value, tuple):
        return tuple(each.without_values(*hidden) for each in value)
    if name in ROW_VALUES:
        return HIDDEN
    if isinstance(value, str):
        for text in filter(None, hidden):
            value = value.replace(text, HIDDEN)
        return VALUE_IN_TEXT.sub(HIDDEN, QUOTED.sub(f"'{HIDDEN}'", value))[:MAX_REASON_LENGTH]
    return value


def _rendered(value: Param, language: str) -> str | int | float:
    if isinstance(value, Message):
        return value.text(language)
    if isinstance(value, tuple):
        return text_of(value, language)
    return value


def _as_json(value: Param) -> Any:
    if isinstance(value, Message):
        return {"message": value.to_json()}
    if isinstance(value, tuple):
        return [each.to_json() for each in value]
    return value


def _from_json(value: Any) -> Param:
    if isinstance(value, dict):
        return Message.from_json(value["message"])
    if isinstance(value, list):
        return tuple(Message.from_json(each) for each in value)
    return value  # type: ignore[no-any-return]  # a text or a number
