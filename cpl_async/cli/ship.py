"""``cpl ship``: a file in, labels and a report out."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from ..bulk import (
    FOR_EXCEL,
    FOR_PROGRAMS,
    STDIN_NAME,
    JobOptions,
    JournalLocation,
    ReadingOptions,
    ShopMapping,
    check_file,
    file_run,
    load_mapping,
    spooled,
)
from ..messages import texts
from ..models.codes import LabelFormat
from .access import Access, Chosen, access_options, journal_of
from .failures import NOT_ALL, needing_extra, plain_failures
from .job_options import job_options
from .job_runner import Problems, StopMessages, run_job, sandbox_beside
from .languages import language_option
from .output import print_json, print_text, say
from .sender import sender_from
from .summary import counted_rows

__all__ = ["ship"]

FILE = click.Path(path_type=Path)
STANDARD_INPUT = Path("-")


@click.command(short_help="Ship the parcels of a file; get labels and a report.")
@click.argument("source", metavar="INPUT", type=FILE)
@click.option("--out", type=FILE, default=Path("out"), show_default=True, help="Folder for labels and reports.")
@click.option("--sandbox", is_flag=True, help="Ship to a sandbox in this process; no credentials, nothing is sent.")
@click.option("--check", is_flag=True, help="Read and check all rows, send nothing.")
@job_options("strict", "allow_reship")
@click.option("--distributed", is_flag=True, help="Hand the rows over to Celery workers, and follow them.")
@click.option("--shard-size", type=click.IntRange(1), help="Rows of a shard. Default: 10,000.")
@job_options("name")
@click.option("--sender", type=FILE, envvar="CPL_SENDER", help="TOML or JSON file with the sender's address.")
@click.option("--map", "names", type=FILE, help="TOML or JSON file with the shop's own names for columns and carriers.")
@click.option(
    "--from", "layout", help="Shop or tool that wrote the file, e.g. shoptet. Default: recognized by its headings."
)
@click.option("--encoding", help="Encoding of the file, e.g. windows-1250. Default: recognized from the file.")
@click.option("--delimiter", help="Delimiter of CSV, e.g. ';' or tab. Default: recognized from the file.")
@click.option("--sheet", help="Sheet of a workbook. Default: the first one.")
@click.option("--excel", is_flag=True, help="Write shipments.csv and rejected.csv as a Czech Excel opens them.")
@click.option(
    "--label-format",
    type=click.Choice(["pdf", "zpl", "png", "jpeg", "svg"], case_sensitive=False),
    default="pdf",
    show_default=True,
    help="Format of the labels.",
)
@job_options("a4")
@click.option("--position", type=click.IntRange(1, 4), help="Position of the first label on the first A4 sheet.")
@job_options(
    *("batch_size", "max_concurrency", "import_timeout", "settle_time", "deadline", "pilot_rows"),
    *("ignore_clock", "resend_unlabelled", "cancel_duplicates", "reports"),
)
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, and nothing else.")
@access_options
def ship(
    source: Path,
    out: Path,
    sandbox: bool,
    check: bool,
    sender: Path | None,
    label_format: str,
    position: int | None,
    names: Path | None,
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
    layout: str | None,
    excel: bool,
    as_json: bool,
    distributed: bool,
    shard_size: int | None,
    chosen: Chosen,
    **given: Any,
) -> None:
    """Ship the parcels of INPUT: CSV or a workbook of Excel with a heading, JSON Lines, Parquet; - is standard input.

    Delimiter, encoding and headings in Czech, Slovak and English are recognised, one row for each shipment.
    All rows are checked before anything is sent; good rows go on unless --strict. Run the same command again after
    any stop: what is settled is not done again.

    \b
    Examples:
      cpl ship shipments.csv --sandbox --out out
      cpl ship shipments.csv --check
      cpl ship orders.xlsx --map shop.toml --excel
      cpl ship shipments.csv --test-system --label-format zpl
      cpl ship shipments.csv --distributed

    \b
    Exit status:
      0    every row is shipped with its label
      1    some rows are rejected, undecided, without label, or there twice
      2    usage, configuration, or input that cannot be read; nothing was sent
      130  stopped by Ctrl-C

    \b
    Environment: CPL_CLIENT_ID, CPL_CLIENT_SECRET or CPL_CLIENT_SECRET_FILE, CPL_BASE_URL, CPL_SENDER,
    and CPL_STATE_DIR, the folder of the journals; for --distributed CPL_JOURNAL and CPL_BROKER.
    """
    if not str(out).strip() or (given["name"] is not None and not given["name"].strip()):
        raise click.UsageError("--out and --name must not be empty")
    if position is not None and not given["a4"]:
        raise click.UsageError("--position goes with --a4")
    if given["a4"] and label_format.lower() != "pdf":
        raise click.UsageError("--a4 goes with --label-format pdf")
    if shard_size is not None and not distributed:
        raise click.UsageError("--shard-size goes with --distributed")
    if sandbox and distributed:
        raise click.UsageError("--distributed needs a server that the workers reach: `cpl sandbox` is one to try")
    if sandbox and chosen.anything:
        raise click.UsageError("--sandbox takes no credentials and no address")
    with plain_failures(), _kept(source) as kept:
        options = JobOptions(
            label_format=LabelFormat(label_format.capitalize()),
            position=position or 1,
            sender=sender_from(sender) if sender else None,
            reading=_reading(source, names, encoding=encoding, delimiter=delimiter, sheet=sheet, layout=layout),
            tables=FOR_EXCEL if excel else FOR_PROGRAMS,
            **given,
        )
        if check:
            _check(kept, options, as_json)
            return
        if sandbox:
            place = JournalLocation.beside(out)
            reach: AbstractContextManager[Access] = sandbox_beside(place)
        else:
            access = chosen.access()
            place = journal_of(access)
            reach = nullcontext(access)
        run, words = file_run(kept, out, place, options), StopMessages()
        if distributed:
            with needing_extra("distributed"):
                from .distributed import WORDS, followed
            run, words = followed(run, chosen.profile or "", shard_size), WORDS
        run.prepare()
        with reach as reached:
            run_job(run, reached, as_json, words)


def _reading(source: Path, names: Path | None, **told: str | None) -> ReadingOptions:
    """Return the options for reading the input."""
    return ReadingOptions(
        names=load_mapping(names) if names else ShopMapping(),
        shown=STDIN_NAME if source == STANDARD_INPUT else None,
        **told,
    )


def _kept(source: Path) -> AbstractContextManager[Path]:
    """Return a context with the input file; standard input is copied to a file."""
    return spooled(sys.stdin.buffer) if source == STANDARD_INPUT else nullcontext(source)


def _check(source: Path, options: JobOptions, as_json: bool) -> None:
    language = options.language
    problems = Problems(say if as_json else print_text, language, every=True)
    checked = asyncio.run(check_file(source, options, problems))
    for note in checked.notes:
        say(f"note: {note}")
    good = checked.rows - checked.rejected
    if as_json:
        print_json({"rows": checked.rows, "good": good, "rejected": checked.rejected})
    else:
        rows = counted_rows(checked.rows, language)
        print_text(texts("summary", language)["checked"].format(rows=rows, good=good, bad=checked.rejected))
    if checked.rejected:
        raise SystemExit(NOT_ALL)
