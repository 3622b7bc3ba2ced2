"""The report as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..._version import __version__
from ...messages import texts
from .data import RejectionReason, ReportData, UndecidedReference
from .formatting import Formatter
from .plots import Plot, plots_of

__all__ = ["page_of"]

HERE = __name__.rpartition(".")[0]
"""The package with the templates, which may be in a zip file."""

KNOWN_SYSTEMS = ("production", "testing", "sandbox")


@frozen(kw_only=True)
class Share:
    """One of the four kinds of rows."""

    name: str
    rows: int
    text: str
    share: str
    percent: float


def page_of(data: ReportData) -> str:
    """Return the report as HTML."""
    doubles = len(data.doubles)
    data = data.fit_to_show()
    language = "cs" if data.language == "cs" else "en"
    words = texts("report", language)
    writing = Formatter(language, data.zone)
    plots = plots_of(data, words, writing)
    environment = Environment(
        loader=PackageLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        data=data,
        w=words,
        writing=writing,
        shares=_shares(data, writing),
        verdict=_verdict(data, words, writing),
        facts=_facts(data, words, writing),
        not_real=_not_real(data, words),
        open_reasons=[] if data.references else _grouped(data.open_rows),
        doubles=doubles,
        rest_open=data.undecided - len(data.open_rows),
        rest_rejected=data.rejected - sum(reason.rows for reason in data.reasons),
        plots=[(plot, _drawings(plot)) for plot in plots],
        style=Markup(_style()),  # noqa: S704 - a style sheet of this package
        made=words["made"].format(
            when=writing.timestamp_text(data.made_at),
            version=__version__,
            zone=writing.local(data.made_at).tzname() or "UTC",
        ),
    )


def _style() -> str:
    return (files(HERE) / "templates" / "report.css").read_text(encoding="utf-8")


def _drawings(plot: Plot) -> list[tuple[str, Markup]]:
    """Return size and drawing, with the title and the description for screen readers."""
    said = Markup("<title>{}</title><desc>{}</desc>").format(plot.title, " ".join(plot.words))
    return [(size, _with(svg, said)) for size, svg in plot.drawings.items()]


def _with(svg: str, said: Markup) -> Markup:
    head, _, rest = svg.partition(">")
    return Markup(f'{head} role="img">') + said + Markup(rest)  # noqa: S704 - the drawing escapes its texts


def _shares(data: ReportData, writing: Formatter) -> list[Share]:
    return [
        Share(
            name=name,
            rows=rows,
            text=writing.number(rows),
            share=writing.percent(rows, data.rows),
            percent=100 * rows / data.rows if data.rows else 0,
        )
        for name, rows in (
            ("shipped", data.shipped),
            ("unlabelled", data.unlabelled),
            ("rejected", data.rejected),
            ("undecided", data.undecided),
        )
    ]


def _verdict(data: ReportData, words: Mapping[str, str], writing: Formatter) -> str:
    if not data.rows:
        return words["none"]
    rows = writing.count(data.rows, "row")
    if data.shipped == data.rows:
        return words["all_done"].format(rows=rows)
    return words["some_done"].format(shipped=writing.number(data.shipped), rows=rows)


def _not_real(data: ReportData, words: Mapping[str, str]) -> str:
    if data.system not in ("testing", "sandbox"):
        return ""
    return words["not_real"].format(system=words[data.system])


def _facts(data: ReportData, words: Mapping[str, str], writing: Formatter) -> list[tuple[str, str]]:
    runs = data.course.grid.runs if data.course else []
    when = writing.period(runs[0].start, runs[-1].end) if runs else writing.timestamp_text(data.made_at)
    time = writing.duration(data.seconds)
    if data.runs > 1:
        time += ", " + words["in_runs"].format(runs=writing.count(data.runs, "run"))
    return [
        (words["job"], data.job),
        (words["system"], words[data.system] if data.system in KNOWN_SYSTEMS else data.system),
        (words["when"], when),
        (words["time"], time),
        (words["rows"], writing.number(data.rows)),
        (words["parcels"], writing.number(data.parcels)),
        (words["batches"], writing.number(data.batches)),
        (words["requests"], writing.number(data.requests)),
    ]


def _grouped(rows: list[UndecidedReference]) -> list[RejectionReason]:
    found: dict[str, int] = {}
    for row in rows:
        found[row.reason] = found.get(row.reason, 0) + 1
    return [RejectionReason(text, count) for text, count in sorted(found.items(), key=lambda item: -item[1])]
