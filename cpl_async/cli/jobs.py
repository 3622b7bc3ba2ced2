"""``cpl jobs``: the jobs of this journal, the state of each, and the decisions about it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click
from attrs import asdict, evolve, frozen

from ..bulk import BulkJob, JobCancelled, Jobs, JournalLocation, Resolution, UndecidedRow
from .access import Access, Chosen, access_options, journal_of
from .connection import LANGUAGE
from .counting import counted
from .failures import NOT_ALL, plain_failures, quiet_libraries
from .job_options import job_options
from .job_runner import StopMessages, run_job, sandbox_beside
from .languages import language_option
from .output import print_json, print_text, say
from .tables import local, show

__all__ = ["jobs"]

FILE = click.Path(path_type=Path)


@frozen(kw_only=True)
class JobsAccount:
    """The account whose jobs are meant, or the sandbox of an output folder."""

    chosen: Chosen
    sandbox: Path | None
    as_json: bool

    def place(self) -> JournalLocation:
        """Return the location of the journal, without the secret."""
        return JournalLocation.beside(self.sandbox) if self.sandbox is not None else journal_of(self.chosen.account())

    @contextmanager
    def reached(self) -> Iterator[Access]:
        """Yield the access to the carrier."""
        if self.sandbox is None:
            yield self.chosen.access()
            return
        with sandbox_beside(self.place()) as access:
            yield access


def _confirm(question: str, *, yes: bool) -> None:
    """Prompt for confirmation unless ``yes`` is set.

    :raises click.UsageError: There is no user at a terminal.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to say yes: give --yes")
    click.confirm(question, abort=True, err=True)


def _show(items: Sequence[Any], columns: Mapping[str, Callable[[Any], Any]], *, as_json: bool, nothing: str) -> None:
    if as_json:
        print_json(items, asdict)
    else:
        show(items, columns, as_json=False, nothing=nothing)


def _of_account(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for the account of the jobs."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
    @click.option("--sandbox", type=FILE, metavar="OUT", help="Jobs of `cpl ship --sandbox --out OUT`.")
    @access_options
    @wraps(command)
    def call(*arguments: Any, as_json: bool, sandbox: Path | None, chosen: Chosen, **given: Any) -> None:
        if sandbox is not None and chosen.anything:
            raise click.UsageError("--sandbox takes no credentials and no address")
        quiet_libraries()
        with plain_failures():
            command(JobsAccount(chosen=chosen, sandbox=sandbox, as_json=as_json), *arguments, **given)

    return call


@click.group(short_help="List, resume, resolve, cancel and purge jobs.")
def jobs() -> None:
    """The jobs that were shipped from this machine, as the journal of the account knows them.

    \b
    Examples:
      cpl jobs list
      cpl jobs undecided shipments.csv-0a1b2c3d4e5f
      cpl jobs resolve shipments.csv-0a1b2c3d4e5f 2026-00017 --shipped-as 40900000017
    """


@jobs.command("list", short_help="All jobs, the newest first.")
@_of_account
def list_jobs(account: JobsAccount) -> None:
    """List all jobs of the account, the newest first.

    \b
    Example:
      cpl jobs list
    """
    place = account.place()
    found = asyncio.run(Jobs(place).list())
    columns: dict[str, Callable[[BulkJob], Any]] = {
        "job": lambda job: job.name,
        "begun": lambda job: job.created_at,
        "state": lambda job: job.state,
        "rows": lambda job: job.rows,
        "shipped": lambda job: job.shipped,
        "no label": lambda job: job.shipped_without_label,
        "rejected": lambda job: job.rejected,
        "cancelled": lambda job: job.cancelled,
        "undecided": lambda job: job.undecided,
    }
    _show(found, columns, as_json=account.as_json, nothing=f"no jobs yet in {place.display_text}")


@jobs.command("show", short_help="How one job stands.")
@click.argument("name")
@_of_account
def show_job(account: JobsAccount, name: str) -> None:
    """Show how one job stands, and where its journal lies.

    \b
    Example:
      cpl jobs show nightly-2026-03-01
    """
    place = account.place()
    job = asyncio.run(Jobs(place).show(name))
    if account.as_json:
        print_json(job, asdict)
        return
    facts = {"journal": place.display_text, **asdict(job), "created_at": local(job.created_at)}
    if place.url and (parts := asyncio.run(Jobs(place).shards(name))).shards:
        facts |= {
            "shards": f"{parts.done} of {parts.shards} done, {parts.leased} leased, {parts.free} free",
            **({"given back": parts.problem} if parts.problem else {}),
        }
    print_text("\n".join(f"{title.replace('_', ' '):<22} {value}" for title, value in facts.items()))


@jobs.command(short_help="Go on with a job; its input is not needed.")
@click.argument("name")
@click.option("--out", type=FILE, help="Another output folder than before.")
@job_options("settle_time", "deadline", "ignore_clock", "resend_unlabelled", "cancel_duplicates")
@language_option
@_of_account
def resume(account: JobsAccount, name: str, out: Path | None, **options: Any) -> None:
    """Resume a job where its last run ended, and search once more for duplicates.

    Neither its file nor standard input is needed: the journal has all rows. Exit status as of `cpl ship`.

    \b
    Example:
      cpl jobs resume nightly-2026-03-01
    """
    run = asyncio.run(Jobs(account.place()).resumed(name, out, lambda last: evolve(last, **options)))
    with account.reached() as access:
        run_job(run, access, account.as_json, StopMessages())


@jobs.command(short_help="Rows of which nobody knows whether they were created.")
@click.argument("name")
@_of_account
def undecided(account: JobsAccount, name: str) -> None:
    """List the rows of a job whose result is unknown, with the reasons.

    \b
    Example:
      cpl jobs undecided nightly-2026-03-01
    """

    place = account.place()

    async def find() -> list[UndecidedRow]:
        return [row async for row in Jobs(place).undecided(name)]

    found = asyncio.run(find())
    columns: dict[str, Callable[[UndecidedRow], Any]] = {
        "row": lambda row: row.number,
        "reference": lambda row: row.reference,
        "what is known": lambda row: row.message,
    }
    _show(found, columns, as_json=account.as_json, nothing="nothing is undecided")
    not_sent = asyncio.run(Jobs(place).show(name)).not_sent
    if not_sent:
        say(f"besides, {counted(not_sent, 'row')} certainly not sent: `cpl jobs resume {name}` sends them")


@jobs.command(short_help="Say how an undecided row ended.")
@click.argument("name")
@click.argument("reference")
@click.option("--shipped-as", "numbers", multiple=True, metavar="NUMBER", help="It exists; of a set all, master first.")
@click.option("--resend", is_flag=True, help="It does not exist: the next run sends it.")
@click.option("--abandon", is_flag=True, help="It does not exist, and is not to be sent.")
@_of_account
def resolve(
    account: JobsAccount, name: str, reference: str, numbers: tuple[str, ...], resend: bool, abandon: bool
) -> None:
    """Settle an undecided row, as a person has found out from the carrier.

    \b
    Examples:
      cpl jobs resolve nightly-2026-03-01 2026-00017 --shipped-as 40900000017
      cpl jobs resolve nightly-2026-03-01 2026-00018 --resend
    """
    if bool(numbers) + resend + abandon != 1:
        raise click.UsageError("give exactly one of --shipped-as, --resend and --abandon")
    resolution = Resolution.SHIPPED if numbers else Resolution.RESEND if resend else Resolution.ABANDON
    asyncio.run(Jobs(account.place()).resolve(name, reference, resolution, numbers=numbers))
    settled = f"{reference} is sent by the next `cpl jobs resume {name}`" if resend else f"{reference} is settled"
    say(settled)


@jobs.command(short_help="Remove the personal data of a job.")
@click.argument("name")
@click.option("--force", is_flag=True, help="Also when rows are not settled: they can then not be settled any more.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_of_account
def purge(account: JobsAccount, name: str, force: bool, yes: bool) -> None:
    """Remove the personal data of a job from the journal.

    Its counts stay, and keyed hashes of its references, so that none is shipped again by mistake. Files in the output
    folder are yours to remove.

    \b
    Example:
      cpl jobs purge nightly-2026-03-01
    """
    _confirm(f"Remove the personal data of the job {name}?", yes=yes)
    asyncio.run(Jobs(account.place()).purge(name, force=force))
    say(f"the personal data of {name} is removed from the journal")


@jobs.command(short_help="Cancel all of a job that can still be.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_of_account
def cancel(account: JobsAccount, name: str, yes: bool) -> None:
    """Cancel all shipments of a job that were not picked up yet, and see that they are cancelled.

    Exit status 1: some could not be cancelled, or are not seen cancelled.

    \b
    Example:
      cpl jobs cancel nightly-2026-03-01
    """
    store = Jobs(account.place())
    job = asyncio.run(store.show(name))
    shipments = counted(job.shipped + job.shipped_without_label, "shipment")
    _confirm(f"Cancel {shipments} of the job {name}?", yes=yes)

    async def work(access: Access) -> JobCancelled:
        async with access.client(language=LANGUAGE) as client:
            return await store.cancel(name, client.shipments)

    with account.reached() as access:
        result = asyncio.run(work(access))
    if account.as_json:
        print_json(result, asdict)
    else:
        print_text(f"{counted(result.cancelled, 'parcel')} cancelled, {len(result.refused)} not")
        say(f"labels and protocol are as before: `cpl jobs resume {name}` makes them without what is cancelled")
        for number, why in result.refused.items():
            say(f"{number}: {why}")
    if result.refused:
        raise SystemExit(NOT_ALL)
