"""The API's contract, a copy of its own for the tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["body_schema", "contract"]


@cache
def contract() -> dict[str, Any]:
    """Return the contract, parsed."""
    text = (Path(__file__).parent / "cpl-openapi.yaml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def body_schema(name: str) -> dict[str, Any]:
    """Return a schema of the contract as JSON Schema, in which a property that it does not name is an error."""
    schemas = {key: _strict(value) for key, value in contract()["components"]["schemas"].items()}
    return {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items()}
    if "properties" in strict:
        strict.setdefault("additionalProperties", False)
    if strict.pop("nullable", False) and isinstance(strict.get("type"), str):
        strict["type"] = [strict["type"], "null"]
    return strict
