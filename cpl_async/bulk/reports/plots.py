"""The selection of plots for a job: plots with text and a table, or text alone for little data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise

from attrs import frozen

from .data import History, ReportData, RequestKind
from .formatting import Formatter
from .svg import BLUE, GREEN, ORANGE, PURPLE, RED, SIZES, Axis, Bar, Panel, Tick, bars, curve, own_names, panels
from .timeline import Timeline

__all__ = ["Plot", "plots_of", "ticks"]

FEWEST_BINS = 4
FEWEST_IMPORTS = 8
MAX_RUNS = 12
"""Maximum number of runs that are separated by lines; more would be unreadable."""
MAX_TICKS = {"wide": 9, "narrow": 4}
WALL_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)

Words = Mapping[str, str]


@frozen(kw_only=True)
class Plot:
    """A plot with its title, text and table."""

    name: str
    title: str
    words: list[str]
    drawings: dict[str, str]
    """Size → SVG; empty if there is too little to draw."""
    heading: list[str]
    table: list[list[str]]


def plots_of(data: ReportData, words: Words, writing: Formatter) -> list[Plot]:
    """Return the plots of a report."""
    plots = []
    if data.course is None or not data.course.grid.bins:
        plots.append(_said("throughput", words, words["no_times" if data.batches else "nothing_sent"]))
    else:
        plots += [_throughput(data.course, words, writing), _waits(data.course, words, writing)]
    return [*plots, _latency(data, words, writing), _kinds(data, words, writing)]


def ticks(grid: Timeline, writing: Formatter, most: int) -> list[Tick]:
    """Return round times of day within the run time of a job, with the day at each change of the day."""
    step = next((step for step in WALL_STEPS if grid.seconds / step <= most), WALL_STEPS[-1])
    found: list[Tick] = []
    last_day = writing.date(grid.runs[0].start)
    several = last_day != writing.date(grid.runs[-1].end)
    if several:
        last_day = ""
    for run in grid.runs:
        offset = int((writing.local(run.start).utcoffset() or writing.local(0).resolution).total_seconds())
        at = -(-(run.start + offset) // step) * step - offset
        while at <= run.end:
            second = grid.position(at)
            if not found or second - found[-1].second >= 0.7 * step:
                text = writing.time(at, seconds=step < 60)
                day = writing.date(at)
                found.append(Tick(second, f"{text}\n{writing.day(at)}" if day != last_day else text))
                last_day = day
            at += step
    return found


def _said(name: str, words: Words, text: str) -> Plot:
    return Plot(name=name, title=words[name], words=[text], drawings={}, heading=[], table=[])


def _drawn(name: str, draw: Callable[[str], str]) -> dict[str, str]:
    return {size: own_names(draw(size), f"{name}-{size}") for size in SIZES}


def _axis(grid: Timeline, words: Words, writing: Formatter, size: str) -> Axis:
    breaks = list(accumulate(run.end - run.start for run in grid.runs[:-1])) if len(grid.runs) <= MAX_RUNS else []
    zone = writing.local(grid.runs[0].start).tzname() or ""
    return Axis(
        edges=grid.edges, ticks=ticks(grid, writing, MAX_TICKS[size]), name=f"{words['clock']} {zone}", breaks=breaks
    )


def _throughput(course: History, words: Words, writing: Formatter) -> Plot:
    grid = course.grid
    time = writing.duration(grid.seconds)
    if grid.bins < FEWEST_BINS or not any((*course.sent, *course.imported, *course.shipped)):
        sums = {name: writing.number(sum(getattr(course, name))) for name in ("sent", "imported", "shipped")}
        return _said("throughput", words, words["too_short"].format(**sums, time=time))
    scale, unit = (1, "a_second") if grid.seconds < 180 else (60, "a_minute")
    widths = [(end - start) / scale for start, end in pairwise(grid.edges)]
    rows = [
        _panel(
            name,
            words[unit],
            [value / width for value, width in zip(values, widths, strict=True)],
            colour,
            words,
            writing,
        )
        for name, values, colour in (
            ("sent", course.sent, ORANGE),
            ("imported", course.imported, GREEN),
            ("stored", course.shipped, BLUE),
        )
    ]
    total = sum(course.shipped)
    said = words["throughput_words"].format(
        rows=writing.count(total, "row"),
        time=time,
        mean=writing.rough(total / grid.seconds * scale),
        peak=writing.rough(max(rows[2].values)),
        unit=words[unit],
    )
    names = [words["sent"], words["imported"], f"{words['stored']} ({words[unit]})"]
    return _over_time("throughput", [said], rows, names, grid, words, writing)


def _waits(course: History, words: Words, writing: Formatter) -> Plot:
    grid = course.grid
    most, worst = max(course.open_batches), max(course.waiting)
    if not most and not worst:
        return _said("waits", words, words["no_waits"])
    said = words["waits_words"].format(batches=writing.count(most, "batch"), waiting=writing.rough(worst))
    if grid.bins < FEWEST_BINS:
        return _said("waits", words, said)
    rows = [
        _panel("open_batches", words["open_unit"], course.open_batches, PURPLE, words, writing),
        _panel("waiting", words["waiting_unit"], course.waiting, RED, words, writing),
    ]
    return _over_time("waits", [said], rows, [words["open_batches"], words["waiting"]], grid, words, writing)


def _panel(name: str, unit: str, values: Sequence[float], colour: str, words: Words, writing: Formatter) -> Panel:
    title = words["at_most"].format(name=words[name], unit=unit, peak=writing.rough(max(values)))
    return Panel(title=title, values=values, colour=colour)


def _over_time(
    name: str,
    said: list[str],
    rows: Sequence[Panel],
    names: Sequence[str],
    grid: Timeline,
    words: Words,
    writing: Formatter,
) -> Plot:
    """Return a plot of several rows over the time of a job; rows with the same unit share one scale."""

    def draw(size: str) -> str:
        return panels(rows, _axis(grid, words, writing, size), writing, size, alike=name == "throughput")

    table = [
        [writing.time(grid.at(second), seconds=True), *(writing.rough(row.values[index]) for row in rows)]
        for index, second in enumerate(grid.edges[:-1])
    ]
    return Plot(
        name=name,
        title=words[name],
        words=[*said, *(_gaps(len(grid.runs), words, writing) if name == "throughput" else [])],
        drawings=_drawn(name, draw),
        heading=[words["clock"], *names],
        table=table,
    )


def _gaps(runs: int, words: Words, writing: Formatter) -> list[str]:
    if runs == 1:
        return []
    return [words["gaps"] if runs <= MAX_RUNS else words["many_gaps"].format(runs=writing.count(runs, "run"))]


def _latency(data: ReportData, words: Words, writing: Formatter) -> Plot:
    spread = data.import_times
    if not spread.count:
        return _said("latency", words, words["no_times" if data.batches else "no_imports"])
    shortest, median, p95, longest = (spread.quantiles[percent] for percent in (0, 50, 95, 100))
    batches = writing.count(spread.count, "batch")
    texts = {name: writing.duration(value) for name, value in (("median", median), ("p95", p95), ("longest", longest))}
    if spread.count < FEWEST_IMPORTS:
        said = words["few_imports"].format(batches=batches, shortest=writing.duration(shortest), **texts)
        return _said("latency", words, said)
    end = longest if longest <= 2.5 * p95 else 1.5 * p95  # a single straggler must not compress the rest of the plot
    end = end * 1.02 or 1.0
    marks = [(percent, words[name].format(time=texts[name])) for percent, name in ((50, "median"), (95, "p95"))]
    names = (words["latency_axis"], words["latency_share"])
    cut = [words["cut"].format(time=writing.duration(end))] if end < longest else []
    return Plot(
        name="latency",
        title=words["latency"],
        words=[words["latency_words"].format(batches=batches, **texts), *cut],
        drawings=_drawn("latency", lambda size: curve(spread.quantiles, end, marks, names, writing, size)),
        heading=[words["share"], words["within"]],
        table=[
            [writing.percent(percent, 100), writing.number(spread.quantiles[percent], 1)]
            for percent in (1, 5, 10, 25, 50, 75, 90, 95, 99, 100)
        ],
    )


def _kinds(data: ReportData, words: Words, writing: Formatter) -> Plot:
    kinds = sorted((kind for kind in data.request_kinds if kind.requests), key=lambda kind: -kind.requests)
    if not kinds:
        said = words["no_kinds"].format(requests=writing.count(data.requests, "request"))
        return _said("kinds", words, said if data.requests else words["no_requests"])
    total, failed = sum(kind.requests for kind in kinds), sum(kind.failed for kind in kinds)
    said = words["kinds_words" if failed else "kinds_good"].format(
        requests=writing.count(total, "request"), failed=writing.number(failed), share=writing.percent(failed, total)
    )
    rows = [_bar(kind, words, writing) for kind in kinds]
    return Plot(
        name="kinds",
        title=words["kinds"],
        words=[said],
        drawings=_drawn("kinds", lambda size: bars(rows, size)),
        heading=[words["kind"], words["requests"], words["failed_column"]],
        table=[[row.name, row.text, writing.number(kind.failed)] for row, kind in zip(rows, kinds, strict=True)],
    )


def _bar(kind: RequestKind, words: Words, writing: Formatter) -> Bar:
    return Bar(
        words.get(f"kind_{kind.kind}", kind.kind),
        kind.requests,
        writing.number(kind.requests),
        kind.failed,
        words["failed"].format(number=writing.number(kind.failed)),
    )
