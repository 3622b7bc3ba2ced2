"""Reads what a request asks for and holds it against the contract: parameters, and the body's form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
from aiohttp import web
from attrs import field, frozen

from .data_files import load_json
from .problems import Translator, problem_response, translator_for

__all__ = [
    "OPERATION",
    "PARSED",
    "Errors",
    "ParsedRequest",
    "header_text",
    "not_found_problem",
    "read_form",
    "read_request",
]

Errors = dict[str, list[str]]
JSON = "application/json"
FORMATS: dict[str, Callable[[Any], bool]] = {"date-span": lambda text: _is_time(text)}


@frozen(kw_only=True)
class ParsedRequest:
    """What a request asks for."""

    query: Mapping[str, Any] = field(factory=dict)
    """By the contract's names; values are of the contract's types, lists always lists."""
    body: Any = None

    def value(self, name: str) -> Any:
        """Return a value of the query, or ``None``."""
        return self.query.get(name)

    def text(self, name: str) -> str:
        """Return a text of the query; empty without one."""
        return str(self.query.get(name) or "")

    def values(self, name: str) -> list[Any]:
        """Return the values of a list in the query."""
        return list(self.query.get(name) or [])


PARSED = web.RequestKey("asked", ParsedRequest)
OPERATION = web.RequestKey("operation", str)
"""The contract's id of what is asked for."""


def header_text(request: web.Request, name: str) -> str:
    """Return a header as text that can be written again, whatever bytes it was sent with."""
    return request.headers.get(name, "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def read_form(request: web.Request) -> dict[str, str]:
    """Return the fields of a form; none where the body is no form that can be read."""
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    try:
        return {name: str(value) for name, value in (await request.post()).items()}
    except (LookupError, ValueError):  # an unknown charset, or bytes that are not in it
        return {}


def not_found_problem(request: web.Request, czech: str, english: str) -> web.Response:
    """Return the answer for what there is not: 404 where the contract has that status, else 400."""
    known = 404 in _operation(request[OPERATION])["statuses"]
    return problem_response(404 if known else 400, translator_for(request)(czech, english))


async def read_request(operation: str, request: web.Request, translate: Translator) -> tuple[ParsedRequest, Errors]:
    """Return what a request asks for, and what is wrong with it by the path of each field."""
    known = _operation(operation)
    errors: Errors = {}
    query: dict[str, Any] = {}
    given: dict[str, list[str]] = {}
    for name, value in request.query.items():
        given.setdefault(name.lower(), []).append(value)
    for parameter in known["parameters"]:
        name = parameter["name"]
        if parameter["in"] == "query":
            texts = given.get(name.lower(), [])
        elif parameter["in"] == "path":
            texts = [request.match_info[name]]
        else:
            texts = [header_text(request, name)] if name in request.headers else []
        if not texts:
            if parameter["required"]:
                errors[name] = [translate("Parametr je povinný.", "The parameter is required.")]
            continue
        value, wrong_value = _value(operation, parameter, texts, translate)
        if wrong_value:
            errors[name] = [wrong_value]
        elif parameter["in"] == "query":
            query[name] = value
    body, wrong = await _body(operation, known["body"], request, translate)
    return ParsedRequest(query=query, body=body), errors | wrong


def _value(operation: str, parameter: dict[str, Any], texts: list[str], translate: Translator) -> tuple[Any, str]:
    """Return the value of a parameter, or what is wrong with it."""
    schema = parameter["schema"]
    kind = _resolved(schema).get("type")
    value: Any
    if kind == "array":
        inner = _resolved(_resolved(schema)["items"]).get("type")
        value = [_typed(text, inner) for text in texts]
    else:
        if len(texts) > 1:
            return None, translate("Parametr se smí uvést jen jednou.", "The parameter may be given once only.")
        value = _typed(texts[0], kind)
    validator = _validator(operation, parameter["name"])
    return value, next((_message(error, translate) for error in _leaves(validator.iter_errors(value))), "")


def _typed(text: str, kind: str | None) -> Any:
    try:
        if kind == "integer" and text.lstrip("-").isascii() and text.lstrip("-").isdigit():
            return int(text)
        if kind == "number" and not text.strip().lower().lstrip("+-").startswith(("n", "i")):
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}.get(text.lower(), text)
    except ValueError:
        return text
    return text


async def _body(
    operation: str, known: dict[str, Any] | None, request: web.Request, translate: Translator
) -> tuple[Any, Errors]:
    if known is None or known["type"] != JSON:  # forms are read by their own families
        return None, {}
    content = await request.read()
    if not content:
        return None, {"": [translate("Chybí tělo požadavku.", "The body is missing.")]} if known["required"] else {}
    if request.content_type != JSON:
        return None, {"": [translate("Tělo musí být application/json.", "The body must be application/json.")]}
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None, {"": [translate("Neplatný JSON.", "The body is not JSON.")]}
    errors: Errors = {}
    for error in _leaves(_validator(operation, "").iter_errors(body)):
        path = _path(error.instance_path)
        name = _missing(error)
        where = f"{path}.{name}".lstrip(".") if name else path
        errors.setdefault(where, []).append(_message(error, translate))
    return body, errors


def _leaves(errors: Any) -> Iterator[Any]:
    """Yield the errors that say something: below "one of" those of the form that was meant."""
    for error in errors:
        context = getattr(error.kind, "context", None)
        if context:
            yield from _leaves(context[0])
        else:
            yield error


def _path(parts: list[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _missing(error: Any) -> str:
    kind = error.kind
    return str(kind.property) if type(kind).__name__.endswith("Required") else ""


def _message(error: Any, translate: Translator) -> str:
    name = type(error.kind).__name__.rpartition("_")[2]
    limit = getattr(error.kind, "limit", None)
    texts = {
        "Required": ("Pole je povinné.", "The field is required."),
        "MinLength": ("Pole je povinné.", "The field is required."),
        "MaxLength": (f"Nejvýše {limit} znaků.", f"At most {limit} characters."),
        "Minimum": (f"Hodnota je nejméně {limit}.", f"The value is at least {limit}."),
        "Maximum": (f"Hodnota je nejvýše {limit}.", f"The value is at most {limit}."),
        "MinItems": ("Seznam je prázdný.", "The list is empty."),
        "MaxItems": (f"Nejvýše {limit} hodnot.", f"At most {limit} values."),
        "Enum": ("Neznámá hodnota.", "Unknown value."),
        "Pattern": ("Neplatný tvar.", "The form is not valid."),
        "Format": ("Neplatný tvar.", "The form is not valid."),
        "Type": ("Neplatný typ hodnoty.", "The value is of the wrong type."),
    }
    return translate(*texts.get(name, ("Neplatná hodnota.", "The value is not valid.")))


def _is_time(text: str) -> bool:
    hour, _, rest = text.partition(":")
    minute, _, second = rest.partition(":")
    parts = [hour, minute, *([second] if second or rest.count(":") else [])]
    if not all(len(part) == 2 and part.isascii() and part.isdigit() for part in parts) or len(parts) < 2:
        return False
    return int(parts[0]) < 24 and all(int(part) < 60 for part in parts[1:])


@cache
def _contract() -> dict[str, Any]:
    return load_json("contract.json")


def _operation(name: str) -> dict[str, Any]:
    return dict(_contract()["operations"][name])


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = _contract()["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


@cache
def _validator(operation: str, parameter: str) -> Any:
    """Return what checks a parameter, or the body where no parameter is named."""
    known = _operation(operation)
    named = (part["schema"] for part in known["parameters"] if part["name"] == parameter)
    schema = next(named) if parameter else known["body"]["schema"]
    whole = {**schema, "components": {"schemas": _contract()["schemas"]}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, formats=FORMATS)
