"""Towns and street names for the sandbox's pickup points and address suggestions.

The data is in ``data/towns.json``; coordinates and populations come from GeoNames (CC BY 4.0,
https://www.geonames.org), rounded.
"""

from __future__ import annotations

from functools import cache

from attrs import frozen

from .data_files import load_json

__all__ = ["Town", "streets", "towns"]


@frozen(kw_only=True)
class Town:
    """A real town."""

    name: str
    zip_code: str
    """One postcode of the town, in the API's form."""
    latitude: float
    """Latitude of the centre in degrees."""
    longitude: float
    """Longitude of the centre in degrees."""
    population: int
    """Inhabitants, in thousands."""


@cache
def towns() -> dict[str, tuple[Town, ...]]:
    """Return the towns by country code."""
    return {country: tuple(Town(**row) for row in rows) for country, rows in load_json("towns.json")["towns"].items()}


@cache
def streets() -> dict[str, tuple[str, ...]]:
    """Return common street names by country code, in the country's language, as written before the number."""
    return {country: tuple(names) for country, names in load_json("towns.json")["streets"].items()}
