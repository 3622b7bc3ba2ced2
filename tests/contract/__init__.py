"""The API's contract, a copy of its own for the tests, and what it says of each operation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from attrs import field, frozen

__all__ = [
    "FILE",
    "Operation",
    "body_schema",
    "contract",
    "operations",
    "property_paths",
    "resolved",
    "schema_of",
    "value_paths",
]

FILE = Path(__file__).parent / "cpl-openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch")


@frozen(kw_only=True)
class Operation:
    """One operation of the contract."""

    id: str
    method: str
    path: str
    spec: dict[str, Any] = field(repr=False)

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Parameters in path, query and headers."""
        return list(self.spec.get("parameters", []))

    @property
    def body(self) -> tuple[str, dict[str, Any]] | None:
        """Content type and schema of the request's body."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return next(((kind, media["schema"]) for kind, media in content.items()), None)

    @property
    def answer(self) -> dict[str, Any] | None:
        """Schema of a good answer; ``None`` where there is no body of known form."""
        for status, response in self.spec["responses"].items():
            if status.startswith("2"):
                content = response.get("content", {})
                schema = next((media["schema"] for media in content.values()), None)
                return None if schema is None or schema.get("format") == "binary" else schema
        return None

    @property
    def good_status(self) -> int:
        """Status of a good answer."""
        return next(int(status) for status in self.spec["responses"] if status.startswith("2"))


@cache
def contract() -> dict[str, Any]:
    """Return the contract, parsed."""
    text = FILE.read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


@cache
def operations() -> dict[str, Operation]:
    """Return all operations by their id."""
    return {
        spec["operationId"]: Operation(id=spec["operationId"], method=method.upper(), path=path, spec=spec)
        for path, methods in contract()["paths"].items()
        for method, spec in methods.items()
        if method in METHODS
    }


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without a reference at its top; ``allOf`` of one is that one."""
    while True:
        if "$ref" in schema:
            schema = contract()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif len(schema.get("allOf", ())) == 1:
            schema = schema["allOf"][0]
        else:
            return schema


def body_schema(name: str) -> dict[str, Any]:
    """Return a schema of the contract as JSON Schema, in which a property that it does not name is an error."""
    return schema_of({"$ref": f"#/components/schemas/{name}"})


def schema_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return any schema of the contract as JSON Schema, in which a property that it does not name is an error."""
    schemas = {key: _strict(value) for key, value in contract()["components"]["schemas"].items()}
    return {**_strict(schema), "components": {"schemas": schemas}}


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items()}
    if "properties" in strict and isinstance(strict["properties"], dict):
        strict.setdefault("additionalProperties", False)
    if strict.pop("nullable", False):
        if isinstance(strict.get("type"), str):
            strict["type"] = [strict["type"], "null"]
        else:
            strict = {"anyOf": [strict, {"type": "null"}]}
    return strict


def property_paths(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of each property below a schema: ``shipments[].recipient.zipCode``."""
    schema = resolved(schema)
    if schema.get("type") == "array":
        yield from property_paths(schema["items"], path + "[]")
    for name, part in schema.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        yield where
        yield from property_paths(part, where)


def value_paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each property in a value, in the form of :func:`property_paths`."""
    if isinstance(value, list):
        for item in value:
            yield from value_paths(item, path + "[]")
    elif isinstance(value, dict):
        for name, part in value.items():
            where = f"{path}.{name}" if path else name
            yield where
            yield from value_paths(part, where)
