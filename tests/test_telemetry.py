"""Spans, metrics and log records of requests, and the whole exchange for the carrier's support."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import cpl_sync
from cpl_async import Client, ConfigurationError, CplError, Event, EventKind, telemetry
from cpl_async.sandbox import Fault, FaultKind, Sandbox
from cpl_async.testing import make_shipment
from cpl_async.transport.events import LISTENERS


class Recorded:
    """What an application's exporters have got."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader])

    def spans(self, operation: str | None = None) -> list[ReadableSpan]:
        found = self.exporter.get_finished_spans()
        return [span for span in found if operation is None or attributes(span).get("cpl.operation") == operation]

    def metric(self, name: str) -> list[Any]:
        data: Any = self.reader.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
        return [
            point for scope in scopes for one in scope.metrics if one.name == name for point in one.data.data_points
        ]


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    made = Recorded()
    telemetry.instrument(tracer_provider=made.tracers, meter_provider=made.meters)
    yield made
    telemetry.uninstrument()
    made.tracers.shutdown()
    made.meters.shutdown()


async def test_a_request_is_a_span_below_that_of_its_caller(recorded: Recorded, cpl_sandbox: Sandbox) -> None:
    async with Client.from_env() as cpl:
        with recorded.tracers.get_tracer("shop").start_as_current_span("checkout") as parent:
            await cpl.shipment_batches.create([make_shipment()], correlation_id="checkout-17")
    [span] = recorded.spans("shipment_batches.create")
    assert (span.name, span.kind) == ("POST shipment_batches.create", SpanKind.CLIENT)
    assert span.parent is not None
    assert span.parent.span_id == parent.get_span_context().span_id
    found = attributes(span)
    origin = cpl_sandbox.base_url.removesuffix("/myapi2")
    assert found == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": int(origin.rpartition(":")[2]),
        "http.response.status_code": 201,
        "url.full": f"{origin}/myapi2/shipment/batch",
        "cpl.operation": "shipment_batches.create",
        "cpl.correlation_id": "checkout-17",
        "cpl.priority": "interactive",
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time < span.end_time
    assert len(recorded.spans("login.get_access_token")) == 1


async def test_no_query_and_so_no_reference_is_in_a_span(recorded: Recorded, cpl_sandbox: Sandbox) -> None:
    async with Client.from_env() as cpl:
        await cpl.shipments.list(customer_references=["private-17"])
    assert recorded.spans("shipments.list")
    assert "private-17" not in "".join(span.to_json() for span in recorded.spans())


async def test_failures_second_tries_and_unknown_outcomes_are_counted(recorded: Recorded, cpl_sandbox: Sandbox) -> None:
    faults = cpl_sandbox.faults
    async with Client.from_env() as cpl:
        faults.add(Fault(kind=FaultKind.STATUS, status=503, operation="info.get", times=1))
        await cpl.info.get()
        first, second = recorded.spans("info.get")
        assert attributes(first)["error.type"] == "503"
        assert first.status.status_code is StatusCode.ERROR
        assert attributes(second)["http.request.resend_count"] == 1
        faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create"))
        with suppress(CplError):
            await cpl.shipment_batches.create([make_shipment()])
        [lost] = recorded.spans("shipment_batches.create")
        assert attributes(lost)["error.type"] == "TransportError"
        assert attributes(lost)["cpl.outcome"] == "unknown"
        assert "http.response.status_code" not in attributes(lost)
    durations = recorded.metric("http.client.request.duration")
    assert {point.attributes.get("error.type") for point in durations} == {None, "503", "TransportError"}
    assert sum(point.count for point in durations) == 4  # with the token
    assert [point.value for point in recorded.metric("cpl.client.retries")] == [1]
    [unknown] = recorded.metric("cpl.client.unknown_outcomes")
    assert (unknown.value, dict(unknown.attributes)) == (1, {"cpl.operation": "shipment_batches.create"})
    assert sum(point.count for point in recorded.metric("cpl.client.slot.wait")) == 4


@pytest.mark.parametrize("how", ["time-out", "cancelled"])
async def test_what_is_broken_off_is_a_span_too(recorded: Recorded, cpl_sandbox: Sandbox, how: str) -> None:
    written = asyncio.Event()

    def hear(event: Event) -> None:
        if event.kind is EventKind.REQUEST and event.operation == "info.get":
            written.set()

    async with Client.from_env(on_event=hear) as cpl:
        await cpl.info.get()
        written.clear()
        cpl_sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="info.get", seconds=30))
        if how == "time-out":
            with pytest.raises(CplError):
                await cpl.info.get(timeout=1.0)
        else:
            call = asyncio.create_task(cpl.info.get())
            await asyncio.wait_for(written.wait(), 10)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
    spans = recorded.spans("info.get")
    assert len(spans) == 2
    assert attributes(spans[-1])["error.type"] == {"time-out": "Timeout", "cancelled": "CancelledError"}[how]


def test_calls_without_await_are_below_their_callers_span_too(recorded: Recorded, cpl_sandbox: Sandbox) -> None:
    spans = recorded.tracers.get_tracer("shop")
    with cpl_sync.Client.from_env() as cpl, spans.start_as_current_span("view") as parent:
        cpl.info.get()
    [span] = recorded.spans("info.get")
    assert span.parent is not None
    assert span.parent.span_id == parent.get_span_context().span_id


async def test_instrumenting_twice_tells_once_and_can_be_ended(recorded: Recorded, cpl_sandbox: Sandbox) -> None:
    telemetry.instrument(tracer_provider=recorded.tracers, meter_provider=recorded.meters)
    async with Client.from_env() as cpl:
        await cpl.info.get()
        assert len(recorded.spans("info.get")) == 1
        telemetry.uninstrument()
        assert LISTENERS == []
        await cpl.info.get()
    assert len(recorded.spans("info.get")) == 1


def test_without_opentelemetry_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'cpl-sdk\[otel\]'"):
        telemetry.instrument()
    assert LISTENERS == []


# --- log records


async def test_plain_logging_and_structlog_show_the_fields(
    cpl_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logger = logging.getLogger("cpl_async")
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.DEBUG, "cpl_async"):
            async with Client.from_env() as cpl:
                await cpl.info.get(correlation_id="mine")
    finally:
        logger.removeHandler(handler)
    answers = [line for line in map(json.loads, stream.getvalue().splitlines()) if line["cpl_event"] == "answer"]
    [answer] = [line for line in answers if line["cpl_operation"] == "info.get"]
    assert answer.items() >= {
        "level": "debug", "cpl_method": "GET", "cpl_status": 200, "cpl_attempt": 1, "cpl_correlation_id": "mine",
    }.items()  # fmt: skip
    assert answer["event"].startswith("answer info.get: GET /myapi2/info -> 200, attempt 1")
    assert any(record.__dict__.get("cpl_status") == 200 for record in caplog.records)
