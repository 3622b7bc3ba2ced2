"""``--trace`` shows what went over the wire, and neither secrets nor personal data."""

from __future__ import annotations

import json

import pytest

from cpl_async.cli.trace import masked
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import EXAMPLES
from .conftest import Runner, access_to


def test_a_trace_of_a_job_has_no_personal_data(cpl: Runner, server: Sandbox) -> None:
    lines = (EXAMPLES / "shipments.csv").read_text(encoding="utf-8").splitlines()
    (cpl.folder / "rows.csv").write_text("\n".join(lines[:3]) + "\n", encoding="utf-8")
    server.settings.clients["sandbox"] = "sandbox"
    done = cpl("ship", "rows.csv", "--out", "out", "--trace", "--no-reports", "--json", access=access_to(server))
    assert json.loads(done.stdout)["shipped"] == 2  # standard output is as ever
    shown = done.stderr
    assert ">>> POST http://127.0.0.1" in shown
    assert "(shipment_batches.create)" in shown
    assert "<<< 201 after" in shown
    assert "Location: " in shown
    assert "X-Correlation-ID: " in shown
    assert "bytes of application/pdf)" in shown
    assert '"productType": "' in shown
    row = dict(zip(lines[0].split(","), lines[1].split(","), strict=False))
    for column in ("name", "street", "email", "phone"):
        assert row[column]
        assert row[column] not in shown
    assert '"access_token"' not in shown
    assert "client_secret" not in shown
    assert "Bearer" not in shown


@pytest.mark.slow
def test_a_request_is_printed_with_its_query_and_response(cpl: Runner, server: Sandbox) -> None:
    access = access_to(server)
    shown = cpl("track", "40900000009", "--trace", status=1, access=access).stderr
    assert "?Limit=" in shown or "&Limit=" in shown or "ShipmentNumbers=40900000009" in shown
    server.faults.add(Fault(kind=FaultKind.RESET, operation="info.get", times=1))
    shown = cpl("info", "--trace", access=access).stderr
    assert "<<< no answer after" in shown
    assert "request 2 of this call" in shown
    shown = cpl("address", "Husova 12", "--city", "Kolín", "--trace", access=access).stderr
    assert "Husova" not in shown
    server.faults.add(Fault(kind=FaultKind.SLOW, seconds=20, operation="info.get"))
    shown = cpl("info", "--trace", status=1, access=access | {"CPL_TIMEOUT": "2"}).stderr
    assert "cancelled by a timeout" in shown
    assert cpl("info", access=access).stderr == ""  # only when asked for


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (
            {"recipient": {"name": "Jan Novák 2", "city": "Kolín"}},
            {"recipient": {"name": "Xxx Xxxxx 0", "city": "Xxxxx"}},
        ),
        ({"code": "1", "name": "Doručeno"}, {"code": "1", "name": "Doručeno"}),
        ([{"phone": "+420 777", "email": None}], [{"phone": "+000 000", "email": None}]),
        ({"note": ["a1", {"iban": "CZ65"}]}, {"note": ["x0", {"iban": "XX00"}]}),
        ("text", "text"),
    ],
)
def test_masks_keep_form_and_length(data: object, shown: object) -> None:
    assert masked(data) == shown


def test_every_field_that_a_repr_hides_is_masked() -> None:
    from attrs import fields, has

    import cpl_async
    from cpl_async.cli.trace import OF_ADDRESS, PERSONAL

    hidden = set()
    for name in cpl_async.__all__:
        kind = getattr(cpl_async, name)
        if isinstance(kind, type) and has(kind) and kind.__module__.startswith("cpl_async.models"):
            hidden |= {one.name for one in fields(kind) if one.repr is False}
    camel = {
        first + "".join(word.capitalize() for word in rest) for first, *rest in (name.split("_") for name in hidden)
    }
    known = PERSONAL | OF_ADDRESS
    assert {name for name in camel if name not in known} <= {"content", "accessToken", "events"}, camel - known
