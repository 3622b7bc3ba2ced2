"""Parsing of requests and validation against the contract."""

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
    """Validated parameters and body of a request."""

    query: Mapping[str, Any] = field(factory=dict)
    """Query parameters by the contract's names, converted to the contract's types."""
    body: Any = None

    def value(self, name: str) -> Any:
        """Return a query parameter, or ``None`` if it is missing."""
        return self.query.get(name)

    def text(self, name: str) -> str:
        """Return a query parameter as text; empty if it is missing."""
        return str(self.query.get(name) or "")

    def values(self, name: str) -> list[Any]:
        """Return the values of a list parameter; empty if it is missing."""
        return list(self.query.get(name) or [])


PARSED = web.RequestKey("parsed", ParsedRequest)
OPERATION = web.RequestKey("operation", str)
"""Operation id of the contract."""


def header_text(request: web.Request, name: str) -> str:
    """Return a header as encodable text; undecodable bytes are replaced."""
    return request.headers.get(name, "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def read_form(request: web.Request) -> dict[str, str]:
    """Return the fields of a form; empty if the body is not a valid form."""
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    try:
        return {name: str(value) for name, value in (await request.post()).items()}
    except (LookupError, ValueError):  # an unknown charset, or undecodable bytes
        return {}


def not_found_problem(request: web.Request, czech: str, english: str) -> web.Response:
    """Return the response for a missing object: 404 if the contract has that status, otherwise 400."""
    has_404 = 404 in _operation(request[OPERATION])["statuses"]
    return problem_response(404 if has_404 else 400, translator_for(request)(czech, english))


async def read_request(operation: str, request: web.Request, translate: Translator) -> tuple[ParsedRequest, Errors]:
    """Return the parsed request, and its errors by path of the field.

    :param operation: Operation id of the contract.
    :param request: Request to read.
    :param translate: Translator of the messages.
    """
    specification = _operation(operation)
    errors: Errors = {}
    query: dict[str, Any] = {}
    query_texts: dict[str, list[str]] = {}
    for name, value in request.query.items():
        query_texts.setdefault(name.lower(), []).append(value)
    for parameter in specification["parameters"]:
        name = parameter["name"]
        if parameter["in"] == "query":
            texts = query_texts.get(name.lower(), [])
        elif parameter["in"] == "path":
            texts = [request.match_info[name]]
        else:
            texts = [header_text(request, name)] if name in request.headers else []
        if not texts:
            if parameter["required"]:
                errors[name] = [translate("Parametr je povinný.", "The parameter is required.")]
            continue
        value, message = _value(operation, parameter, texts, translate)
        if message:
            errors[name] = [message]
        elif parameter["in"] == "query":
            query[name] = value
    body, body_errors = await _body(operation, specification["body"], request, translate)
    return ParsedRequest(query=query, body=body), errors | body_errors


def _value(operation: str, parameter: dict[str, Any], texts: list[str], translate: Translator) -> tuple[Any, str]:
    """Return the value of a parameter and an error message, which is empty for a valid value."""
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
    operation: str, specification: dict[str, Any] | None, request: web.Request, translate: Translator
) -> tuple[Any, Errors]:
    if specification is None or specification["type"] != JSON:  # forms are read by their handlers
        return None, {}
    content = await request.read()
    if not content:
        return None, {"": [translate("Chybí tělo požadavku.", "The body is missing.")]} if specification[
            "required"
        ] else {}
    if request.content_type != JSON:
        return None, {"": [translate("Tělo musí být application/json.", "The body must be application/json.")]}
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None, {"": [translate("Neplatný JSON.", "The body is not JSON.")]}
    errors: Errors = {}
    for error in _leaves(_validator(operation, "").iter_errors(body)):
        path = _path(error.instance_path)
        name = _missing_property(error)
        field_path = f"{path}.{name}".lstrip(".") if name else path
        errors.setdefault(field_path, []).append(_message(error, translate))
    return body, errors


def _leaves(errors: Any) -> Iterator[Any]:
    """Yield the specific errors: for "one of", those of the first alternative."""
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


def _missing_property(error: Any) -> str:
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
    """Return the validator of a parameter, or of the body if the name is empty."""
    specification = _operation(operation)
    schemas = (entry["schema"] for entry in specification["parameters"] if entry["name"] == parameter)
    schema = next(schemas) if parameter else specification["body"]["schema"]
    root = {**schema, "components": {"schemas": _contract()["schemas"]}}
    return jsonschema_rs.Draft202012Validator(root, validate_formats=True, formats=FORMATS)
