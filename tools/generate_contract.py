"""Generate the schemas of the sandbox from the contract; ``--check`` fails if they are stale.

The contract is kept once, as ``tests/contract/cpl-openapi.yaml``. The sandbox needs its parameters, bodies and statuses
as JSON that loads fast.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import yaml
from generated_file import ROOT, run

SOURCE = ROOT / "tests" / "contract" / "cpl-openapi.yaml"
TARGET = ROOT / "cpl_async" / "sandbox" / "data" / "contract.json"
LEFT_OUT = ("x-", "description", "summary", "example")


def json_schema(part: Any) -> Any:
    """Return a part of the contract as JSON Schema: ``nullable`` becomes a type, descriptions are left out."""
    if isinstance(part, list):
        return [json_schema(item) for item in part]
    if not isinstance(part, dict):
        return part
    schema = {key: json_schema(value) for key, value in part.items() if not str(key).startswith(LEFT_OUT)}
    bits = {"int32": 31, "int64": 63}.get(schema.get("format", "") if schema.get("type") == "integer" else "")
    if bits:
        schema = {"minimum": -(2**bits), "maximum": 2**bits - 1} | schema
    if schema.pop("nullable", False):
        if isinstance(schema.get("type"), str):
            return schema | {"type": [schema["type"], "null"]}
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def generated() -> str:
    """Return the text of the generated file."""
    contract = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    operations = {}
    for path, methods in contract["paths"].items():
        for method, spec in methods.items():
            body = spec.get("requestBody", {})
            content = next(iter(body.get("content", {}).items()), None)
            operations[spec["operationId"]] = {
                "method": method.upper(),
                "path": path,
                "statuses": sorted(int(status) for status in spec["responses"]),
                "parameters": [
                    {
                        "name": parameter["name"],
                        "in": parameter["in"],
                        "required": parameter.get("required", False),
                        "schema": json_schema(parameter["schema"]),
                    }
                    for parameter in spec.get("parameters", [])
                ],
                "body": content
                and {
                    "type": content[0],
                    "required": bool(body.get("required")),
                    "schema": json_schema(content[1]["schema"]),
                },
            }
    schemas = json_schema(contract["components"]["schemas"])
    data = {"generated": f"from {SOURCE.relative_to(ROOT)} by tools/generate_contract.py, do not edit"}
    return json.dumps(data | {"operations": operations, "schemas": schemas}, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(run(lambda: {TARGET: generated()}, __doc__))
