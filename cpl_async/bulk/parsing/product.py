"""The product of a row without a product code: by carrier, country, pickup point, company and cash on delivery."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...models.products import DOMESTIC_PRODUCTS, INTERNATIONAL_PRODUCTS, choose_product
from ...models.shipment_batches import WITHOUT_COD
from .ambiguous_value import AmbiguousValue
from .column_mapping import ShippingRule, ShopMapping
from .payment import shipping_rule, unknown_name
from .text import fold, tokens

__all__ = ["carried_by", "known_product", "product_code", "product_of"]

PICKUP = re.compile(r"vydej|vydajn|parcelshop|parcelbox|pickup|pickpoint|odbern|alzabox|box")
AT_HOME = ShippingRule()


NAMES = {
    "soukromybalik": "PRIV",
    "soukromybalikdobirka": "PRID",
    "firemnibalik": "BUSS",
    "firemnibalikdobirka": "BUSD",
    "pplparcelczprivate": "PRIV",
    "pplparcelczprivatedobirka": "PRID",
    "pplparcelczprivatecashondelivery": "PRID",
    "pplparcelczbusiness": "BUSS",
    "pplparcelczbusinessdobirka": "BUSD",
    "pplparcelczbusinesscashondelivery": "BUSD",
    "pplparcelczsmart": "SMAR",
    "pplparcelczsmartdobirka": "SMAD",
    "pplparcelczsmartcashondelivery": "SMAD",
    "pplparcelczsmart2box": "SBOX",
    "pplparcelconnect": "CONN",
    "pplparcelconnectdobirka": "COND",
}
"""Folded name of a product in the carrier's own tools and price list → its code."""
CODES = DOMESTIC_PRODUCTS | INTERNATIONAL_PRODUCTS
FORM = re.compile(r"[A-Z0-9]{4}")


def product_code(text: str) -> str:
    """Return the code of a product, from the code or the carrier's name for it.

    :raises AmbiguousValue: It is neither.
    """
    found = text if text in CODES else known_product(text)
    if found is None and FORM.fullmatch(text):
        return text  # the carrier may have more products than are known here
    if found is None:
        raise AmbiguousValue("product.unknown", text=text[:50])
    return found


def known_product(text: str) -> str | None:
    """Return the code of a known product, or ``None`` if the text is no code and no name of one."""
    code = text.strip().upper()
    return code if code in CODES else NAMES.get(fold(text))


def carried_by(text: str, names: ShopMapping) -> ShippingRule:
    """Return the rule of the shop's own name for a carrier.

    :raises AmbiguousValue: The name is not known, since it may mean another carrier.
    """
    if not text:
        return AT_HOME
    found = shipping_rule(names.carriers, text)
    if found is not None:
        return found
    if "ppl" not in tokens(text):
        raise unknown_name("carrier.unknown", names.carriers, text, "carriers")
    return ShippingRule(pickup_point=True) if PICKUP.search(fold(text)) else AT_HOME


def product_of(values: Mapping[str, str], country: str, carrier: ShippingRule, *, collects: bool) -> str:
    """Return the product code of a row without one.

    :raises AmbiguousValue: Carrier and pickup point contradict each other.
    """
    if carrier.product is not None:
        return WITHOUT_COD.get(carrier.product, carrier.product) if collects else carrier.product
    code = values.get("parcel_shop_code", "")
    if code and carrier.pickup_point is False:
        raise AmbiguousValue("carrier.goes_to_address", text=code[:30])
    return str(
        choose_product(
            country,
            pickup_point=bool(code or carrier.pickup_point),
            business=bool(values.get("company")),
            cash_on_delivery=collects,
        ).product
    )
