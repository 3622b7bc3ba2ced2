"""The product of a row without a product code: by carrier, country, pickup point, company and cash on delivery."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...models.products import choose_product
from ...models.shipment_batches import WITHOUT_COD
from .ambiguous_value import AmbiguousValue
from .column_mapping import ShippingRule, ShopMapping
from .payment import shipping_rule, unknown_name
from .text import fold, tokens

__all__ = ["carried_by", "product_of"]

PICKUP = re.compile(r"vydej|vydajn|parcelshop|parcelbox|pickup|pickpoint|odbern|alzabox|box")
AT_HOME = ShippingRule()


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
