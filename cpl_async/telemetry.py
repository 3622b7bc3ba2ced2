"""OpenTelemetry spans and metrics of requests, by the semantic conventions for HTTP clients.

    from cpl_async import telemetry

    telemetry.instrument()

Requires the extra ``otel``, which installs only the API of OpenTelemetry; the application configures the exporter. The
span of a request is a child of the caller's current span. No trace headers are sent to the carrier, and spans have no
personal data.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from yarl import URL

from ._version import __version__
from .errors import ConfigurationError
from .transport.events import LISTENERS, Event, EventKind

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["instrument", "uninstrument"]

SCHEMA = "https://opentelemetry.io/schemas/1.27.0"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Buckets of duration histograms in seconds, from the conventions for HTTP."""
_lock = threading.Lock()


def instrument(*, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None) -> None:
    """Record the requests of all clients of this process, existing ones included. Repeated calls replace the recorder.

    Spans: ``POST shipment_batches.create``, of kind client, for each request, with ``http.request.method``,
    ``http.request.resend_count``, ``http.response.status_code``, ``error.type``, ``server.address``, ``server.port``,
    ``url.full`` without its query, and ``cpl.operation``, ``cpl.correlation_id``, ``cpl.priority``, ``cpl.outcome``.
    Metrics: ``http.client.request.duration``, and in addition ``cpl.client.slot.wait`` (seconds that requests
    wait for the rate limit), ``cpl.client.retries`` and ``cpl.client.unknown_outcomes`` (writes that may have been
    processed).

    :param tracer_provider: Provider of tracers. Default: the global one.
    :param meter_provider: Provider of meters. Default: the global one.
    :raises ConfigurationError: If the API of OpenTelemetry is not installed.
    """
    uninstrument()
    with _lock:
        LISTENERS.append(_TelemetryListener(tracer_provider, meter_provider))


def uninstrument() -> None:
    """Stop recording requests."""
    with _lock:
        LISTENERS[:] = [listener for listener in LISTENERS if not isinstance(listener, _TelemetryListener)]


class _TelemetryListener:
    """Listener that records spans and metrics of events."""

    def __init__(self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None) -> None:
        try:
            from opentelemetry import metrics, trace
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"{error.name} is not installed: pip install 'cpl-sdk[otel]'") from None
        self._client, self._failed = trace.SpanKind.CLIENT, trace.StatusCode.ERROR
        self._tracer = trace.get_tracer("cpl_async", __version__, tracer_provider, SCHEMA)
        meter = metrics.get_meter("cpl_async", __version__, meter_provider, SCHEMA)
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._waited = meter.create_histogram(
            "cpl.client.slot.wait",
            "s",
            "Time that requests wait for the rate limit.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._retries = meter.create_counter("cpl.client.retries", "{retry}", "Retried calls.")
        self._unknown = meter.create_counter(
            "cpl.client.unknown_outcomes", "{call}", "Writes without a response, which may have been processed."
        )

    def __call__(self, event: Event) -> None:
        if event.kind in (EventKind.RESPONSE, EventKind.FAILURE):
            self._record_request(event)
        elif event.kind is EventKind.RETRY:
            self._retries.add(1, {"cpl.operation": event.operation, "error.type": event.error_type})
        elif event.kind is EventKind.UNKNOWN:
            self._unknown.add(1, {"cpl.operation": event.operation})

    def _record_request(self, event: Event) -> None:
        duration = max(0.0, event.seconds - event.waited)
        server = URL(event.origin)
        shared: dict[str, str | int] = {
            "http.request.method": event.method,
            "server.address": server.host or "",
            "server.port": server.port or 0,
        }
        if event.status is not None:
            shared["http.response.status_code"] = event.status
        failure = event.error_type or (str(event.status) if event.status and event.status >= 400 else "")
        if failure:
            shared["error.type"] = failure
        self._duration.record(duration, shared)
        self._waited.record(event.waited, {"cpl.priority": event.priority.value})
        own: dict[str, str | int] = {
            "url.full": event.origin + event.path,
            "cpl.operation": event.operation,
            "cpl.correlation_id": event.correlation_id,
            "cpl.priority": event.priority.value,
        }
        if event.attempt > 1:
            own["http.request.resend_count"] = event.attempt - 1
        if event.outcome is not None:
            own["cpl.outcome"] = event.outcome.value
        ended = time.time_ns()
        span = self._tracer.start_span(
            f"{event.method} {event.operation}",
            kind=self._client,
            attributes=shared | own,
            start_time=ended - int(duration * 1e9),
        )
        if failure:
            span.set_status(self._failed, event.error or None)
        span.end(ended)
