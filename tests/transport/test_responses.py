"""What an answer means, told without a server."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import orjson
import pytest
from multidict import CIMultiDict

from cpl_async import errors
from cpl_async.transport.redaction import Redactor
from cpl_async.transport.responses import (
    RequestContext,
    Response,
    batch_id_of,
    error_of,
    json_of,
    retry_after_of,
    total_of,
)

ASKED = RequestContext(operation="shipment_batches.create", correlation_id="c-1", writes=True, references=("a", "b"))


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(
        status=status,
        headers=CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}),
        body=body,
    )


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (400, errors.ValidationError, "rejected"),
        (401, errors.AuthenticationError, "rejected"),
        (403, errors.PermissionDenied, "rejected"),
        (404, errors.NotFound, "rejected"),
        (408, errors.ServerError, "unknown"),
        (418, errors.ProtocolError, "rejected"),
        (429, errors.RateLimited, "rejected"),
        (500, errors.ServerError, "unknown"),
        (502, errors.ServerError, "unknown"),
        (503, errors.ServerError, "unknown"),
        (302, errors.ProtocolError, "unknown"),
    ],
)
def test_each_status_has_its_error_and_outcome(status: int, kind: type[errors.CplError], outcome: str) -> None:
    error = error_of(answer(status), ASKED)
    assert type(error) is kind
    assert error.outcome == outcome
    assert error.correlation_id == "c-1"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_login_is_an_authentication_error(status: int) -> None:
    asked = RequestContext(operation="login.get_access_token", correlation_id="c", writes=False, is_login=True)
    assert isinstance(error_of(answer(status), asked), errors.AuthenticationError)


def test_a_problem_names_the_shipments_it_means() -> None:
    body = orjson.dumps(
        {
            "title": "Invalid",
            "detail": "look below",
            "errors": {
                "shipments[1]": ["bad"],
                "Shipments[0].recipient.zipCode": ["empty", "short"],
                "$.shipments[0].note": ["json"],
                "shipments[9].note": ["not ours"],
                "labelSettings.format": None,
                "other": "one text",
            },
        }
    )
    error = error_of(answer(400, body), ASKED)
    assert error.message == "Invalid: look below"
    found = [(problem.path, problem.index, problem.reference_id, problem.message) for problem in error.problems]
    assert found == [
        ("shipments[1]", 1, "b", "bad"),
        ("shipments[0].recipient.zip_code", 0, "a", "empty"),
        ("shipments[0].recipient.zip_code", 0, "a", "short"),
        ("shipments[0].note", 0, "a", "json"),
        ("shipments[9].note", None, None, "not ours"),
        ("label_settings.format", None, None, ""),
        ("other", None, None, "one text"),
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b"<html><head><title>502 Bad Gateway</title></head>",
            "Bad Gateway (a page of HTML, as a gateway sends: 502 Bad Gateway)",
        ),
        (b"upstream  is\n away", "Bad Gateway: upstream is away"),
        (b"", "Bad Gateway"),
        (b'{"broken', 'Bad Gateway: {"broken'),
        (b"{}", "Bad Gateway: {}"),
        (b"\xff\xfe\x00", "Bad Gateway: \ufffd\ufffd\x00"),
    ],
)
def test_a_gateways_words_are_told_in_short(body: bytes, words: str) -> None:
    assert error_of(answer(502, body), ASKED).message == words


def test_a_secret_that_the_server_repeats_is_hidden() -> None:
    secret = 'p&ss/w+rd="1'
    asked = RequestContext(operation="x", correlation_id="c", writes=False, redactor=Redactor([secret]))
    for spelt in (secret, quote_plus(secret), quote(secret, safe=""), html.escape(secret)):
        assert spelt not in str(error_of(answer(401, f"<title>{spelt} is wrong</title>".encode()), asked))
    assert "***" in str(error_of(answer(401, json.dumps({"title": secret}).encode()), asked))


def test_an_error_prints_what_where_and_what_next() -> None:
    text = str(error_of(answer(400, b'{"title": "Invalid", "errors": {"shipments[1].note": ["too long"]}}'), ASKED))
    places = [
        text.index(part)
        for part in ("shipment_batches.create", "HTTP 400", "Invalid", "shipments[1].note (b): too long", "c-1", "Fix")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("location", "batch"),
    [
        ("https://api.dhl.com/ecs/ppl/myapi2/shipment/batch/ab-12", "ab-12"),
        ("/shipment/batch/ab-12/", "ab-12"),
        ("ab-12", "ab-12"),
        ("https://other.example/x/ab-12?a=b#c", "ab-12"),
    ],
)
def test_the_batch_id_is_the_last_part_of_location(location: str, batch: str) -> None:
    assert batch_id_of(answer(201, Location=location), ASKED) == batch


@pytest.mark.parametrize(
    "headers", [{}, {"Location": ""}, {"Location": "/"}, {"Location": "/a/.."}, {"Location": "/a b"}]
)
def test_without_a_usable_location_the_outcome_is_unknown(headers: dict[str, str]) -> None:
    with pytest.raises(errors.ProtocolError) as caught:
        batch_id_of(answer(201, b"", **headers), ASKED)
    assert caught.value.outcome == "unknown"
    assert caught.value.failure.references == ("a", "b")


def test_what_is_not_json_is_said_so_and_nothing_is_nothing() -> None:
    assert json_of(answer(200, b"  "), ASKED) is None
    with pytest.raises(errors.ProtocolError, match="not JSON"):
        json_of(answer(200, b"<html>"), ASKED)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("Tue, 24 Nov 2026 10:00:09 GMT", 9.0),
        ("Tue, 24 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_number_and_as_date(text: str, seconds: float | None) -> None:
    assert retry_after_of({"Retry-After": text}, datetime(2026, 11, 24, 10, tzinfo=UTC)) == seconds


def test_the_total_comes_from_its_header() -> None:
    assert total_of(answer(200, X_Paging_Total_Items_Count="12")) == 12
    assert total_of(answer(200)) is None
