"""The output folder of a job: labels, tables of shipped and rejected rows, and the summary."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from attrs import asdict, define, field, frozen

from ...errors import ConfigurationError
from ...messages import Message, message, text_of
from ...plain_text import plain, plain_json, plain_table_cell
from ...system.atomic_file import replacing
from ...system.locked_file import runtime_folder
from ..journal.continuity import unknown_job
from ..journal.journal import Job, Journal
from ..journal.reconciliation_repository import DUPLICATE, TO_CANCEL, ExtraParcel, ReconciliationRepository
from ..journal.row_queries import RowQueries, RowRecord
from ..options import JobOptions, TableStyle
from ..parsing.column_mapping import FileSchema
from ..parsing.columns import OURS, PLAIN_COLUMNS
from ..readers.formula_escape import harmless
from ..readers.header import schema_below
from ..records import GOES_ON, WITHOUT_LABEL, RowState, ends_of
from .label_merge import CALLED_OFF, MERGED_NAME, IncrementalMerger, LabelMerger, MergeError, MergeOrder, MergePolicy

__all__ = ["JobSummary", "OutputFolder", "ReasonCount", "WrittenFiles", "messages_of", "schema_of", "state_reported"]

logger: logging.Logger = logging.getLogger("cpl_async")
SHIPMENTS, REJECTED, DUPLICATES, SUMMARY = "shipments.csv", "rejected.csv", "duplicates.csv", "summary.json"
PICTURES = "labels"
MAX_REASONS = 50
REPORT_FILES = ("report.html", "manifest.pdf")
DUPLICATES_HEADER = ("reference_id", "counts", "duplicate", "parcel_numbers", "message")
OF_STATE = {
    RowState.ACCEPTED: "import.pending",
    RowState.CREATED: "label.not_fetched",
    RowState.CANCELLING: "cancel.pending",
    RowState.SENDING: "unknown.sending",
}
"""Message of rows in a state that have none of their own."""
HEADER = ("reference_id", "shipment_number", "state", "message", "label", "parcel_numbers")


@frozen(kw_only=True)
class ReasonCount:
    """A reason why rows are not shipped, and the number of these rows."""

    code: str
    """Code of the message, e.g. ``cell.empty``."""
    column: str
    """Column of the problem, or an empty text for a whole row."""
    text: str
    """Text of the reason, without references and values of rows."""
    rows: int


@frozen(kw_only=True)
class JobSummary:
    """The results of a job; the five kinds of rows add up to all of them."""

    job: str
    job_id: str
    rows: int
    shipped: int
    """Rows with a live number and all their labels."""
    shipped_without_label: int
    rejected: int
    cancelled: int
    """Rows that were shipped and then cancelled by `cpl jobs cancel`."""
    undecided: int
    not_sent: int
    """Number of undecided rows that were certainly not sent."""
    unfinished: int
    """Rows that the next run processes further automatically."""
    duplicates: int
    """Duplicates: live shipments of rows that were sent again although the first shipment existed."""
    parcels: int
    batches: int
    """Batches that the server accepted."""
    requests: int
    """Requests of all runs of the job."""
    seconds: float
    """Seconds of all runs of the job."""
    base_url: str = ""
    """The system that it was shipped to."""
    account: str = ""
    """Digest of base URL and client id."""
    journal: str = ""
    """Id of the journal that holds the job."""
    attempts: int = 0
    """Number of send attempts in the journal when this summary was written."""
    already_done: bool = False
    """Whether there was nothing left to do, and nothing was sent."""
    layout: str = "single"
    label_files: list[str] = field(factory=list)
    reasons: list[ReasonCount] = field(factory=list)
    """Why rows are not shipped, the most frequent reason first."""

    @property
    def all_shipped(self) -> bool:
        """Whether every row is shipped with its label."""
        return self.shipped == self.rows and not self.duplicates

    def as_json(self) -> str:
        """Return the summary as JSON."""
        return plain_json(json.dumps(asdict(self), ensure_ascii=False, indent=2))


@frozen(kw_only=True)
class WrittenFiles:
    """The files of a job that are written so far."""

    summary: JobSummary
    reasons: dict[str, Counter[Message]]
    """Why rows are not shipped, by the state in the report."""
    names: list[str]
    """Names of the merged label files."""
    order: MergeOrder = field(repr=False)
    """The merged files that should be made, with their labels."""


@define
class OutputFolder:
    """The output folder of one run."""

    folder: Path
    options: JobOptions
    merge_policy: MergePolicy = field(factory=MergePolicy)
    joints: LabelMerger = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.joints = LabelMerger(self.folder, self.options, self.merge_policy)

    def label_dir(self, job: Job) -> Path:
        """Folder of the single labels of a job; another job has another folder."""
        return self.folder / f"parts-{job.uid[:12]}"

    @property
    def picture_dir(self) -> Path:
        """Folder of labels that are not merged."""
        return self.folder / PICTURES

    def prepare(self, source: Path | None = None) -> None:
        """Create the folder, and verify that it is writable and that the input is safe.

        :param source: Path of the input, or ``None`` if the input is not a file of this host.
        :raises ConfigurationError: A name is not UTF-8, the folder cannot be written, or an output would overwrite the
            input.
        """
        for path in (self.folder.absolute(), *([Path(source.name)] if source is not None else ())):
            if any("\ud800" <= letter <= "\udfff" for letter in str(path)):  # the journal stores its name as text
                raise ConfigurationError(f"the path {plain(str(path))} cannot be used: its name is not UTF-8")
        real = source.resolve() if source is not None else Path()
        ours = {(self.folder / name).resolve() for name in (SHIPMENTS, REJECTED, DUPLICATES, SUMMARY, *REPORT_FILES)}
        if real in ours or (real.parent == self.folder.resolve() and MERGED_NAME.fullmatch(real.name)):
            raise ConfigurationError(
                f"the output {real.name} would overwrite the input: choose another --out, or move the input"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise ConfigurationError(
                f"the output folder {self.folder} cannot be written: {error.strerror or error}"
            ) from None
        for name in (SHIPMENTS, REJECTED, DUPLICATES, SUMMARY, *REPORT_FILES, "labels.pdf", "labels.zpl"):
            if (self.folder / name).is_dir():
                raise ConfigurationError(f"the output {self.folder / name} cannot be written: it is a folder")

        for place in (self.picture_dir, *self.folder.glob("parts-*")):
            if place.is_symlink():
                raise ConfigurationError(
                    f"the output {place} cannot be written: it is a symbolic link, which is not followed"
                )

    @property
    def lock(self) -> Path:
        """File of the lock that keeps two runs out of one folder, in a place where no other user can hold it.

        It is in the private folder of the user's running processes, or in the output folder if there is no such folder.
        """
        try:
            mark = hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:16]
            return runtime_folder() / f"out-{mark}.lock"
        except OSError:
            return self.folder / ".cpl.lock"

    def missing(self, files: Sequence[str]) -> list[str]:
        """Return the files in the journal that do not exist any more."""
        return [name for name in files if not (self.folder / name).is_file()]

    @property
    def layout(self) -> str:
        """Return the layout of the labels, for the summary."""
        return f"A4 from position {self.options.position}" if self.options.a4 else "single"

    def is_complete_for(self, job: Job, files: Sequence[str]) -> bool:
        """Return whether this folder holds all files of a finished job, as its last run left them.

        :param files: Label files in the journal; merged files were made from them, single files are the labels
            themselves.
        """
        before = self._previous_summary()
        try:
            joint = [str(name) for name in before["label_files"]]
            same = before["job_id"] == job.uid and before["layout"] == self.layout
        except (KeyError, TypeError):
            return False
        reports = [SHIPMENTS, REJECTED]
        return bool(same) and not self.missing([*reports, *(joint if self.options.merges_labels else files)])

    def previous_job(self, job: Job) -> str | None:
        """Return the name of another job whose results are in this folder, or ``None`` if there is no such job."""
        before = self._previous_summary()
        return str(before.get("job", "?")) if before and before.get("job_id") != job.uid else None

    def _previous_summary(self) -> dict[str, Any]:
        try:
            found = json.loads((self.folder / SUMMARY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    async def verify_journal(self, journal: Journal) -> None:
        """Compare the journal with the results of an earlier run of this account in this folder.

        :raises JournalError: The journal does not hold the job of that run: it is another journal, and would ship it
            again.
        """
        before = self._previous_summary()
        if not journal.place.keeps_mark or before.get("account") != journal.place.account:
            return
        if not await journal.knows(str(before.get("job_id"))):
            raise unknown_job(journal.place, str(self.folder), str(before.get("job")))
        counter = before.get("attempts")
        await journal.notice_counter(str(before.get("journal")), counter if isinstance(counter, int) else 0)

    async def write_tables(self, journal: Journal, job: Job, *, why_not_sent: Message | None = None) -> WrittenFiles:
        """Write the result of each row, and the order in which the labels should be merged.

        :param why_not_sent: Message for rows that were not sent. Default: ``None``.
        """
        results = journal.row_queries
        _, _, labels = await results.totals(job.id)
        names = self.joints.names(labels)
        self._clear_other_job(job)
        reasons, order = await self._write_rows(results, job, names, why_not_sent)
        doubles = await self._write_duplicates(journal.reconciliation, job)
        counted = sum(reasons.values(), Counter[Message]())
        summary = await self.summary(journal, job, names=names, reasons=counted, doubles=doubles)
        return WrittenFiles(summary=summary, reasons=reasons, names=names, order=order)

    async def merge_labels(self, written: WrittenFiles) -> MergeError | None:
        """Merge the labels in the order of the input and return the error, or ``None`` on success."""
        failure = await self.joints.make(written.order)
        summary = written.summary
        all_off = summary.cancelled and not summary.shipped and not summary.shipped_without_label
        if failure is None and (written.names or (all_off and self.options.merges_labels)):
            self.joints.remove(keep=written.names)
        return failure

    @asynccontextmanager
    async def merging(self, results: RowQueries, job: Job) -> AsyncIterator[None]:
        """Merge labels while the block runs; if the block is cancelled, so is the merge."""
        if not self.options.merges_labels:
            yield
            return
        early = IncrementalMerger(self.joints, results, job.id, lambda: self._clear_other_job(job))
        joining = asyncio.create_task(early.run())
        try:
            yield
        except BaseException:
            joining.cancel()
            raise
        finally:
            early.end()
            (failure,) = await asyncio.gather(joining, return_exceptions=True)
            if isinstance(failure, Exception):  # the end of the run merges the rest, and reports the error
                logger.info("labels were not merged while the job was running: %s", failure)

    def _clear_other_job(self, job: Job) -> None:
        """Remove the labels and reports of another job, so that they are not printed again by mistake."""
        if self.previous_job(job) is not None:
            self.joints.remove(keep=self.joints.merged)
            for name in REPORT_FILES:
                (self.folder / name).unlink(missing_ok=True)

    def write_summary(self, written: WrittenFiles) -> None:
        """Write the summary, after all other files."""
        with replacing(self.folder / SUMMARY) as fresh:
            fresh.write_text(written.summary.as_json() + "\n", encoding="utf-8")

    async def summary(
        self,
        journal: Journal,
        job: Job,
        *,
        names: Sequence[str] | None = None,
        reasons: Counter[Message] | None = None,
        doubles: int = 0,
        already_done: bool = False,
    ) -> JobSummary:
        """Return the results of a job.

        :param names: Merged label files. Default: those of the last run.
        :param reasons: Why rows are not shipped, with their counts. Default: those of the last run.
        :param doubles: Number of duplicates.
        :param already_done: Whether there was nothing left to do. Default: ``False``.
        """
        results = journal.row_queries
        counts = await results.counts(job.id)
        batches, parcels, labels = await results.totals(job.id)
        ends = ends_of(counts)
        before = self._previous_summary() if names is None else {}
        files = list(before.get("label_files", ()) if names is None else names)
        if reasons is None:
            found = [ReasonCount(**reason) for reason in before.get("reasons", ())]
        else:
            found = self._reason_counts(reasons)
        return JobSummary(
            job=job.name,
            job_id=job.uid,
            rows=sum(counts.values()),
            **asdict(ends),
            unfinished=sum(counts[state] for state in GOES_ON) + await results.count_ever_unknown(job.id),
            duplicates=doubles,
            parcels=parcels,
            batches=batches,
            requests=job.requests,
            seconds=round(job.seconds, 3),
            base_url=journal.place.base_url,
            account=journal.place.account,
            journal=journal.uid,
            attempts=await journal.counter(),
            already_done=already_done,
            layout=self.layout,
            label_files=files if self.options.merges_labels else [PICTURES] if labels else [],
            reasons=found,
        )

    async def _write_rows(
        self, results: RowQueries, job: Job, names: Sequence[str], why_not_sent: Message | None
    ) -> tuple[dict[str, Counter[Message]], MergeOrder]:
        reasons: dict[str, Counter[Message]] = {}
        columns = [name for name in job.columns if name and name not in OURS] or PLAIN_COLUMNS
        schema, language = schema_of(job, self.options), self.options.language
        index = 0
        with (
            _table(self.folder / SHIPMENTS, HEADER, self.options.tables) as add_shipment,
            _table(self.folder / REJECTED, (*columns, *OURS), self.options.tables) as add_rejected,
            self.joints.order(names.__getitem__) as order,
        ):
            async for row in results.rows(job.id):
                places: list[str] = []
                for parcel in row.parcels:
                    if parcel.file is None or row.state in CALLED_OFF:
                        continue
                    if names:
                        file, page = self.joints.place(index)
                        places.append(f"{names[file]}#{page}")
                        order.add(parcel.file, parcel.page or 0)
                    else:
                        places.append(parcel.file)
                    index += 1
                problems = messages_of(row, why_not_sent)
                reported = _reported(row, text_of(problems, language), places)
                add_shipment(reported)
                if row.state is RowState.REJECTED:
                    codes = " ".join(dict.fromkeys(problem.code for problem in problems))
                    text = text_of(problems, language, schema.heading)
                    add_rejected([*(row.raw.get(name, "") for name in columns), codes, text])
                if row.state is not RowState.SHIPPED:
                    reasons.setdefault(reported[2], Counter())[_reason(row, problems)] += 1
        return reasons, order

    async def _write_duplicates(self, unclear: ReconciliationRepository, job: Job) -> int:
        """Write the duplicates to a file, if there are any, and return the number of shipments."""
        language = self.options.language
        strays = await unclear.extra_parcels(job.id, (DUPLICATE, TO_CANCEL))
        if not strays:
            (self.folder / DUPLICATES).unlink(missing_ok=True)
            return 0
        by_master: dict[str, list[ExtraParcel]] = {}
        for stray in strays:
            by_master.setdefault(stray.master, []).append(stray)
        with _table(self.folder / DUPLICATES, DUPLICATES_HEADER, self.options.tables) as add:
            for master, (first, *others) in by_master.items():
                numbers = " ".join(stray.number for stray in (first, *others))
                add([first.reference, first.shipment_number or "", master, numbers, text_of(first.problems, language)])
        return len(by_master)

    def _reason_counts(self, reasons: Counter[Message]) -> list[ReasonCount]:
        language = self.options.language
        return [
            ReasonCount(code=reason.code, column=reason.column, text=text_of([reason], language), rows=count)
            for reason, count in reasons.most_common(MAX_REASONS)
        ]

    def remove_single_labels(self, job: Job) -> None:
        """Remove the single labels; the merged files hold them all."""
        shutil.rmtree(self.label_dir(job), ignore_errors=True)


def schema_of(job: Job, options: JobOptions) -> FileSchema:
    """Return the column names in the input of a job."""
    columns = [name for name in job.columns if name and name not in OURS] or PLAIN_COLUMNS
    return schema_below(columns, options.reading.names)


def messages_of(row: RowRecord, why_not_sent: Message | None) -> tuple[Message, ...]:
    """Return why a row is not shipped; a row without messages gets the one of its state.

    :param why_not_sent: Why sending ended, or ``None`` if it did not.
    """
    if row.stored_problems:
        return row.problems
    if row.state is RowState.PLANNED:
        not_sent = message("send.not_sent")
        return (message("send.not_sent_because", reason=why_not_sent) if why_not_sent is not None else not_sent,)
    code = OF_STATE.get(row.state)
    return (message(code),) if code is not None else ()


def state_reported(state: RowState) -> RowState:
    """Return the state of a row in a report: one of the five final ones."""
    if state in WITHOUT_LABEL:
        return RowState.UNLABELLED
    if state in (RowState.SHIPPED, RowState.REJECTED, RowState.CANCELLED):
        return state
    return RowState.UNDECIDED


def _reported(row: RowRecord, message: str, places: Sequence[str]) -> list[str]:
    return [
        row.reference,
        row.shipment_number or "",
        state_reported(row.state).value,
        message,
        " ".join(places),
        " ".join(parcel.number for parcel in row.parcels),
    ]


def _reason(row: RowRecord, problems: Sequence[Message]) -> Message:
    """Return the first message without the values of its row, so that equal reasons are counted together."""
    first = problems[0] if problems else message("unknown.pending")
    return first.without_values(row.reference)


@contextmanager
def _table(path: Path, heading: Sequence[str], style: TableStyle) -> Iterator[Callable[[Sequence[str]], None]]:
    """Yield a function that adds a row to a CSV file, escaped for spreadsheets and terminals."""
    with replacing(path) as fresh, fresh.open("w", encoding=style.encoding, newline="") as file:
        writer = csv.writer(file, delimiter=style.delimiter, lineterminator=style.line_end)
        writer.writerow([harmless(plain_table_cell(name)) for name in heading])
        yield lambda fields: writer.writerow([harmless(plain_table_cell(field)) for field in fields])
