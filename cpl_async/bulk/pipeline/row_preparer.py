"""The conversion of a caller's row to a row of the journal: validated, with its bytes or with its problems."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any, Protocol

import orjson
from attrs import evolve

from ..._nearest import nearest_names
from ...errors import ConfigurationError
from ...messages import Message, message
from ...models.addresses import Address
from ...models.order_batches import Order
from ...models.references import displayable_reference
from ...models.shipment_batches import ExternalNumber, Shipment
from ...models.validation import problems_of
from ..journal.row_repository import NewRow
from ..parsing.column_mapping import ShopMapping
from ..parsing.row_parser import COLUMNS, reference_in, shipment_from
from ..parsing.text import fold
from ..readers.jsonl_reader import Keys, as_text
from .ingest import encoded, new_row

__all__ = ["OrderPreparer", "RowPreparer", "ShipmentPreparer"]

logger: logging.Logger = logging.getLogger("cpl_async")
MAX_REFERENCE_LENGTH = 100


class RowPreparer(Protocol):
    """Prepares one row after the other."""

    def prepare(self, number: int, row: Any) -> NewRow:
        """Return the prepared row."""
        ...


class ShipmentPreparer:
    """Prepares shipments, and mappings with the columns of a file."""

    def __init__(self, sender: Address | None, columns: Mapping[str, str]) -> None:
        """Store the values that apply to all rows.

        :param sender: Sender of rows that have none.
        :param columns: Key of a mapping → column of this library, for keys that are not recognized.
        """
        wrong = {column: key for key, column in columns.items() if column not in COLUMNS}
        if wrong:
            raise ConfigurationError(f"columns names what is no column: {nearest_names(wrong, COLUMNS)}")
        self._sender = sender
        self._unread: set[str] = set()
        self._keys = Keys(ShopMapping(columns={fold(key): column for key, column in columns.items()}))

    def prepare(self, number: int, row: Any) -> NewRow:
        """Return the prepared row: validated, with its bytes or with its problems."""
        problems: list[Message]
        if isinstance(row, Shipment):
            shipment, raw = _askable(row), {"reference_id": displayable_reference(row.reference_id)}
            problems = [problem.detail.of(problem.path) for problem in problems_of(shipment)]
            problems += _unaskable(shipment)
        else:
            if not isinstance(row, Mapping):
                problem = message("row.not_a_shipment", actual=type(row).__name__)
                return new_row(number, 0, "", {}, None, [problem])
            fields = {str(key): as_text(value) for key, value in row.items() if value is not None}
            values, twins = self._keys.named(fields)
            self._warn_of(values.keys() - COLUMNS.keys() - self._unread)
            found, problems = shipment_from(values, self._sender, self._keys.terms)
            problems += [twins] if twins else []
            raw = {**fields, "reference_id": reference_in(values, self._keys.terms)}
            if found is None:
                return new_row(number, 0, raw["reference_id"], raw, None, problems)
            shipment = found
        if isinstance(row, Shipment) and row.sender is None and self._sender is not None:
            shipment = evolve(shipment, sender=self._sender)
        return new_row(number, 0, raw["reference_id"], raw, None if problems else shipment, problems)

    def _warn_of(self, keys: set[str]) -> None:
        """Warn once about each key that is not used: it may be a misspelled column."""
        if keys:
            self._unread |= keys
            logger.warning("keys that are no columns and are not read: %s", nearest_names(keys, COLUMNS))


class OrderPreparer:
    """Prepares orders."""

    def prepare(self, number: int, row: Any) -> NewRow:
        """Return the prepared order: validated, with its bytes or with its problems."""
        if not isinstance(row, Order):
            problem = message("row.not_an_order", actual=type(row).__name__)
            return new_row(number, 0, "", {}, None, [problem])
        problems = [problem.detail.of(problem.path) for problem in problems_of(row)]
        body = encoded(row, problems) if not problems else None
        reference = displayable_reference(row.reference_id)
        return NewRow(
            number=number,
            line=0,
            reference=reference,
            raw_fields=orjson.dumps({"reference_id": reference}),
            payload=body,
            cust_reference=reference,
            content_hash=hashlib.sha256(body).hexdigest()[:32] if body else None,
            problems=tuple(problems),
        )


def _askable(shipment: Shipment) -> Shipment:
    """Return a shipment with an external number of code ``CUST``. Default: its reference."""
    numbers = list(shipment.external_numbers or ())
    if any(number.code == "CUST" for number in numbers) or len(shipment.reference_id) > MAX_REFERENCE_LENGTH:
        return shipment
    own = ExternalNumber(code="CUST", external_number=shipment.reference_id)
    return evolve(shipment, external_numbers=[*numbers, own])


def _unaskable(shipment: Shipment) -> list[Message]:
    if any(number.code == "CUST" for number in shipment.external_numbers or ()):
        return []
    return [message("reference.no_cust", maximum=MAX_REFERENCE_LENGTH).of("reference_id")]
