"""What happened is binned by the working time of a job, and nothing is lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl_async.bulk.reports.data import History
from cpl_async.bulk.reports.formatting import Formatter
from cpl_async.bulk.reports.plots import ticks
from cpl_async.bulk.reports.timeline import (
    TimedCount,
    Timeline,
    TimeSpan,
    counted,
    highest,
    spread_of,
    timeline_over,
    waiting,
)

NOON = 1795518000.0  # 24 November 2026, 12:00 in Prague
DAY = 86_400.0


def test_events_between_runs_belong_to_the_earlier_run() -> None:
    grid = timeline_over([TimeSpan(1000, 1060), TimeSpan(5000, 5060)], most=12)
    assert (grid.step, grid.bins, grid.seconds) == (10, 12, 120)
    moments = [
        TimedCount(1000),
        TimedCount(1059),
        TimedCount(3000, 5),
        TimedCount(5000, 2),
        TimedCount(5060, 3),
        TimedCount(9999),
    ]
    assert counted(grid, moments) == [1, 0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 4]


def test_a_level_lasts_until_it_changes() -> None:
    grid = timeline_over([TimeSpan(0, 50)], most=5)
    assert highest(
        grid, [TimedCount(1, 1), TimedCount(2, 1), TimedCount(3, -1), TimedCount(25, 3), TimedCount(41, -4)]
    ) == [2, 1, 4, 4, 4]


def test_waits_are_averaged_over_their_bins() -> None:
    grid = timeline_over([TimeSpan(0, 50)], most=5)
    assert waiting(grid, [TimeSpan(5, 25), TimeSpan(12, 14)]) == pytest.approx([0.5, 1.2, 0.5, 0, 0])


def test_the_median_and_the_95_of_100_are_those_of_the_values() -> None:
    spread = spread_of([float(value) for value in range(200, -1, -1)])
    assert (spread.count, spread.quantiles[50], spread.quantiles[95], spread.quantiles[100]) == (201, 100, 190, 200)
    assert spread_of([]).quantiles == []


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.001, 1e6)), max_size=6),
    st.lists(st.floats(0, 3e6), max_size=30),
)
def test_nothing_is_lost_in_the_bins_and_they_stay_few(runs: list[tuple[float, float]], moments: list[float]) -> None:
    grid = timeline_over([TimeSpan(start, start + length) for start, length in runs])
    assert grid.bins <= 60
    assert sum(counted(grid, map(TimedCount, moments))) == (len(moments) if grid.bins else 0)
    edges = grid.edges if grid.bins else []
    assert edges == sorted(edges)


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(1, 1e5)), min_size=1, max_size=5), st.floats(0, 1))
def test_a_working_second_and_its_moment_are_the_same(runs: list[tuple[float, float]], share: float) -> None:
    grid = timeline_over([TimeSpan(start, start + length) for start, length in runs])
    second = grid.seconds * share
    assert grid.position(grid.at(second)) == pytest.approx(second, abs=1e-3)


def test_ticks_are_round_times_and_name_the_day() -> None:
    grid = Timeline([TimeSpan(NOON + 60, NOON + 1260), TimeSpan(NOON + DAY, NOON + DAY + 600)], 60)
    found = [tick.text for tick in ticks(grid, Formatter("cs", "Europe/Prague"), 6)]
    assert found == ["12:05\n24.\u00a011.", "12:10", "12:15", "12:20", "12:05\n25.\u00a011.", "12:10"]


def test_values_for_other_bins_are_refused() -> None:
    grid = timeline_over([TimeSpan(0, 50)], most=5)
    with pytest.raises(ValueError, match="sent has 2 values for 5 bins"):
        History(grid=grid, sent=[1, 2], imported=[0] * 5, shipped=[0] * 5, open_batches=[0] * 5, waiting=[0] * 5)
