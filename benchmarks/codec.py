"""CPU of encoding 1,000 shipments and of parsing the state of 1,000 items: this library, others, and bare orjson.

    python -m benchmarks.codec [--rounds 9]

Objects are created before the timing of the encoding, and bytes before that of the parsing. Money is Decimal in the
models of this library and in those of msgspec and pydantic, with the same fields; a float in plain dicts and in the
generated client, as in its contract.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from statistics import median
from typing import Any

import attrs
import orjson

from benchmarks.peers import PEERS, Contender, is_there
from benchmarks.results import keep
from cpl_async import Address, CashOnDelivery, ExternalNumber, Shipment, ShipmentSet, ShipmentSetItem, WeighedShipment
from cpl_async.models.codec import decode, encode
from cpl_async.models.shipment_batches import CreateShipmentBatch, ShipmentBatchResult

COUNT = 1_000
TIMES = 5
"""Repetitions in a round, so that the cost of the garbage collector is spread."""
SENDER = Address(
    name="Obchod s květinami, s.r.o.",
    street="Krátká 3",
    city="Brno",
    zip_code="60200",
    country="CZ",
    contact="Expedice",
    phone="+420777000000",
    email="expedice@example.com",
)


@attrs.define
class Figures:
    """Seconds of one contender, one figure per round."""

    name: str
    encoding: list[float] = attrs.Factory(list)
    reading: list[float] = attrs.Factory(list)


def shipment(number: int) -> Shipment:
    """Return a shipment with two addresses, cash on delivery, a reference and a weight."""
    reference = f"B-{number:08}"
    return Shipment(
        reference_id=reference,
        product_type="PRID",
        recipient=Address(
            name=f"Jana Nováková {number}",
            street=f"Dlouhá {number}",
            city="Praha",
            zip_code="11000",
            country="CZ",
            contact="Jana",
            phone=f"+420777{number:06}",
            email=f"jana.{number}@example.com",
        ),
        sender=attrs.evolve(SENDER),  # a separate object, as in a batch of many senders
        cash_on_delivery=CashOnDelivery(
            cod_price=Decimal(number) + Decimal("0.50"), cod_currency="CZK", cod_var_sym=str(number)
        ),
        external_numbers=[ExternalNumber(code="CUST", external_number=reference)],
        shipment_set=ShipmentSet(
            number_of_shipments=1,
            shipment_set_items=[ShipmentSetItem(weighed_shipment_info=WeighedShipment(weight=Decimal("2.75")))],
        ),
    )


def state_of(number: int) -> dict[str, Any]:
    """Return the state of one item as the server returns it."""
    return {
        "referenceId": f"B-{number:08}",
        "shipmentNumber": f"4090{number:07}",
        "labelUrl": f"https://api.dhl.com/ecs/ppl/myapi2/data/batch/{number:032x}/label",
        "importState": "Complete",
        "relatedItems": None,
    }


def contenders(batch: CreateShipmentBatch, state: bytes) -> tuple[list[Contender], list[str]]:
    """Return the contenders, the lower bound first and this library last, and a line about each missing package."""
    body = encode(batch)
    plain = orjson.loads(body)
    floor = Contender("orjson, plain dicts", lambda: orjson.dumps(plain), lambda: orjson.loads(state))
    ours = Contender("ours", lambda: encode(batch), lambda: decode(orjson.loads(state), ShipmentBatchResult))
    absent = dict.fromkeys(package for package, _ in PEERS if not is_there(package))
    peers = [make(body, state) for package, make in PEERS if package not in absent]
    for other in (*peers, ours):
        check(other, plain)
    return [floor, *peers, ours], [f"{package} is not installed: left out." for package in absent]


def check(contender: Contender, plain: dict[str, Any]) -> None:
    """Check that a contender does the whole work; money as text counts as a number."""
    sent = orjson.loads(contender.encode())
    for item in sent["shipments"]:
        item["cashOnDelivery"]["codPrice"] = float(item["cashOnDelivery"]["codPrice"])
        weighed = item["shipmentSet"]["shipmentSetItems"][0]["weighedShipmentInfo"]
        weighed["weight"] = float(weighed["weight"])
    assert sent == plain, contender.name
    items = contender.read().items
    assert [(item.reference_id, str(item.import_state)) for item in items] == [
        (item["referenceId"], "Complete") for item in plain["shipments"]
    ], contender.name


def seconds_of(work: Callable[[], object]) -> float:
    """Return the process's CPU seconds of one repetition, after a garbage collection."""
    gc.collect()
    spent = 0.0
    for _ in range(TIMES):
        before = time.process_time()
        result = work()
        spent += time.process_time() - before
        del result  # its deallocation is not counted
    return spent / TIMES


def measure(them: Sequence[Contender], rounds: int) -> list[Figures]:
    """Measure each contender alternately in a number of rounds."""
    figures = [Figures(one.name) for one in them]
    for _ in range(rounds):
        for one, found in zip(them, figures, strict=True):
            found.encoding.append(seconds_of(one.encode))
        for one, found in zip(them, figures, strict=True):
            found.reading.append(seconds_of(one.read))
    return figures


def ratio(some: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the rounds' ratios."""
    return median(one / other for one, other in zip(some, others, strict=True))


def table(figures: Sequence[Figures]) -> list[str]:
    """Return the rows of the table, each relative to the first."""
    floor = figures[0]
    lines = ["| way | encode, ms | × floor | read, ms | × floor |", "| --- | --- | --- | --- | --- |"]
    for one in figures:
        lines.append(
            f"| {one.name} | {median(one.encoding) * 1e3:.2f} | {ratio(one.encoding, floor.encoding):.1f} "
            f"| {median(one.reading) * 1e3:.2f} | {ratio(one.reading, floor.reading):.1f} |"
        )
    return lines


def verdict(figures: Sequence[Figures]) -> list[str]:
    """Return the line that compares this library with pydantic, if pydantic is installed."""
    ours = figures[-1]
    pydantic = next((one for one in figures if one.name.startswith("pydantic")), None)
    if pydantic is None:
        return []
    return [
        "",
        f"ours / pydantic: encode **{ratio(ours.encoding, pydantic.encoding):.2f} ×**, "
        f"read **{ratio(ours.reading, pydantic.reading):.2f} ×** (goal: no slower than pydantic 2, so at most 1).",
    ]


def main() -> None:
    """Measure, compare and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    batch = CreateShipmentBatch(shipments=[shipment(number) for number in range(COUNT)])
    state = orjson.dumps({"items": [state_of(number) for number in range(COUNT)]})
    them, absent = contenders(batch, state)
    figures = measure(them, options.rounds)
    keep(
        "Encoding and reading",
        [
            f"CPU for {COUNT} shipments encoded and {COUNT} items of a state read; medians of {options.rounds} rounds. "
            "Money is Decimal in ours, msgspec and pydantic (which writes it as text unless told to write numbers, "
            "as the contract wants), a float in the generated client and the floor.",
            "",
            *table(figures),
            *verdict(figures),
            *(["", *absent] if absent else []),
        ],
    )


if __name__ == "__main__":
    main()
