"""Product codes by destination, recipient and payment of a shipment."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from .codelists import CodelistEntry, Country

__all__ = ["DOMESTIC_PRODUCTS", "INTERNATIONAL_PRODUCTS", "ProductChoice", "choose_product"]

HOME_COUNTRY = "CZ"
DOMESTIC_PRODUCTS = frozenset({"PRIV", "PRID", "BUSS", "BUSD", "SMAR", "SMAD", "SBOX"})
INTERNATIONAL_PRODUCTS = frozenset({"CONN", "COND", "COPL", "SMEU", "SMED"})
"""Products by destination (source: independent clients; the code list is authoritative)."""
PRODUCT_CODES = {
    # (domestic, to a pickup point, business): (without, with) cash on delivery
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
    """A product code, or the reason why no product fits."""

    product: str | None
    """Product code, e.g. ``PRIV``, or ``None`` if no product fits."""
    reason: str
    """Reason for the choice, or why no product fits."""


def choose_product(
    country: str,
    *,
    pickup_point: str | bool | None = None,
    business: bool = False,
    cash_on_delivery: bool = False,
    products: Iterable[CodelistEntry] | None = None,
    countries: Iterable[Country] | None = None,
) -> ProductChoice:
    """Return the product for a shipment.

        >>> choose_product("CZ", cash_on_delivery=True).product
        'PRID'
        >>> choose_product("SK", pickup_point="SK10000001").product
        'SMEU'

    :param country: Country code of the recipient, ISO 3166-1 alpha-2.
    :param pickup_point: Code of a pickup point, or whether the shipment goes to one. Default: to an address.
    :param business: Whether the recipient is a company; irrelevant for pickup points and abroad. Default: ``False``.
    :param cash_on_delivery: Whether the courier collects money. Default: ``False``.
    :param products: Code list of products. Default: the code is not checked.
    :param countries: Code list of countries. Default: destination and cash on delivery are not checked.
    :return: The code with a reason; :meth:`Client.choose_product` checks it against the code lists.
    """
    country = country.strip().upper()
    code = PRODUCT_CODES[country == HOME_COUNTRY, bool(pickup_point), bool(business)][bool(cash_on_delivery)]
    if countries is not None:
        by_code = {entry.code: entry for entry in countries if entry.code}
        if country not in by_code:
            return ProductChoice(product=None, reason=f"nothing is sent to {country!r}; known: {_joined(by_code)}")
        if cash_on_delivery and by_code[country].cash_on_delivery is False:
            cod_countries = [name for name, entry in by_code.items() if entry.cash_on_delivery]
            reason = f"no money is collected in {country}; it is in {_joined(cod_countries)}"
            return ProductChoice(product=None, reason=reason)
    if products is not None:
        codes = [entry.code for entry in products if entry.code]
        if code not in codes:
            return ProductChoice(product=None, reason=f"product {code} is not in the code list: {_joined(codes)}")
    recipient = "a pickup point" if pickup_point else "a company" if business else "a private address"
    preposition = "with" if cash_on_delivery else "without"
    return ProductChoice(product=code, reason=f"to {recipient} in {country}, {preposition} cash on delivery")


def _joined(codes: Iterable[str | None]) -> str:
    return ", ".join(sorted(code for code in codes if code))
