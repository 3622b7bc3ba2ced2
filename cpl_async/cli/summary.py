"""The results of a job as text for the terminal, in the user's language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..messages import texts

if TYPE_CHECKING:
    from ..bulk import Formatter, JobRunner, JobSummary

__all__ = ["counted_rows", "in_words"]

WIDTH = 7


def in_words(summary: JobSummary, run: JobRunner[JobSummary]) -> str:
    """Return what became of a job, for the terminal."""
    out = run.sink.folder or Path()
    words, writing = texts("summary", run.options.language), _formatter(run.options.language)
    lines = [
        words["finished" if summary.already_done else "job"].format(job=summary.job, system=run.place.base_url),
        "",
    ]
    not_sent = words["not_sent"].format(count=summary.not_sent) if summary.not_sent else ""
    lines.append("  " + _beside(*counted_rows(summary.rows, run.options.language).rsplit(" ", 1)))
    for state in ("shipped", "shipped_without_label", "rejected", "undecided"):
        lines.append(
            "  " + _beside(str(getattr(summary, state)), words[state] + (not_sent if state == "undecided" else ""))
        )
    counts = ", ".join(
        writing.count(getattr(summary, of), noun).replace("\N{NO-BREAK SPACE}", " ")
        for of, noun in (("parcels", "parcel"), ("batches", "batch"), ("requests", "request"))
    )
    seconds = writing.number(summary.seconds, 1)
    lines += ["", f"  {counts}, {words['in_all'].format(seconds=f'{seconds} s')}", ""]
    lines += [f"  {name:<10} {place}" for name, place in _files(summary, run, out, words)]
    if summary.reasons:
        lines += ["", f"  {words['because']}"]
        lines += [f"  {reason.rows:>{WIDTH}} × {reason.text}" for reason in summary.reasons[:10]]
    return "\n".join([*lines, *_what_to_do(summary, run, out, words)])


def _formatter(language: str) -> Formatter:
    from ..bulk import Formatter  # Babel takes some 30 ms, and most commands end without it

    return Formatter(language)


def counted_rows(count: int, language: str) -> str:
    """Return the number of rows as text, with plain spaces."""
    return _formatter(language).count(count, "row").replace("\N{NO-BREAK SPACE}", " ")


def _beside(number: str, what: str) -> str:
    return f"{number:>{WIDTH}} {what}"


def _files(
    summary: JobSummary, run: JobRunner[JobSummary], out: Path, words: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the files that came out, by what they are."""
    found = []
    if summary.label_files:
        names = [str(out / name) for name in summary.label_files]
        many = f"{names[0]} … {names[-1]} ({words['files'].format(count=len(names))})"
        found.append((words["labels"], names[0] if len(names) == 1 else many))
    found.append((words["shipments"], str(out / "shipments.csv")))
    if summary.rejected:
        found.append((words["rejected_file"], f"{out / 'rejected.csv'} {words['copy']}"))
    for title, name in (("report", "report.html"), ("manifest", "manifest.pdf")):
        if run.options.reports and (out / name).exists():
            found.append((words[title], str(out / name)))
    return [*found, (words["summary"], str(out / "summary.json")), (words["journal"], run.place.display_text)]


def _what_to_do(summary: JobSummary, run: JobRunner[JobSummary], out: Path, words: Mapping[str, str]) -> list[str]:
    """Return what a person should do next."""
    lines = []
    if summary.unfinished and not run.options.strict:
        lines += ["", "  " + words["resume" if run.is_past_deadline else "again"].format(job=summary.job)]
    elif summary.undecided - summary.not_sent:
        lines += ["", f"  {words['resolve']}"]
    if summary.duplicates:
        lines += ["", "  " + words["twice"].format(count=summary.duplicates, file=out / "duplicates.csv")]
        lines.append(f"  {words['cancel']}")
    return lines
