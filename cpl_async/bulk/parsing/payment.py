"""The detection of cash on delivery, its amount and its currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from attrs import evolve, frozen

from ..._nearest import nearest
from ...models.shipment_batches import WITH_COD
from .ambiguous_value import AmbiguousValue, without_damage
from .column_mapping import FileSchema, ShippingRule, ShopMapping
from .currency import CURRENCY_OF, HOME, currency_code
from .numbers import amount
from .text import answer, any_begins, fold, phrase_in, tokens
from .vocabulary import (
    CASH_STEMS,
    CASH_WORDS,
    COLLECT_PHRASES,
    COLLECT_STEMS,
    HANDOVER_STEMS,
    NEGATIONS,
    PAYMENT_STEMS,
    PERSONAL_COLLECTION_STEMS,
    PREPAID_STEMS,
    PREPAID_WORDS,
    SHOP_STEMS,
    WEAK_PREPAID_STEMS,
    WEAK_PREPAID_WORDS,
)

__all__ = [
    "Price",
    "amount_to_collect",
    "collected",
    "currency",
    "in_whole_cents",
    "is_on_delivery",
    "is_paid_on_delivery",
    "may_need_total",
    "payment_kind",
    "price",
    "shipping_rule",
    "unknown_name",
    "variable_symbol",
]

WITHOUT_CENTS = frozenset({"HUF"})
"""Currencies whose amounts are whole."""


@frozen
class Price:
    """An amount with its column, and the currency that is written beside it."""

    number: Decimal
    column: str
    unit: str


def shipping_rule(names: Mapping[str, ShippingRule], text: str) -> ShippingRule | None:
    """Return the rule of the shop's own name, or ``None`` if it has no such name. Other names keep their meaning."""
    found = names.get(text)
    if found is None and names:
        plain = {fold(name): rule for name, rule in names.items()}
        found = plain.get(fold(text))
    return found


def unknown_name(code: str, names: Mapping[str, ShippingRule], text: str, table: str) -> AmbiguousValue:
    """Return the error for a name that has no known meaning, with the shop's own name that is most similar."""
    near = nearest(text, names) if names else None
    if near:
        return AmbiguousValue("map.unknown_name_near", text=text[:50], table=table, near=near)
    return AmbiguousValue(code, text=text[:50])


def is_paid_on_delivery(text: str, names: ShopMapping) -> bool | None:
    """Return whether a payment is made on delivery, or ``None`` if the row has no payment.

    :raises AmbiguousValue: The payment is not known.
    """
    if not text:
        return None
    found = shipping_rule(names.payments, text)
    if found is not None and found.cash_on_delivery is not None:
        return found.cash_on_delivery
    kind = payment_kind(text)
    if kind is None:
        raise unknown_name("payment.unknown", names.payments, text, "payments")
    return kind


@lru_cache(maxsize=4096)
def payment_kind(text: str) -> bool | None:
    """Return whether the name of a payment means payment on delivery or in advance, or ``None`` if it is uncertain.

    A card is paid in advance, but a card at the courier, at a pickup point or at a terminal is paid on delivery. A name
    with words for both, a negation, or cash without a place is uncertain.
    """
    words = tokens(text)
    if not NEGATIONS.isdisjoint(words):
        return None
    squeezed = fold(text)  # GoPay is one word
    is_prepaid = not PREPAID_WORDS.isdisjoint(words) or any_begins((*words, squeezed), PREPAID_STEMS)
    if is_on_delivery(words):
        return None if is_prepaid else True
    is_card = not WEAK_PREPAID_WORDS.isdisjoint(words) or any_begins((*words, squeezed), WEAK_PREPAID_STEMS)
    is_cash = not CASH_WORDS.isdisjoint(words) or any_begins(words, CASH_STEMS)
    if any_begins(words, (*PERSONAL_COLLECTION_STEMS, *SHOP_STEMS)):
        return False if is_prepaid and not is_cash else None
    if any_begins(words, HANDOVER_STEMS):
        return True if not is_prepaid and (is_card or is_cash or any_begins(words, PAYMENT_STEMS)) else None
    return False if (is_prepaid or is_card) and not is_cash else None


def is_on_delivery(words: Sequence[str]) -> bool:
    """Return whether folded words name cash on delivery."""
    return "cod" in words or any_begins(words, COLLECT_STEMS) or phrase_in(COLLECT_PHRASES, words) is not None


def _said(text: str) -> bool | None:
    """Return the meaning of a cell about cash on delivery: ``ano``, ``ne``, ``dobírkou``, ``bez dobírky``."""
    answered = answer(text)
    if answered is None and not any(map(str.isdigit, text)):
        words = tokens(text)
        if is_on_delivery(words):
            others = [
                word for word in words if word not in NEGATIONS and not word.startswith((*COLLECT_STEMS, "cod", "na"))
            ]
            return None if others else NEGATIONS.isdisjoint(words)
    return answered


def may_need_total(values: Mapping[str, str]) -> bool:
    """Return whether the order's total may be the amount of the cash on delivery."""
    said = values.get("cod", "")
    if values.get("cod_price"):
        return _said(values["cod_price"]) is True
    if said:
        return _said(said) is True
    return bool(values.get("payment")) or values.get("product_type", "") in WITH_COD


def collected(values: Mapping[str, str], paid: bool | None) -> bool | None:
    """Return whether the row has cash on delivery, or ``None`` if it does not contain that.

    :param paid: Whether the payment is made on delivery.
    :raises AmbiguousValue: The row contradicts itself.
    """
    cod, told = values.get("cod", ""), values.get("cod_price", "")
    said: bool | None = None
    if cod:
        answered = _said(cod)
        said = not _is_nothing(cod) if answered is None else answered
        if said and told and (_is_nothing(told) or _said(told) is False):
            raise AmbiguousValue("payment.contradicts_amount", text=cod[:30], amount=told[:30])
        if answered is None and told and _said(told) is None and told != cod:
            raise AmbiguousValue("payment.contradicts_amount", text=cod[:30], amount=told[:30])
    elif told:
        answered = _said(told)
        nothing = _is_nothing(told) and values.get("product_type") not in WITH_COD
        said = not nothing if answered is None else answered
    if said and paid is False:
        raise AmbiguousValue("payment.contradicts_prepaid", payment=values.get("payment", "")[:50])
    if said is None and values.get("product_type") in WITH_COD:
        if paid is False:
            raise AmbiguousValue("payment.empty_but_product", payment=values["payment"][:50])
        return True
    return paid if said is None else said


def _is_nothing(text: str) -> bool:
    return not text.strip("0.,-– ") and "0" in text


def price(values: Mapping[str, str], *columns: str) -> Price | None:
    """Return the first amount in some columns; ``yes`` and ``no`` are not amounts.

    :raises AmbiguousValue: A value is not an amount, or can mean two amounts.
    """
    for column in columns:
        text = values.get(column, "")
        if not text or _said(text) is not None:
            continue
        if column == "cod" and text == "1" and values.get("order_total"):
            raise AmbiguousValue("payment.one_or_yes")
        number, unit = amount(text)
        return Price(number, column, unit)
    return None


def amount_to_collect(values: Mapping[str, str], total: str = "order_total") -> Price | None:
    """Return what is still to be paid: from its own column, or the order's total without what was paid already.

    :raises AmbiguousValue: Nothing is left to pay, or a value is not an amount.
    """
    due = price(values, "amount_due")
    if due is None:
        due, paid = price(values, total), price(values, "amount_paid")
        if due is not None and paid is not None and paid.number:
            due = evolve(due, number=due.number - paid.number)
    if due is not None and due.number <= 0:
        raise AmbiguousValue("payment.nothing_due", payment=values.get("payment", "")[:50])
    return due


def in_whole_cents(price: Price, unit: str) -> Decimal:
    """Return an amount of money without superfluous zeros.

    :raises AmbiguousValue: It has more decimal places than its currency.
    """
    places = 0 if unit in WITHOUT_CENTS else 2
    number = price.number
    if -int(number.as_tuple().exponent) > places:
        if number != round(number, places):
            raise AmbiguousValue("number.too_precise", text=str(number)[:30], places=places, currency=unit)
        number = round(number, places)
    return number


def currency(told: str, price: Price | None, country: str, terms: FileSchema) -> str:
    """Return the currency of an amount: from its own column, from beside the amount or its heading, or by the country.

    An order's total abroad may be in the shop's own currency, so there the country is not used.

    :raises AmbiguousValue: There are two currencies, or none.
    """
    unit = price.unit or terms.currencies.get(price.column, "") if price is not None else ""
    if told:
        code = currency_code(told)
        if unit and unit != code:
            raise AmbiguousValue("currency.contradicts", currency=code, unit=unit)
        return code
    if unit:
        return unit
    if price is not None and (price.column not in ("order_total", "amount_due") or country == HOME):
        return CURRENCY_OF.get(country, "") or _asked(country)
    return _asked(country)


def _asked(country: str) -> str:
    if not country:
        raise AmbiguousValue("currency.unknown_country")
    raise AmbiguousValue("currency.unknown", country=country)


def variable_symbol(text: str, reference: str) -> str:
    """Return the variable symbol. Default: the digits of the reference.

    :raises AmbiguousValue: The reference has no digits or too many, or a spreadsheet has lost some.
    """
    if text:
        symbol = without_damage(text)
        return symbol[:-2] if symbol.endswith(".0") and symbol[:-2].isdigit() else symbol
    digits = "".join(filter(str.isdecimal, reference))
    if not (1 <= len(digits) <= 10 and digits.isascii()):
        raise AmbiguousValue("variable_symbol.missing", reference=reference[:30], digits=len(digits))
    return digits
