"""Which product code a shipment needs, which people otherwise map by hand."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from .codelists import CodelistEntry, Country

__all__ = ["DOMESTIC_PRODUCTS", "INTERNATIONAL_PRODUCTS", "ProductChoice", "choose_product"]

HOME_COUNTRY = "CZ"
DOMESTIC_PRODUCTS = frozenset({"PRIV", "PRID", "BUSS", "BUSD", "SMAR", "SMAD", "SBOX"})
INTERNATIONAL_PRODUCTS = frozenset({"CONN", "COND", "COPL", "SMEU", "SMED"})
"""Products by destination (source: independent clients; the code list is the truth)."""
PRODUCT_CODES = {
    # inland, to a pickup point, business: without and with cash on delivery
    (True, False, False): ("PRIV", "PRID"),
    (True, False, True): ("BUSS", "BUSD"),
    (True, True, False): ("SMAR", "SMAD"),
    (True, True, True): ("SMAR", "SMAD"),
    (False, False, False): ("CONN", "COND"),
    (False, False, True): ("CONN", "COND"),
    (False, True, False): ("SMEU", "SMED"),
    (False, True, True): ("SMEU", "SMED"),
}


@frozen(kw_only=True)
class ProductChoice:
    """A product code, or why there is none."""

    product: str | None
    """E.g. ``PRIV``; ``None`` where no product fits."""
    reason: str
    """What it was chosen for, or why there is none."""


def choose_product(
    country: str,
    *,
    pickup_point: str | bool | None = None,
    business: bool = False,
    cash_on_delivery: bool = False,
    products: Iterable[CodelistEntry] | None = None,
    countries: Iterable[Country] | None = None,
) -> ProductChoice:
    """Choose the product for a shipment.

        >>> choose_product("CZ", cash_on_delivery=True).product
        'PRID'
        >>> choose_product("SK", pickup_point="SK10000001").product
        'SMEU'

    :param country: of the recipient, two letters, ISO 3166-1.
    :param pickup_point: the code of a pickup point, or whether it goes to one; to an address unless given.
    :param business: whether the recipient is a company; at a pickup point and abroad that makes no difference.
    :param cash_on_delivery: whether the courier collects money.
    :param products: the code list of products; without it the code is not checked.
    :param countries: the code list of countries; without it destination and cash on delivery are not checked.
    :return: the code with a reason; see :meth:`Client.choose_product` for one that is checked.
    """
    country = country.strip().upper()
    code = PRODUCT_CODES[country == HOME_COUNTRY, bool(pickup_point), bool(business)][bool(cash_on_delivery)]
    if countries is not None:
        known = {entry.code: entry for entry in countries if entry.code}
        if country not in known:
            return ProductChoice(product=None, reason=f"nothing is sent to {country!r}; known: {_listed(known)}")
        if cash_on_delivery and known[country].cash_on_delivery is False:
            paying = [name for name, entry in known.items() if entry.cash_on_delivery]
            reason = f"no money is collected in {country}; it is in {_listed(paying)}"
            return ProductChoice(product=None, reason=reason)
    if products is not None:
        codes = [entry.code for entry in products if entry.code]
        if code not in codes:
            return ProductChoice(product=None, reason=f"product {code} is not in the code list: {_listed(codes)}")
    where = "a pickup point" if pickup_point else "a company" if business else "a private address"
    money = "with" if cash_on_delivery else "without"
    return ProductChoice(product=code, reason=f"to {where} in {country}, {money} cash on delivery")


def _listed(codes: Iterable[str | None]) -> str:
    return ", ".join(sorted(code for code in codes if code))
