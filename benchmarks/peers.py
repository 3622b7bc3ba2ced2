"""The models of this library in other libraries' form, field for field, so that all process the same data."""

from __future__ import annotations

import json
import operator
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache, partial, reduce
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import GenericAlias
from typing import Annotated, Any, get_args, get_type_hints

import attrs

from cpl_async.models.shipment_batches import CreateShipmentBatch, ShipmentBatchResult

__all__ = ["PEERS", "Contender", "is_there"]

CONTRACT = Path(__file__).parent.parent / "tests" / "contract" / "cpl-openapi.yaml"


@attrs.frozen
class Contender:
    """A way to do the work: encoding existing objects, or parsing bytes."""

    name: str
    encode: Callable[[], bytes]
    read: Callable[[], Any]


@attrs.frozen
class Field:
    """A field of a model as another library declares it. An optional field is ``None`` by default."""

    name: str
    type: Any
    required: bool


def is_there(package: str) -> bool:
    """Return whether a package can be imported."""
    return find_spec(package) is not None


def fields_of(kind: type, stands_for: Callable[[type], Any]) -> Iterator[Field]:
    """Yield the API's fields of a model, without the constraints that this library checks.

    :param stands_for: Function that returns the other library's counterpart of a class, or the class itself.
    """
    types = get_type_hints(kind)
    for field in attrs.fields(kind):
        if field.name == "unreadable":  # an attribute of this library, not of the API
            continue
        required = field.default is attrs.NOTHING
        theirs = _translated(types[field.name], stands_for)
        yield Field(field.name, theirs if required else theirs | None, required)


def _translated(kind: Any, stands_for: Callable[[type], Any]) -> Any:
    parts = tuple(_translated(part, stands_for) for part in get_args(kind))
    if not parts:
        return stands_for(kind)
    if len(parts) == 1:  # a list or a sequence: a union has two
        return GenericAlias(list, parts)
    return reduce(operator.or_, parts)


def with_msgspec(body: bytes, state: bytes) -> Contender:
    """Return msgspec's structs: names by ``rename``, ``None`` values left out, Decimal written as a number."""
    import msgspec

    @cache
    def struct_for(kind: type) -> Any:
        if not attrs.has(kind):
            return kind
        fields = [
            (field.name, field.type) if field.required else (field.name, field.type, None)
            for field in fields_of(kind, struct_for)
        ]
        return msgspec.defstruct(kind.__name__, fields, rename="camel", kw_only=True, omit_defaults=True)

    batch = msgspec.json.decode(body, type=struct_for(CreateShipmentBatch))
    encoder = msgspec.json.Encoder(decimal_format="number")
    decoder = msgspec.json.Decoder(struct_for(ShipmentBatchResult))
    return Contender(f"msgspec {version('msgspec')}", partial(encoder.encode, batch), partial(decoder.decode, state))


def with_pydantic(body: bytes, state: bytes) -> Contender:
    """Return pydantic's models, which write a Decimal as text: their default and fastest way."""
    return _with_pydantic(body, state, Decimal, f"pydantic {version('pydantic')}")


def with_pydantic_numbers(body: bytes, state: bytes) -> Contender:
    """Return pydantic's models that write a Decimal as a number, as in the contract."""
    from pydantic import PlainSerializer

    money = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
    return _with_pydantic(body, state, money, f"pydantic {version('pydantic')}, money as numbers")


def _with_pydantic(body: bytes, state: bytes, money: Any, name: str) -> Contender:
    """Return models with names by alias.

    The adapter's ``dump_json`` is faster than ``model_dump_json``, which returns a text that must still be encoded.
    """
    from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
    from pydantic.alias_generators import to_camel

    settings = ConfigDict(alias_generator=to_camel)

    @cache
    def model_for(kind: type) -> Any:
        if not attrs.has(kind):
            return money if kind is Decimal else kind
        fields: Any = {
            field.name: (field.type, ... if field.required else None) for field in fields_of(kind, model_for)
        }
        return create_model(kind.__name__, __config__=settings, **fields)

    adapter: TypeAdapter[BaseModel] = TypeAdapter(model_for(CreateShipmentBatch))
    batch = adapter.validate_json(body)
    encode = partial(adapter.dump_json, batch, by_alias=True, exclude_none=True)
    return Contender(name, encode, partial(model_for(ShipmentBatchResult).model_validate_json, state))


def with_generated(body: bytes, state: bytes) -> Contender:
    """Return the client that openapi-python-client generates from the contract; JSON as its httpx processes it."""
    models = _generated_models()
    batch = models.ShipmentBatchCreateShipmentBatch.from_dict(json.loads(body))

    def encode() -> bytes:
        return json.dumps(batch.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()

    def read() -> Any:
        return models.ShipmentBatchShipmentBatchResult.from_dict(json.loads(state))

    return Contender(f"openapi-python-client {version('openapi-python-client')}", encode, read)


def _generated_models() -> Any:
    """Generate the client, load all its models and delete the files."""
    tools = Path(sys.executable).parent
    name = "generated_cpl_client"
    with TemporaryDirectory() as folder:
        command = [str(tools / "openapi-python-client"), "generate", "--path", str(CONTRACT)]
        command += ["--output-path", str(Path(folder) / name), "--meta", "none"]
        path = os.pathsep.join([str(tools), os.environ.get("PATH", "")])  # it formats the code with the ruff beside it
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PATH": path})
        sys.path.insert(0, folder)
        try:
            return import_module(f"{name}.models")
        finally:
            sys.path.remove(folder)


PEERS: tuple[tuple[str, Callable[[bytes, bytes], Contender]], ...] = (
    ("msgspec", with_msgspec),
    ("pydantic", with_pydantic),
    ("pydantic", with_pydantic_numbers),
    ("openapi_python_client", with_generated),
)
"""Required package of each contender, and the function that creates it from a batch's body and state."""
