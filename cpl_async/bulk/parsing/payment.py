"""The detection of cash on delivery, its amount and its currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import frozen

from ..._nearest import nearest
from ...models.shipment_batches import WITH_COD
from .ambiguous_value import AmbiguousValue, without_damage
from .column_mapping import FileSchema, ShippingRule, ShopMapping
from .currency import CURRENCY_OF, currency_code
from .numbers import amount
from .text import answer, fold, tokens

__all__ = [
    "Price",
    "collected",
    "currency",
    "is_paid_on_delivery",
    "may_need_total",
    "price",
    "shipping_rule",
    "variable_symbol",
]

ON_DELIVERY = ("dobir", "dobier", "nachnahm", "pobran", "utanvet", "ramburs")
PAID = (
    *("kart", "card", "credit", "kredit", "prevod", "transfer", "wire", "bank", "paypal", "online", "apple", "google"),
    *("gopay", "comgate", "stripe", "twisto", "faktur", "invoice", "zaplacen", "zaplaten", "uhrazen", "uhraden"),
    *("paid", "prepaid", "predem", "vopred", "poukaz", "voucher"),
)
DOUBTFUL = frozenset(
    (
        *(
            "bez",
            "without",
            "no",
            "not",
            "ne",
            "nie",
            "pri",
            "prevzeti",
            "prevzati",
            "prevziati",
            "on",
            "at",
            "delivery",
        ),
        *("pickup", "doruceni", "kuryr", "kuryrovi", "kurierovi", "hotove", "hotovost", "cash"),
    )
)
"""Words beside which the others may have the opposite meaning: ``bez dobírky``, ``kartou při převzetí``."""
NOT = frozenset(("bez", "without", "no", "not", "ne", "nie", "neni"))
HOME = "CZ"


@frozen
class Price:
    """An amount with its column, and the currency that is written beside it."""

    number: Decimal
    column: str
    unit: str


def shipping_rule(names: Mapping[str, ShippingRule], text: str, table: str) -> ShippingRule | None:
    """Return the rule of the shop's own name, or ``None`` if there is no table of such names.

    :raises AmbiguousValue: There is a table, and the name is not in it.
    """
    if not names:
        return None
    found = names.get(text)
    if found is None:
        plain = {fold(name): name for name in names}
        if (name := plain.get(fold(text))) is not None:
            return names[name]
        near = nearest(text, names)
        if near:
            raise AmbiguousValue("map.unknown_name_near", text=text[:50], table=table, near=near)
        raise AmbiguousValue("map.unknown_name", text=text[:50], table=table)
    return found


def is_paid_on_delivery(text: str, names: ShopMapping) -> bool | None:
    """Return whether a payment is made on delivery, or ``None`` if the row has no payment.

    :raises AmbiguousValue: The payment is not known.
    """
    if not text:
        return None
    found = shipping_rule(names.payments, text, "payments")
    if found is not None and found.cash_on_delivery is not None:
        return found.cash_on_delivery
    words = tokens(text)
    on_delivery = "cod" in words or any(word.startswith(ON_DELIVERY) for word in words)
    in_advance = "qr" in words or any(word.startswith(PAID) for word in (*words, fold(text)))  # GoPay is one word
    if " ".join(words) in ("cash on delivery", "pay on delivery"):
        return True
    if (on_delivery or in_advance) and not ("bez" in words if on_delivery else DOUBTFUL.intersection(words)):
        return on_delivery
    raise AmbiguousValue("payment.unknown", text=text[:50])


def _said(text: str) -> bool | None:
    """Return the meaning of a cell about cash on delivery: ``ano``, ``ne``, ``dobírkou``, ``bez dobírky``."""
    answered = answer(text)
    if answered is None and not any(map(str.isdigit, text)):
        words = tokens(text)
        if "cod" in words or any(word.startswith(ON_DELIVERY) for word in words):
            others = [word for word in words if word not in NOT and not word.startswith((*ON_DELIVERY, "cod", "na"))]
            return None if others else not NOT.intersection(words)
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
    if price is not None and (price.column != "order_total" or country == HOME):
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
