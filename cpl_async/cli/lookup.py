"""Read-only commands: pickup points, addresses, code lists, the customer, routes, news, info."""

from __future__ import annotations

import re
from typing import Any

import click

from ..client import Client
from ..errors import ConfigurationError, NotFound
from ..models.access_points import AccessPoint, NearbyAccessPoint
from ..resources.codelists import CODELISTS
from .connection import Connection, connected
from .failures import NOT_ALL
from .output import print_text, say
from .tables import local, show, show_json

__all__ = ["LOOKUPS"]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@click.command(short_help="Find pickup points near an address or a position.")
@click.option("--near", help="Address, town or postcode, e.g. 'Karlovo náměstí 1, 28002 Kolín'.")
@click.option("--position", help="LATITUDE,LONGITUDE in degrees, e.g. 50.0875,14.4213.")
@click.option("--code", help="One point by its code.")
@click.option("--country", default="CZ", show_default=True, help="Two letters.")
@click.option("--type", "kinds", multiple=True, type=click.Choice(["ParcelShop", "ParcelBox", "AlzaBox"]))
@click.option("--card", is_flag=True, help="Only where one can pay by card.")
@click.option("--size", "sizes", multiple=True, help="Only where parcels of this size fit; repeatable.")
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@connected
def points(
    connection: Connection,
    near: str | None,
    position: str | None,
    code: str | None,
    country: str,
    kinds: tuple[str, ...],
    card: bool,
    sizes: tuple[str, ...],
    count: int,
) -> None:
    """Find pickup points, nearest first.

    The API has no positions of addresses: --near takes the middle of the points of the postcode or town.

    \b
    Examples:
      cpl points --near "28002 Kolín"
      cpl points --position 50.0875,14.4213 --type ParcelBox --count 3
    """
    if not re.fullmatch("[A-Za-z]{2}", country):
        raise click.UsageError(f"--country takes two letters, e.g. SK, not {country!r}")
    if sum(bool(value) for value in (near, position, code)) != 1:
        raise click.UsageError("give exactly one of --near, --position and --code")
    filters: dict[str, Any] = {"country_code": country.upper()}
    filters |= {"access_point_types": list(kinds)} if kinds else {}
    filters |= {"active_card_payment": True} if card else {}
    filters |= {"sizes": list(sizes)} if sizes else {}
    place = _position(position) if position is not None else None

    async def look(client: Client) -> list[Any]:
        if code is not None:
            return [
                NearbyAccessPoint(point=found, distance_km=0)
                for found in await client.access_points.list(access_point_code=code)
            ]
        middle = place or await _middle_of(client, str(near), country.upper())
        return list(await client.access_points.nearest(latitude=middle[0], longitude=middle[1], count=count, **filters))

    found = connection.run(look)
    if connection.as_json:
        show_json([{"distanceKm": round(one.distance_km, 3), "accessPoint": one.point} for one in found])
    else:
        show(found, _POINT, as_json=False)
    if not found:
        raise SystemExit(NOT_ALL)


_POINT: dict[str, Any] = {
    "code": lambda near: near.point.access_point_code,
    "km": lambda near: f"{near.distance_km:.1f}" if near.distance_km else "",
    "kind": lambda near: near.point.access_point_type,
    "name": lambda near: near.point.name,
    "address": lambda near: ", ".join(
        part for part in (near.point.street, f"{near.point.zip_code or ''} {near.point.city or ''}".strip()) if part
    ),
    "card": lambda near: near.point.active_card_payment,
    "pickup": lambda near: near.point.pickup_enabled,
    "open": lambda near: _opening(near.point),
}


def _position(text: str) -> tuple[float, float]:
    match = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)\s*", text)
    if match is None or not (abs(float(match[1])) <= 90 and abs(float(match[2])) <= 180):
        raise click.UsageError(f"a position is LATITUDE,LONGITUDE in degrees, not {text!r}")
    return float(match[1]), float(match[2])


async def _middle_of(client: Client, address: str, country: str) -> tuple[float, float]:
    """Return the centre of the pickup points of an address's postcode, or else of its town.

    :raises ConfigurationError: There is no pickup point.
    """
    zip_code = re.search(r"\b(\d{3} ?\d{2}|\d{4,6}|\d{2}-\d{3})\b", address)
    town = re.sub(r"[\d/-]+[a-z]?\b", " ", address.rpartition(",")[2]).strip()
    searches: list[dict[str, Any]] = []
    searches += [{"zip_code": zip_code[1].replace(" ", "")}] if zip_code else []
    searches += [{"city": town}] if town else []
    for search in searches:
        spots = [
            (point.gps.latitude, point.gps.longitude)
            async for point in client.access_points.iterate(country_code=country, **search)
            if point.gps and point.gps.latitude is not None and point.gps.longitude is not None
        ]
        if spots:
            return sum(spot[0] for spot in spots) / len(spots), sum(spot[1] for spot in spots) / len(spots)
    raise ConfigurationError(f"no pickup point is at {address!r} in {country}: name a larger town, or give --position")


def _opening(point: AccessPoint) -> str:
    """Return opening hours in the usual notation: days with the same hours together."""
    by_day: dict[int, str] = {}
    for hour in sorted(point.work_hours, key=lambda one: (one.week_day or 0, one.day_part or 0)):
        if hour.week_day and hour.open_from and hour.open_to:
            text = f"{hour.open_from:%H:%M}–{hour.open_to:%H:%M}"
            by_day[hour.week_day] = f"{by_day[hour.week_day]} {text}" if hour.week_day in by_day else text
    parts: list[list[Any]] = []
    for day, text in sorted(by_day.items()):
        if parts and parts[-1][2] == text and parts[-1][1] == day - 1:
            parts[-1][1] = day
        else:
            parts.append([day, day, text])
    return ", ".join(f"{_day(first)}{'–' + _day(last) if last > first else ''} {text}" for first, last, text in parts)


def _day(number: int) -> str:
    return DAYS[number - 1] if 1 <= number <= 7 else str(number)


@click.command(short_help="Suggest addresses.")
@click.argument("street", required=False)
@click.option("--city", help="Beginning of the town's name.")
@click.option("--zip", "zip_code", help="Beginning of the postcode.")
@connected
def address(connection: Connection, street: str | None, city: str | None, zip_code: str | None) -> None:
    """Suggest addresses that begin with the given text: STREET with or without a number, a town, a postcode.

    \b
    Example:
      cpl address "Husova 12" --city Kolín
    """
    if not (street or city or zip_code):
        raise click.UsageError("give a STREET, --city or --zip")
    field = "Street" if street else "City" if city else "ZipCode"
    found = connection.run(
        lambda client: client.address_whisper.suggest(street=street, city=city, zip_code=zip_code, called_from=field)
    )
    columns: dict[str, Any] = {
        "street": lambda one: one.full_street or one.street,
        "part of town": lambda one: one.place if one.place != one.city else None,
        "city": lambda one: one.city,
        "postcode": lambda one: one.zip_code,
        "valid": lambda one: one.valid,
    }
    show(found, columns, as_json=connection.as_json)
    if not found:
        raise SystemExit(NOT_ALL)


@click.command(short_help="Show a code list.")
@click.argument("name", type=click.Choice([name.replace("_", "-") for name in CODELISTS]), metavar="NAME")
@connected
def codelist(connection: Connection, name: str) -> None:
    """Show the code list NAME; --language cs for its Czech names.

    NAME is age-checks, products, external-numbers, countries, currencies, services, service-price-limits,
    shipment-phases, statuses, validation-messages, identity-documents or document-types.

    \b
    Example:
      cpl codelist products
      cpl codelist statuses --language cs --json
    """

    async def look(client: Client) -> list[Any]:
        call = getattr(client.codelists, name.replace("-", "_"))
        return [entry async for entry in client.codelists.iterate(call)]

    columns: dict[str, Any] = {
        field.replace("_", " "): lambda entry, field=field: getattr(entry, field, None)
        for field in (
            "code", "name", "message", "cash_on_delivery", "allow_input", "service", "country", "product", "currency",
            "min_price", "max_price", "unreadable",
        )
    }  # fmt: skip
    show(connection.run(look), columns, as_json=connection.as_json)


@click.command(short_help="Show the customer's accounts and addresses.")
@connected
def customer(connection: Connection) -> None:
    """Show the customer's accounts, with the currencies of cash on delivery, and addresses.

    \b
    Example:
      cpl customer --json
    """

    async def look(client: Client) -> tuple[list[Any], list[Any]]:
        accounts, addresses = [], []
        try:
            accounts = (await client.customer.get()).accounts
        except NotFound:
            say("no accounts are configured")
        try:
            addresses = await client.customer.addresses()
        except NotFound:
            say("no addresses are configured")
        return accounts, addresses

    accounts, addresses = connection.run(look)
    if connection.as_json:
        show_json({"accounts": accounts, "addresses": addresses})
        return
    of_account: dict[str, Any] = {
        "currency": lambda one: one.currency,
        "country": lambda one: one.country,
        "bank": lambda one: one.bank_code,
        "SWIFT": lambda one: one.swift,
    }
    of_address: dict[str, Any] = {
        "code": lambda one: one.code,
        "name": lambda one: " – ".join(part for part in (one.name, one.name2) if part),
        "address": lambda one: f"{one.street or ''}, {one.zip_code or ''} {one.city or ''} ({one.country})",
        "default": lambda one: one.default,
    }
    if accounts:
        show(accounts, of_account, as_json=False)
    if accounts and addresses:
        print_text()
    if addresses:
        show(addresses, of_address, as_json=False)


@click.command(short_help="Show the routing of an address.")
@click.argument("country")
@click.option("--zip", "zip_code", help="Postcode.")
@click.option("--city", help="Town.")
@click.option("--street", help="Street with its number.")
@click.option("--point", "parcel_shop_code", help="Code of a pickup point, in place of an address.")
@click.option("--product", "product_type", help="Product code.")
@connected
def route(connection: Connection, /, country: str, **place: str | None) -> None:
    """Show the routing data that a label of your own needs for a shipment to a place in COUNTRY.

    \b
    Example:
      cpl route CZ --zip 28002 --product PRIV
    """
    chosen: dict[str, Any] = place
    found = connection.run(lambda client: client.routing.get(country.upper(), **chosen))
    columns: dict[str, Any] = {
        name.replace("_", " "): lambda one, name=name: getattr(one, name)
        for name in ("route_code", "depot_code", "delivery_tour", "sort_code", "unreadable")
    }
    show(found, columns, as_json=connection.as_json)


@click.command(short_help="Show news of the API and planned outages.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@connected
def news(connection: Connection, limit: int) -> None:
    """Show news of the API and planned outages.

    \b
    Example:
      cpl news
    """
    found = connection.run(lambda client: client.version_information.list(limit=limit)).items
    columns: dict[str, Any] = {
        "kind": lambda one: one.information_type,
        "title": lambda one: one.title,
        "from": lambda one: one.valid_from,
        "to": lambda one: one.valid_to,
        "description": lambda one: one.description,
        "address": lambda one: one.url,
        "unreadable": lambda one: one.unreadable,
    }
    show(found, columns, as_json=connection.as_json, nothing="no news")


@click.command(short_help="Show version, state and clock of the service.")
@connected
def info(connection: Connection) -> None:
    """Show version, state and clock of the service.

    \b
    Example:
      cpl info --test-system
    """
    found = connection.run(lambda client: client.info.get())
    columns: dict[str, Any] = {
        "application": lambda one: one.application,
        "version": lambda one: one.version,
        "state": lambda one: one.state,
        "time": lambda one: local(one.time),
        "running since": lambda one: local(one.start_time),
        "node": lambda one: one.node,
    }
    if connection.as_json:
        show_json(found)
    else:
        show([found], columns, as_json=False)


LOOKUPS = (points, address, codelist, customer, route, news, info)
"""All of them, for the command to add."""
