"""``Client.bulk``: rows go in as a caller has them, and each comes out once, with what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import cpl_sync
from cpl_async import (
    Client,
    ConfigurationError,
    JournalError,
    Progress,
    Shipment,
    ShipResult,
    ValidationError,
    Verdict,
)
from cpl_async.models.shipment_batches import ExternalNumber
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import EXAMPLES, many_rows, shipment, write_rows
from ..pictures import codes_in

MakeClient = Callable[..., Client]
MakeSandbox = Callable[..., Sandbox]
CREATE = "shipment_batches.create"
FAST: Any = {"settle_time": 1.0, "pilot_rows": 0}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CPL_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


def shipments(count: int, **changes: Any) -> list[Shipment]:
    return [shipment(f"r{number}", external_numbers=None, **changes) for number in range(1, count + 1)]


async def shipped(client: Client, rows: Any, name: str = "monday", **options: Any) -> list[ShipResult]:
    return [result async for result in client.bulk.ship(rows, name=name, **(FAST | options))]


async def test_each_shipment_comes_out_once_with_its_label(sandbox: Sandbox, client: Client) -> None:
    results = await shipped(client, shipments(25), batch_size=10)
    assert sorted(result.row for result in results) == list(range(1, 26))
    assert {result.state for result in results} == {"shipped"}
    numbers = {stored.reference: stored.parcels[0].number for stored in sandbox.shipments()}
    assert all(result.shipment_number == numbers[result.reference] for result in results)
    (parcel,) = results[0].parcels
    assert parcel.file is not None
    assert codes_in(parcel.file.read_bytes())[parcel.page] == [parcel.number]
    assert {stored.body["externalNumbers"][0]["externalNumber"] for stored in sandbox.shipments()} == set(numbers)


async def test_mappings_are_read_like_the_rows_of_a_file(sandbox: Sandbox, client: Client) -> None:
    rows: list[dict[str, Any]] = [
        {"Číslo objednávky": "a", "Jméno": "Úřad", "Ulice": "Náměstí 1", "Město": "Kolín", "PSČ": 28002, "Země": "CZ"},
        {"Číslo objednávky": "b", "Jméno": "", "Ulice": "Náměstí 1", "Město": "Kolín", "PSČ": "28002", "Země": "CZ"},
        {"Číslo objednávky": "c", "Jméno": "Úřad", "Ulice": "1", "Město": "Kolín", "PSČ": "280 02", "Země": "CZ"},
    ]
    rows = [row | {"kolik kg": 1.5} for row in rows]
    results = sorted(await shipped(client, rows, columns={"kolik kg": "weight_kg"}), key=lambda one: one.row)
    assert [result.state for result in results] == ["shipped", "rejected", "shipped"]
    assert "is empty" in results[1].message
    stored = sandbox.shipments()[0].body
    assert stored["shipmentSet"]["shipmentSetItems"][0]["weighedShipmentInfo"]["weight"] == 1.5


async def test_a_key_that_is_no_column_is_said(
    sandbox: Sandbox, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    row = {"reference_id": "a", "name": "N", "street": "S 1", "city": "Kolín", "zip_code": "28002", "country": "CZ"}
    await shipped(client, [row | {"cod_ammount": "500"}])
    assert "cod_ammount" in caplog.text
    with pytest.raises(ConfigurationError, match="did you mean cod"):
        await shipped(client, [row | {"castka": 5}], "other", columns={"castka": "codd"})


async def test_results_come_while_rows_are_still_to_come(sandbox: Sandbox, client: Client) -> None:
    more = asyncio.Event()

    async def rows() -> AsyncIterator[Shipment]:
        for row in shipments(3):
            yield row
        await more.wait()
        yield shipment("last")

    results = []
    async with asyncio.timeout(30):
        async for result in client.bulk.ship(rows(), name="monday", **FAST):
            results.append(result.reference)
            if len(results) == 3:
                more.set()
    assert results[3:] == ["last"]


async def test_the_same_name_goes_on_and_sends_nothing_twice(sandbox: Sandbox, client: Client) -> None:
    rows = shipments(12)
    stream = client.bulk.ship(rows, name="monday", batch_size=4, max_concurrency=1, **FAST)
    first = [await anext(stream) for _ in range(2)]
    await stream.aclose()
    again = await shipped(client, rows, batch_size=4)
    assert len(first) == 2
    assert sorted(result.row for result in again) == list(range(1, 13))
    assert {result.state for result in again} == {"shipped"}
    assert len(sandbox.shipments()) == 12
    assert {result.shipment_number for result in first} <= {result.shipment_number for result in again}


async def test_a_mended_row_is_new_and_a_changed_one_is_told(sandbox: Sandbox, client: Client) -> None:
    bad = [shipment("a"), shipment("b", product_type="")]
    assert [one.state for one in sorted(await shipped(client, bad), key=lambda one: one.row)] == ["shipped", "rejected"]
    mended = [shipment("a", note="changed"), shipment("b")]
    results = sorted(await shipped(client, mended), key=lambda one: one.row)
    assert [one.state for one in results] == ["rejected", "shipped"]
    assert "this row differs from that one" in results[0].message
    twice = await shipped(client, [shipment("c"), shipment("c")])
    assert sorted(one.state for one in twice) == ["rejected", "shipped"]
    assert len(sandbox.shipments()) == 3


async def test_a_lost_answer_is_looked_into(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.RESET, operation=CREATE, skip=1))
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE, skip=2))
    results = await shipped(client, shipments(9), batch_size=3, max_concurrency=1)
    states = [result.state for result in results]
    assert (states.count("shipped"), states.count("shipped_without_label")) == (6, 3)
    assert len(sandbox.shipments()) == 9


async def test_a_source_that_fails_loses_nothing_of_what_it_gave(sandbox: Sandbox, client: Client) -> None:
    def rows() -> Iterator[Shipment]:
        yield from shipments(3)
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="the database is gone"):
        await shipped(client, rows())
    again = await shipped(client, shipments(3))
    assert {result.state for result in again} == {"shipped"}
    assert len(sandbox.shipments()) == 3


async def test_a_long_reference_needs_another_to_be_asked_after(sandbox: Sandbox, client: Client) -> None:
    long = "x" * 120
    own = [ExternalNumber(code="CUST", external_number="short")]
    rows = [shipment(long, external_numbers=None), shipment(long + "y", external_numbers=own)]
    results = sorted(await shipped(client, rows), key=lambda one: one.row)
    assert [one.state for one in results] == ["rejected", "shipped"]
    assert "give an external number of code CUST" in results[0].message


async def test_a_reference_that_rows_share_is_said_and_never_guessed(
    sandbox: Sandbox, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    same = [ExternalNumber(code="CUST", external_number="same")]
    await shipped(client, [shipment("canary")], "earlier")
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE))
    results = await shipped(client, [shipment(f"r{n}", external_numbers=same) for n in (1, 2)])
    assert {result.state for result in results} == {"undecided"}
    assert "no reference of its own" in results[0].message
    assert "2 rows share their external number CUST" in caplog.text


async def test_a_file_is_shipped_with_progress_told(sandbox: Sandbox, client: Client, tmp_path: Path) -> None:
    seen: list[Progress] = []
    summary = await client.bulk.ship_file(EXAMPLES / "shipments.csv", tmp_path / "out", on_progress=seen.append, **FAST)
    assert summary.shipped == 37
    assert seen[-1].labelled == 37
    assert (tmp_path / "out" / "report.html").exists()
    assert (tmp_path / "out" / "manifest.pdf").exists()
    (job,) = await client.bulk.jobs()
    assert await client.bulk.job(job.name) == job
    resumed = await client.bulk.resume(job.name)
    assert resumed.already_done
    place = await client.bulk.journal()
    assert place.endswith("journal.sqlite3") or place.startswith("postgresql://127.0.0.1:")
    await client.bulk.purge(job.name)
    with pytest.raises(JournalError, match="its data was removed"):
        await client.bulk.resume(job.name)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"setle": 3}, "did you mean settle"),
        ({"batch_size": 0}, "batch_size cannot be 0"),
        ({"deadline": datetime(2026, 1, 1)}, "time zone"),
        ({"name": " "}, "must not be empty"),
    ],
)
async def test_an_option_that_cannot_be_is_refused_before_anything(
    sandbox: Sandbox, client: Client, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        await anext(client.bulk.ship([], **({"name": "monday"} | options)))
    assert sandbox.shipments() == []


async def test_what_is_no_iterable_of_rows_is_refused(client: Client) -> None:
    with pytest.raises(ConfigurationError, match="not str"):
        await shipped(client, "shipments.csv")


def test_the_facade_ships_from_a_cursor_in_the_callers_thread(sandbox: Sandbox, tmp_path: Path) -> None:
    with cpl_sync.Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url) as client:
        rows = (shipment(f"r{number}") for number in range(5))
        results = list(client.bulk.ship(rows, name="monday", settle_time=1.0))
        assert sorted(result.reference for result in results) == [f"r{number}" for number in range(5)]
        assert {result.state for result in results} == {"shipped"}
        told: list[int] = []
        path = write_rows(tmp_path / "a.csv", many_rows(4))
        summary = client.bulk.ship_file(path, tmp_path / "out", reports=False, settle_time=1.0,
                                        on_progress=lambda progress: told.append(progress.labelled))  # fmt: skip
        assert summary.shipped == 4
        assert told[-1] == 4
        assert [job.name for job in client.bulk.jobs()][-1] == "monday"


async def test_many_parcels_are_cancelled_and_seen_cancelled(sandbox: Sandbox, client: Client) -> None:
    results = await shipped(client, shipments(6))
    numbers = [str(result.shipment_number) for result in results]
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipments.cancel", times=2))
    found = [result async for result in client.bulk.cancel_shipments([*numbers[:5], "40999999999"], patience=2)]
    assert [result.cancelled for result in found] == [True] * 5 + [False]
    assert found[5].refused
    parcels = [parcel for stored in sandbox.shipments() for parcel in stored.parcels]
    assert sum(parcel.cancelled is not None for parcel in parcels) == 5
    with pytest.raises(ConfigurationError, match="not str"):
        await anext(client.bulk.cancel_shipments("40900000001"))
    with pytest.raises(ConfigurationError, match="no shipment number"):
        await anext(client.bulk.cancel_shipments([17]))  # type: ignore[list-item]  # the mistake that is meant


# --- asking alone, for one parcel of a web checkout


async def test_reconcile_finds_what_was_created(sandbox: Sandbox, client: Client) -> None:
    since = datetime.now(UTC)
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE))
    sent = shipment("order-17")
    with pytest.raises(Exception, match="without a response"):
        await client.shipment_batches.create([sent])
    (found,) = await client.reconcile([sent], since=since, settle_time=5)
    assert found.verdict is Verdict.PRESENT
    assert found.numbers == (sandbox.shipments()[0].parcels[0].number,)


async def test_reconcile_calls_absent_only_what_a_canary_vouches_for(sandbox: Sandbox, client: Client) -> None:
    await (await client.shipment_batches.create([shipment("canary")])).wait()
    since = datetime.now(UTC)
    (unsure,) = await client.reconcile(["order-18"], since=since, settle_time=0.4)
    assert unsure.verdict is Verdict.DOUBTFUL
    assert "no control shipment" in unsure.message
    (absent,) = await client.reconcile(["order-18"], since=since, settle_time=0.4, canaries=["canary"])
    assert absent.verdict is Verdict.ABSENT
    assert absent.numbers == ()


@pytest.mark.parametrize(
    ("references", "since", "words"),
    [
        (["a", "a"], datetime.now(UTC), "given twice"),
        (["x" * 101], datetime.now(UTC), "cannot be asked for"),
        ("abc", datetime.now(UTC), "a list"),
        (["a"], datetime(2026, 1, 1), "time zone"),
        ([shipment("a", external_numbers=None)], datetime.now(UTC), "no external number of code CUST"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(
    client: Client, references: Any, since: datetime, words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        await client.reconcile(references, since=since)


async def test_a_deadline_leaves_the_rest_for_another_run(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=3.5, operation=CREATE, skip=1))
    deadline = datetime.now(UTC) + timedelta(seconds=1)
    results = await shipped(client, shipments(9), batch_size=3, max_concurrency=1, deadline=deadline)
    states = [result.state for result in results]
    assert (states.count("shipped"), states.count("undecided")) == (6, 3)
    assert any("deadline" in result.message for result in results)
    assert {result.state for result in await shipped(client, shipments(9))} == {"shipped"}
    assert len(sandbox.shipments()) == 9


async def test_a_file_is_read_as_told_and_its_tables_are_for_excel(client: Client, tmp_path: Path) -> None:
    text = "číslo;příjemce;ulice;město;psč;země;doprava\nA-1;Jan Novák;Dlouhá 5;Žďár;59101;CZ;Kurýr domů\n"
    (tmp_path / "objednavky.csv").write_bytes(text.encode("cp1250"))
    (tmp_path / "shop.toml").write_text('[columns]\n"číslo" = "reference_id"\n[carriers]\n"Kurýr domů" = "PRIV"\n')
    summary = await client.bulk.ship_file(
        tmp_path / "objednavky.csv", tmp_path / "out", map=tmp_path / "shop.toml", encoding="windows-1250",
        delimiter=";", excel=True, reports=False, **FAST,
    )  # fmt: skip
    assert (summary.rows, summary.shipped) == (1, 1)
    table = (tmp_path / "out" / "shipments.csv").read_bytes()
    assert table.startswith(b"\xef\xbb\xbfreference_id;shipment_number;")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"settle_time": "5"}, "the option settle_time cannot be '5'"),
        ({"batch_size": 1001}, "the option batch_size cannot be 1001"),
        ({"language": "de"}, "the option language cannot be 'de'"),
        ({"delimeter": ";"}, "there is no option.*did you mean delimiter"),
        ({"delimiter": "ab"}, "delimiter must be one character"),
        ({"encoding": "windows1250x"}, "encoding 'windows1250x' is not known"),
        ({"encoding": 8}, "encoding is text, not int"),
        ({"map": 5}, "map is the path of a file"),
        ({"map": "missing.toml"}, "missing.toml"),
        ({"sheet": "List1"}, "sheet goes with a workbook"),
    ],
)
async def test_an_option_that_cannot_be_used_is_named(
    sandbox: Sandbox, client: Client, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        await client.bulk.ship_file(EXAMPLES / "shipments.csv", tmp_path / "out", **options)
    assert sandbox.shipments() == []


async def test_shipments_may_have_numbers_of_an_own_series(sandbox: Sandbox, client: Client) -> None:
    series = await client.customer.create_number_range({"productType": "PRIV", "count": 4})
    first = int(series["from"])
    rows = [
        evolve(one, product_type="PRIV", shipment_number=str(first + number)) for number, one in enumerate(shipments(4))
    ]
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE))
    results = await shipped(client, rows[:2])
    results += await shipped(client, [rows[2], evolve(rows[3], shipment_number=str(first))], name="b")
    mine = {result.reference: (result.state, result.shipment_number) for result in results}
    assert mine["r1"] == ("shipped_without_label", str(first))
    assert mine["r2"] == ("shipped_without_label", str(first + 1))
    assert mine["r3"] == ("shipped", str(first + 2))
    assert mine["r4"][0] == "rejected", "a number cannot be used twice"
    assert len(sandbox.shipments()) == 3
