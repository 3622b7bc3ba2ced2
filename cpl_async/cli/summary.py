"""The results of a job as text for the terminal, in the user's language."""

from __future__ import annotations

from ..bulk import FileJob, Formatter, JobSummary, ResumedJob

__all__ = ["WORDS", "counted_rows", "in_words"]

WIDTH = 7
WORDS = {
    "en": {
        "job": "Job {job} on {system}",
        "finished": "The job {job} was finished before: nothing was sent.",
        "shipped": "shipped, with label",
        "shipped_without_label": "shipped without label",
        "rejected": "rejected",
        "undecided": "undecided",
        "not_sent": ", of which {count} not sent",
        "in_all": "{seconds} in all runs",
        "files": "{count} files",
        "labels": "labels",
        "shipments": "shipments",
        "rejected_file": "rejected",
        "copy": "(copy it, mend it, send the copy)",
        "report": "report",
        "manifest": "manifest",
        "summary": "summary",
        "journal": "journal",
        "because": "Not shipped with a label, because:",
        "resume": "Run `cpl jobs resume {job}` to go on; what is settled is not sent again.",
        "again": "Run the same command again to go on; what is settled is not sent again.",
        "resolve": "Undecided rows are not sent again by themselves: settle them with cpl jobs resolve.",
        "twice": "There twice: {count}; see {file}.",
        "cancel": "Run the same command with --cancel-duplicates to cancel them.",
        "row": "row {}",
        "line": " (line {})",
        "column": "column {}",
        "whole": "whole row",
        "more": "… and {} more rows with mistakes, all in rejected.csv",
        "checked": "{rows} checked: {good} good, {bad} with mistakes. Nothing was sent.",
    },
    "cs": {
        "job": "Úloha {job}, {system}",
        "finished": "Úloha {job} už byla dokončena: nic se neodeslalo.",
        "shipped": "odesláno, se štítkem",
        "shipped_without_label": "odesláno bez štítku",
        "rejected": "odmítnuto",
        "undecided": "nerozhodnuto",
        "not_sent": ", z toho neodesláno {count}",
        "in_all": "{seconds} ve všech bězích",
        "files": "souborů: {count}",
        "labels": "štítky",
        "shipments": "zásilky",
        "rejected_file": "odmítnuté",
        "copy": "(zkopírujte, opravte a odešlete kopii)",
        "report": "zpráva",
        "manifest": "protokol",
        "summary": "souhrn",
        "journal": "deník",
        "because": "Bez štítku zůstalo, protože:",
        "resume": "Pokračujte příkazem `cpl jobs resume {job}`; co je vyřízeno, znovu se neodešle.",
        "again": "Pokračujte stejným příkazem; co je vyřízeno, znovu se neodešle.",
        "resolve": "Nerozhodnuté řádky se samy znovu neodešlou: vyřiďte je příkazem cpl jobs resolve.",
        "twice": "Dvakrát vytvořeno: {count}; viz {file}.",
        "cancel": "Stejný příkaz s --cancel-duplicates je zruší.",
        "row": "řádek {}",
        "line": " (v souboru {})",
        "column": "sloupec {}",
        "whole": "celý řádek",
        "more": "… a další řádky s chybami: {}, všechny jsou v rejected.csv",
        "checked": "Zkontrolováno, {rows}: v pořádku {good}, s chybami {bad}. Nic se neodeslalo.",
    },
}


def in_words(summary: JobSummary, run: FileJob | ResumedJob) -> str:
    """Return the results of a job as text for the terminal."""
    words, writing = WORDS[run.options.language], Formatter(run.options.language)
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
    lines += [f"  {name:<10} {place}" for name, place in _files(summary, run, words)]
    if summary.reasons:
        lines += ["", f"  {words['because']}"]
        lines += [f"  {reason.rows:>{WIDTH}} × {reason.text}" for reason in summary.reasons[:10]]
    return "\n".join([*lines, *_what_to_do(summary, run, words)])


def counted_rows(count: int, language: str) -> str:
    """Return the number of rows as text, with plain spaces."""
    return Formatter(language).count(count, "row").replace("\N{NO-BREAK SPACE}", " ")


def _beside(number: str, what: str) -> str:
    return f"{number:>{WIDTH}} {what}"


def _files(summary: JobSummary, run: FileJob | ResumedJob, words: dict[str, str]) -> list[tuple[str, str]]:
    """Return the output files with their descriptions."""
    found = []
    if summary.label_files:
        names = [str(run.out / name) for name in summary.label_files]
        many = f"{names[0]} … {names[-1]} ({words['files'].format(count=len(names))})"
        found.append((words["labels"], names[0] if len(names) == 1 else many))
    found.append((words["shipments"], str(run.out / "shipments.csv")))
    if summary.rejected:
        found.append((words["rejected_file"], f"{run.out / 'rejected.csv'} {words['copy']}"))
    for title, name in (("report", "report.html"), ("manifest", "manifest.pdf")):
        if run.options.reports and (run.out / name).exists():
            found.append((words[title], str(run.out / name)))
    return [*found, (words["summary"], str(run.out / "summary.json")), (words["journal"], run.place.display_text)]


def _what_to_do(summary: JobSummary, run: FileJob | ResumedJob, words: dict[str, str]) -> list[str]:
    """Return the next steps for the user."""
    lines = []
    if summary.unfinished and not run.options.strict:
        lines += ["", "  " + words["resume" if run.is_past_deadline else "again"].format(job=summary.job)]
    elif summary.undecided - summary.not_sent:
        lines += ["", f"  {words['resolve']}"]
    if summary.duplicates:
        lines += ["", "  " + words["twice"].format(count=summary.duplicates, file=run.out / "doubles.csv")]
        lines.append(f"  {words['cancel']}")
    return lines
