"""What the contract says that a server answers is read without loss, property by property."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from attrs import asdict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpl_async import Client, CplError, Page
from cpl_async.models.codec import decode_list, encode
from cpl_async.models.items import Item

from . import contract, operations, resolved
from .responses import answers, full, normal
from .server import TOKEN, Server, serving
from .test_requests import arguments_of, call_of

ANSWERING = sorted(name for name, operation in operations().items() if operation.answer is not None)
UNKNOWN_FORM = {"customer.create_number_range"}
"""Answers that the contract does not know, which come as a mapping."""
LISTS = [n for n in ANSWERING if resolved(operations()[n].answer or {}).get("type") == "array"]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


async def ask(server: Server, name: str) -> Any:
    """Make an operation's call and return what it returns."""
    async with Client(client_id="a", client_secret="b", base_url=server.base_url) as client:
        call = call_of(client, operations()[name])
        return await call(**arguments_of(operations()[name], call))


def written(result: Any) -> Any:
    """Return what was read, written again."""
    return orjson.loads(encode(result.items if isinstance(result, Page) else result))


def schema_of_answer(name: str) -> dict[str, Any]:
    schema = operations()[name].answer
    assert schema is not None
    return schema


def in_form(data: Any, schema: dict[str, Any]) -> Any:
    """Return data as the schema has it: a list of one where it declares one object and the SDK returns a list."""
    if isinstance(data, list) and resolved(schema).get("type") != "array":
        assert len(data) == 1
        return data[0]
    return data


@pytest.mark.parametrize("name", ANSWERING)
async def test_a_full_answer_is_read_without_loss(server: Server, name: str) -> None:
    if name == "login.get_access_token":
        assert (await ask(server, name)).access_token == TOKEN["access_token"]
        found = asdict(await ask(server, name))
        assert found == TOKEN | {"expires_in": found["expires_in"]}
        assert set(found) == set(resolved(schema_of_answer(name))["properties"])
        assert 1790 <= found["expires_in"] <= 1800
        return
    schema = schema_of_answer(name)
    sent = full(schema) if name not in UNKNOWN_FORM else {"from": 1, "to": {"a": None}}
    server.answer(sent, X_Paging_Total_Items_Count="2")
    result = await ask(server, name)
    if name in UNKNOWN_FORM:
        assert result == sent
        return
    assert normal(in_form(written(result), schema), schema) == normal(sent, schema)


@pytest.mark.parametrize("name", sorted(set(ANSWERING) - {"login.get_access_token"} - UNKNOWN_FORM))
def test_odd_answers_are_read_without_loss(name: str) -> None:
    schema = schema_of_answer(name)
    kind = kind_of(name)

    @settings(database=None, max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(answers(schema))
    def check(sent: Any) -> None:
        items = decode_list(sent or None, kind)
        assert [item for item in items if getattr(item, "unreadable", None)] == []
        sent_list = sent if isinstance(sent, list) else [sent] if sent else []
        one = schema["items"] if resolved(schema).get("type") == "array" else schema
        for item, raw in zip(items, sent_list, strict=True):
            if raw is not None:
                assert normal(orjson.loads(encode(item)), one) == normal(raw, one)

    check()


def kind_of(name: str) -> Any:
    """Return the model of one item of an operation's answer, from the call's return annotation."""
    import typing

    import cpl_async

    known = {key: getattr(cpl_async, key) for key in cpl_async.__all__}
    client = Client(client_id="a", client_secret="b")
    call = call_of(client, operations()[name])
    text = call.__func__.__annotations__["return"]
    made = eval(text, known | {"list": list, "dict": dict, "Any": Any})
    return typing.get_args(made)[0] if typing.get_args(made) else made


async def test_responses_in_each_doubtful_form_are_read(server: Server) -> None:
    order = {"orderNumber": "1", "orderState": "Created"}
    for form, count in ((order, 1), ([order, order], 2), (None, 0), ([], 0), ({}, 0)):
        server.answer(form)
        assert len((await ask(server, "orders.list")).items) == count
    route = {"routeCode": "12"}
    for form, count in ((route, 1), ([route, route], 2), (None, 0)):
        server.answer(form)
        assert len(await ask(server, "routing.get")) == count
    for body, expected in ((b"", {}), (b"done", {"answer": "done"}), (b"[1]", {"answer": [1]}), (b'{"a":1}', {"a": 1})):
        server.answer()
        server.body = body
        assert await ask(server, "shipment_batches.connect_set") == expected


@pytest.mark.parametrize("name", [*LISTS, "orders.list"])
@pytest.mark.parametrize("odd", [{"anything": 1}, 17, "text", [1], {"name": {"a": 1}, "orderState": [], "code": []}])
async def test_one_unreadable_item_of_a_thousand_is_lost_alone(server: Server, name: str, odd: Any) -> None:
    schema = schema_of_answer(name)
    good = full(schema.get("items", schema))
    sent = [good] * 500 + [odd] + [good] * 499
    server.answer(sent)
    result = await ask(server, name)
    items = result.items if isinstance(result, Page) else result
    assert len(items) == 1000
    assert [n for n, item in enumerate(items) if item.unreadable is not None] in ([], [500])
    assert (items[500].unreadable is None) == (odd == {"anything": 1} or not is_odd_for(schema, odd))
    one = schema.get("items", schema)
    assert normal(orjson.loads(encode(items[999])), one) == normal(good, one)


def is_odd_for(schema: dict[str, Any], odd: Any) -> bool:
    properties = resolved(schema.get("items", schema))["properties"]
    return not isinstance(odd, dict) or bool(odd.keys() & properties.keys())


async def failing_call(server: Server, write: bool) -> None:
    async with Client(client_id="a", client_secret="b", base_url=server.base_url) as client:
        await (client.orders.cancel(order_reference="1") if write else client.customer.get(tries=1))


@settings(database=None, max_examples=6, deadline=None)
@given(st.sampled_from([400, 500, 503]), st.booleans())
async def test_a_problem_is_read_without_loss(status: int, write: bool) -> None:
    schema = {"$ref": "#/components/schemas/ProblemJson"}
    sent = full(schema) | {"traceId": "00-1"}
    async with serving() as server:
        server.answer(sent, status=status)
        with pytest.raises(CplError) as caught:
            await failing_call(server, write)
    document = caught.value.document
    assert document is not None
    found = asdict(document)
    assert found.pop("others") == {"traceId": "00-1"}
    assert {key: list(found["errors"][key]) for key in found["errors"]} == sent["errors"]
    assert {key: found[key] for key in found if key != "errors"} == {
        key: sent[key] for key in sent if key not in ("errors", "traceId")
    }


def test_each_schema_of_the_contract_is_used_by_a_test() -> None:
    schemas = contract()["components"]["schemas"]
    used: set[str] = set()

    def visit(part: Any) -> None:
        if isinstance(part, list):
            for item in part:
                visit(item)
        elif isinstance(part, dict):
            name = part.get("$ref", "").rpartition("/")[2]
            if name and name not in used:
                used.add(name)
                visit(schemas[name])
            for value in part.values():
                visit(value)

    for operation in operations().values():
        visit(operation.parameters)
        visit(operation.body[1] if operation.body else None)
        visit(operation.answer)
        visit([response.get("headers") for response in operation.spec["responses"].values()])
    basic = schemas["ProblemJsonBasic"]["properties"]
    assert basic == {key: schemas["ProblemJson"]["properties"][key] for key in basic}
    assert set(schemas) - used == {"ProblemJson", "ProblemJsonBasic"}  # the first has a test of its own


def test_every_item_of_a_list_can_say_that_it_is_unreadable() -> None:
    assert all(issubclass(kind_of(name), Item) for name in [*LISTS, "orders.list", "routing.get"])
