"""The sandbox's pickup points are many, alike each time, true to the contract, plainly made up."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise, product
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cpl_async.sandbox.points import distance_km, make_points
from cpl_async.sandbox.towns import towns

from ..contract import body_schema

Points = list[dict[str, Any]]


@pytest.fixture(scope="module")
def points() -> Points:
    return make_points(1)


def test_points_depend_on_the_seed_only(points: Points) -> None:
    assert make_points(1) == points
    others = {point["accessPointCode"] for point in make_points(2)}
    assert len(others & {point["accessPointCode"] for point in points}) < 100


def test_points_of_a_seed_are_the_same_in_each_version() -> None:
    """Programs that were tried on the sandbox keep the codes of its points."""
    text = json.dumps(make_points(1), sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "8bb2a0f4a3bac12cfb9ef7989eb159b53c89176ce0d027eb4c5bc3a8b8ad1765"
    )


def test_most_of_thousands_of_points_are_czech(points: Points) -> None:
    countries = Counter(point["country"] for point in points)
    assert len(points) >= 5200
    assert set(countries) == {"CZ", "SK", "PL", "DE", "AT", "HU", "RO"}
    assert 0.55 < countries["CZ"] / len(points) < 0.65
    assert {point["accessPointType"] for point in points} == {"ParcelShop", "ParcelBox", "AlzaBox"}


def test_every_town_has_points_and_a_larger_town_no_fewer(points: Points) -> None:
    counts = Counter((point["country"], point["city"]) for point in points)
    for country, its_towns in towns().items():
        by_people = [counts[country, town.name] for town in sorted(its_towns, key=lambda town: town.population)]
        assert by_people[0] >= 3
        assert by_people == sorted(by_people)


def test_no_code_is_used_twice_or_means_that_it_does_not_exist(points: Points) -> None:
    codes = [point["accessPointCode"] for point in points]
    assert len(set(codes)) == len(codes)
    assert not [code for code in codes if code.endswith("000")]


def test_each_point_lies_near_the_middle_of_its_town(points: Points) -> None:
    places = {(country, town.name): town for country, its_towns in towns().items() for town in its_towns}
    for point in points:
        town = places[point["country"], point["city"]]
        assert distance_km(town.latitude, town.longitude, point) < 30


def test_a_distance_is_that_of_the_great_circle() -> None:
    point = {"gps": {"latitude": 60.0, "longitude": 15.0}}
    assert distance_km(59.0, 15.0, point) == pytest.approx(111.2, abs=0.1)
    assert distance_km(60.0, 14.0, point) == pytest.approx(111.2 / 2, abs=0.1)


def test_opening_hours_are_in_order_and_boxes_never_close(points: Points) -> None:
    for point in points:
        keys = ("weekDay", "dayPart", "openFrom", "openTo")
        hours = [tuple(item[key] for key in keys) for item in point["workHours"]]
        assert hours
        assert {(day, part) for day, part, _, _ in hours} <= set(product(range(1, 8), (1, 2)))
        times = [time for day, _, opens, closes in hours for time in ((day, opens), (day, closes))]
        assert all(before < after for before, after in pairwise(times))
        if point["dimensionForced"]:
            assert hours == [(day, 1, "00:00", "23:59") for day in range(1, 8)]


def test_each_point_is_whole_and_as_the_contract_has_it(points: Points) -> None:
    schema = body_schema("AccessPoint.AccessPoint")
    whole = set(schema["components"]["schemas"]["AccessPoint.AccessPoint"]["properties"])
    validator = Draft202012Validator(schema)
    assert [point for point in points if set(point) != whole or not validator.is_valid(point)] == []


def test_each_point_says_that_it_is_made_up(points: Points) -> None:
    for point in points:
        assert "TEST" in point["name"].split()
        assert all(words in point["accessPointNote"] for words in ("Vymyšlené", "made up"))
        assert (point["email"].partition("@")[2], point["phone"][-9:]) == ("example.com", "0" * 9)
