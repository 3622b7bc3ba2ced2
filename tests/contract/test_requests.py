"""What the SDK sends, caught at a socket, is what the contract says, for each of its operations."""

from __future__ import annotations

import inspect
import re
import sys
import typing
from collections.abc import AsyncIterator
from email.parser import BytesParser
from typing import Any, Unpack, get_type_hints
from urllib.parse import parse_qsl, unquote

import orjson
import pytest
from hypothesis import HealthCheck, Phase, find, settings
from jsonschema import Draft202012Validator, FormatChecker

import cpl_async
from cpl_async import Client
from cpl_async.models.codec import wire_name

from . import Operation, operations, property_paths, resolved, schema_of, value_paths
from .building import good
from .server import Caught, Server, serving

CHEAP = settings(database=None, max_examples=50, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
CUSTOM_HEADERS = {"correlation_id": "corr-1", "language": "en-GB", "log_level": "Debug"}
BODY_IS_A_MAPPING = {"customer.create_number_range": {"product": "PRIV", "count": 10}}
"""Where the contract knows no field, the SDK takes a mapping."""


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


def call_of(client: Client, operation: Operation) -> Any:
    """Return the SDK's call for an operation, by its name alone; there is no table to keep."""
    family, _, name = operation.id.partition(".")
    return getattr(getattr(client, family), name)


def hints_of(call: Any) -> dict[str, Any]:
    """Return the types of a call's arguments; those of a typed mapping of filters one by one."""
    known = {name: getattr(cpl_async, name) for name in cpl_async.__all__}
    module = vars(sys.modules[call.__func__.__module__])
    hints = get_type_hints(call, globalns={**known, "Unpack": Unpack, **module}, include_extras=True)
    hints.pop("return", None)
    for name in [name for name, hint in hints.items() if typing.get_origin(hint) is Unpack]:
        mapping = typing.get_args(hints.pop(name))[0]
        hints |= get_type_hints(mapping, globalns=module | known)
    return {
        name: hint for name, hint in hints.items() if name not in ("priority", "timeout", "tries", "write_deadline")
    }


def snake(name: str) -> str:
    name = name[:1].lower() + name[1:]
    return re.sub("([A-Z])", lambda letter: "_" + letter[1].lower(), name)


def value_for(schema: dict[str, Any], name: str) -> Any:
    """Return a value that a parameter's schema takes."""
    schema = resolved(schema)
    if "anyOf" in schema:
        schema = resolved(schema["anyOf"][0])
    kind = schema.get("type")
    if "enum" in schema:
        return schema["enum"][-1]
    if kind == "array":
        return [value_for(schema["items"], name), value_for(schema["items"], name)]
    if kind in ("integer", "number"):
        return schema.get("minimum", 7) if kind == "integer" else 49.5
    if kind == "boolean":
        return True
    return {"uuid": "6d0a5c1e-40a1-4d3a-9f3e-5a0d5f4c0b11"}.get(schema.get("format", ""), f"{name} é/?&")


def arguments_of(operation: Operation, call: Any) -> dict[str, Any]:
    """Return arguments that use all that the operation has: values from the contract, models by their types."""
    hints = hints_of(call)
    named = {snake(p["name"]): p for p in operation.parameters if p["in"] != "header"}
    arguments: dict[str, Any] = dict(CUSTOM_HEADERS) if "correlation_id" in hints else {}
    if operation.id in BODY_IS_A_MAPPING:
        return arguments | {"request": BODY_IS_A_MAPPING[operation.id]}
    for name, hint in hints.items():
        if name in CUSTOM_HEADERS:
            continue
        parameter = named.get(name) or (named.get("data_guid") if name == "source" else None)
        if parameter is None:
            arguments[name] = find(good(hint, complete=True), lambda value: value is not None, settings=CHEAP)
        elif parameter["schema"].get("format") == "date-time":
            arguments[name] = find(good(hint), lambda value: value is not None, settings=CHEAP)
        else:
            arguments[name] = value_for(parameter["schema"], parameter["name"])
    if operation.id == "shipments.add_documents":
        arguments["files"] = [("invoice.pdf", b"%PDF-1.4"), ("list.txt", b"one")]
    if operation.id == "shipment_batches.connect_set":
        arguments["shipment_numbers"] = ["40900000001", "40900000002"]
    return arguments


def problems_with(operation: Operation, caught: Caught) -> list[str]:
    """Return each way in which a request is not what the contract says."""
    problems: list[str] = []
    pattern = re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(operation.path).replace(r"\{", "{").replace(r"\}", "}"))
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    path = re.fullmatch("/base" + pattern, caught.path)
    if caught.method != operation.method or path is None:
        return [f"{caught.method} {caught.path} is not {operation.method} {operation.path}"]
    names = {p["name"] for p in operation.parameters if p["in"] == "query"}
    problems += [f"query {name} is not in the contract" for name, _ in caught.query if name not in names]
    for parameter in operation.parameters:
        name, schema = parameter["name"], resolved(parameter["schema"])
        found = {
            "query": [value for key, value in caught.query if key == name],
            "path": [unquote(path[name])] if parameter["in"] == "path" else [],
            "header": [value for key, value in caught.headers.items() if key.lower() == name.lower()],
        }[parameter["in"]]
        if parameter.get("required") and not found:
            problems.append(f"{name} is missing")
        many = schema.get("type") == "array"
        value = [read(text, resolved(schema["items"])) for text in found] if many else None
        for checked in [value] if many else [read(text, schema) for text in found]:
            problems += [f"{name}: {e.message}" for e in validator(schema).iter_errors(checked)]
        if not many and len(found) > 1:
            problems.append(f"{name} is repeated")
    return problems + body_problems(operation, caught)


def read(text: str, schema: dict[str, Any]) -> Any:
    kinds: dict[str, Any] = {"integer": int, "number": float, "boolean": {"true": True, "false": False}.get}
    return kinds.get(schema.get("type", ""), str)(text)


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema_of(schema), format_checker=FormatChecker())


def body_of(caught: Caught) -> Any:
    """Return a body as data: JSON, a form, or a form with files."""
    kind = caught.headers.get("Content-Type", "")
    if kind == "application/json":
        return orjson.loads(caught.body)
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(caught.body.decode()))
    if kind.startswith("multipart/form-data"):
        message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + caught.body)
        form: dict[str, list[str]] = {}
        for part in typing.cast("list[Any]", message.get_payload()):
            name = part.get_param("name", header="Content-Disposition")
            form.setdefault(name, []).append(part.get_payload(decode=True).decode())
        return form
    return None


def body_problems(operation: Operation, caught: Caught) -> list[str]:
    if operation.body is None:
        return (
            [] if not caught.body and "Content-Type" not in caught.headers else ["a body that is not in the contract"]
        )
    kind, schema = operation.body
    if not caught.body and not operation.spec["requestBody"].get("required"):
        return []
    if not caught.headers.get("Content-Type", "").startswith(kind):
        return [f"the body is {caught.headers.get('Content-Type')}, not {kind}"]
    return [f"body {e.json_path}: {e.message}" for e in validator(schema).iter_errors(body_of(caught))]


def unused_parts(operation: Operation, caught: Caught) -> set[str]:
    """Return parameters and properties of the contract that the SDK gives no way to send."""
    sent = {name for name, _ in caught.query} | {name.lower() for name in caught.headers}
    unused = {p["name"] for p in operation.parameters if p["in"] == "query" and p["name"] not in sent}
    unused |= {p["name"] for p in operation.parameters if p["in"] == "header" and p["name"].lower() not in sent}
    if operation.body is not None:
        unused |= set(property_paths(operation.body[1])) - set(value_paths(body_of(caught)))
    return unused


@pytest.mark.parametrize("name", sorted(operations()))
async def test_a_request_with_all_fields_meets_the_contract(server: Server, name: str) -> None:
    operation = operations()[name]
    if operation.answer is not None:
        server.answer([] if resolved(operation.answer).get("type") == "array" else {})
    else:
        server.answer(status=operation.good_status, Location="/order/batch/6d0a5c1e-40a1-4d3a-9f3e-5a0d5f4c0b11")
    async with Client(client_id="a", client_secret="b", base_url=server.base_url) as client:
        call = call_of(client, operation)
        arguments = arguments_of(operation, call)
        rounds = [arguments]
        if name == "orders.cancel":  # it takes one of the two, so it needs two calls to use everything
            rounds = [
                {k: v for k, v in arguments.items() if k != out} for out in ("customer_reference", "order_reference")
            ]
        caught = []
        for chosen in rounds:
            await call(**chosen)
            caught.append(next(c for c in reversed(server.caught) if name.startswith("login") or "login" not in c.path))
    for request in caught:
        assert problems_with(operation, request) == []
    left = set.intersection(*(unused_parts(operation, request) for request in caught))
    assert left == set()


@pytest.mark.parametrize("name", sorted(operations()))
async def test_a_request_that_uses_little_is_what_the_contract_says(server: Server, name: str) -> None:
    operation = operations()[name]
    server.answer(
        None if operation.answer is None else [] if resolved(operation.answer).get("type") == "array" else {},
        status=operation.good_status,
        Location="/x/6d0a5c1e-40a1-4d3a-9f3e-5a0d5f4c0b11",
    )
    async with Client(client_id="a", client_secret="b", base_url=server.base_url) as client:
        call = call_of(client, operation)
        needed = {
            parameter.name
            for parameter in inspect.signature(call).parameters.values()
            if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
        }
        if name == "orders.cancel":
            needed = {"order_reference"}
        arguments = {key: value for key, value in arguments_of(operation, call).items() if key in needed}
        if name == "shipments.redirect":
            arguments["phone"] = "+420777000000"
        await call(**arguments)
        caught = next(c for c in reversed(server.caught) if name.startswith("login") or "login" not in c.path)
    assert problems_with(operation, caught) == []


def test_names_follow_one_rule() -> None:
    client = Client(client_id="a", client_secret="b")
    for operation in operations().values():
        hints = hints_of(call_of(client, operation))
        for parameter in operation.parameters:
            if parameter["in"] == "query":
                assert snake(parameter["name"]) in hints, (operation.id, parameter["name"])
                assert wire_name(snake(parameter["name"])).lower() == parameter["name"].lower()
