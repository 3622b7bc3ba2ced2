"""The builder of a job's report and handover manifest, which collects their data and runs the processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

from ...messages import Message, message, text_of
from ...models.addresses import Address
from ...system.blocking import run_blocking
from ...system.clock import wall
from ..journal import Journal
from ..journal.journal import Job
from ..journal.reconciliation_repository import DUPLICATE, TO_CANCEL
from ..journal.report_queries import ManifestEntry
from ..metrics import Measures
from ..output.folder import JobSummary
from ..records import RowState
from .data import MAX_LISTED, Duplicate, History, RejectionReason, ReportData, RequestKind, UndecidedReference
from .manifest_data import ManifestHeader, ManifestRow, write_manifest_data
from .process import run_report_process
from .timeline import TimedCount, TimeSpan, counted, highest, spread_of, timeline_over

__all__ = ["make_reports", "system_named"]

NEEDED: dict[str, tuple[str, ...]] = {"report": ("jinja2", "matplotlib"), "manifest": ("reportlab",)}
SYSTEMS = {
    "https://api.dhl.com/ecs/ppl/myapi2": "production",
    "https://api-dev.dhl.com/ecs/ppl/myapi2": "testing",
    "sandbox": "sandbox",
}
MAX_HANDED_OVER = 10_000
"""Maximum number of shipments on a handover manifest."""
OPEN = (RowState.UNDECIDED, RowState.SENDING, RowState.ACCEPTED, RowState.WITHDRAWING, RowState.CANCELLING)


def system_named(base_url: str) -> str:
    """Return the name of a system, or its address if it is not one of the vendor's."""
    return SYSTEMS.get(base_url, base_url)


async def make_reports(
    journal: Journal,
    job: Job,
    summary: JobSummary,
    reasons: dict[str, Counter[Message]],
    folder: Path,
    *,
    language: str,
) -> list[str]:
    """Make ``report.html`` and ``manifest.pdf``, both in the output folder.

    :param reasons: Why rows are not shipped, by the state in the report.
    :param language: ``en`` or ``cs``.
    :return: The error of each file that could not be made.
    """
    problems: list[str] = []
    for paper, modules in NEEDED.items():
        missing = [name for name in modules if find_spec(name) is None]
        if missing:
            problems.append(f"no {paper} was made, {missing[0]} is not installed: pip install 'cpl-sdk[report]'")
            continue
        data = folder / f"{paper}-data.part"
        if paper == "manifest" and not 0 < summary.shipped <= MAX_HANDED_OVER:
            (folder / "manifest.pdf").unlink(missing_ok=True)
            continue  # an empty manifest is useless, and thousands of pages are not signed
        try:
            if paper == "report":
                report = await _report_of(journal, job, summary, reasons, language)
                text = report.as_json()
                await run_blocking(lambda: data.write_text(text, encoding="utf-8"))  # noqa: B023 - run at once
            else:
                await _write_handover(journal, job, data, language)
            if (problem := await run_report_process(paper, data)) is not None:
                problems.append(f"no {paper} was made: {problem}")
        finally:
            data.unlink(missing_ok=True)
    return problems


async def _report_of(
    journal: Journal, job: Job, summary: JobSummary, reasons: dict[str, Counter[Message]], language: str
) -> ReportData:
    measures = Measures.from_dict(job.measures)
    open_rows: list[UndecidedReference] = []
    async for row in journal.row_queries.rows(job.id, OPEN):
        problems = row.problems or (message("unknown.pending"),)
        open_rows.append(UndecidedReference(row.reference, text_of(problems, language)))
        if len(open_rows) == MAX_LISTED:
            break
    doubles: dict[str, list[str]] = {}
    for stray in await journal.reconciliation.extra_parcels(job.id, (DUPLICATE, TO_CANCEL)):
        doubles.setdefault(stray.reference, [stray.shipment_number or ""]).append(stray.number)
    return ReportData(
        job=summary.job,
        system=system_named(journal.place.base_url),
        made_at=wall(),
        rows=summary.rows,
        shipped=summary.shipped,
        unlabelled=summary.shipped_without_label,
        rejected=summary.rejected,
        undecided=summary.undecided,
        parcels=summary.parcels,
        batches=summary.batches,
        requests=summary.requests,
        seconds=summary.seconds,
        runs=max(1, len(measures.runs)),
        reasons=_reasons(reasons.get(RowState.REJECTED, Counter()), language),
        unlabelled_reasons=_reasons(reasons.get(RowState.UNLABELLED, Counter()), language),
        open_rows=open_rows,
        doubles=[Duplicate(reference, numbers) for reference, numbers in doubles.items()],
        course=await _course_of(journal, job, measures),
        import_times=spread_of([done - sent for sent, done in await journal.report_queries.imports(job.id)]),
        request_kinds=[
            RequestKind(kind, count, measures.failed[kind]) for kind, count in measures.requests.most_common()
        ],
        language=language,
    )


async def _course_of(journal: Journal, job: Job, measures: Measures) -> History | None:
    runs = [TimeSpan(start, end) for start, end in measures.runs if end > start]
    if not runs:
        return None
    grid = timeline_over(runs)
    sent, imported, shipped = await journal.report_queries.history(job.id)
    imports = await journal.report_queries.imports(job.id)
    changes = [*(TimedCount(start, 1) for start, _ in imports), *(TimedCount(end, -1) for _, end in imports)]
    waits = counted(grid, [TimedCount(second, seconds) for second, seconds in measures.waited.items()])
    return History(
        grid=grid,
        sent=counted(grid, _moments(sent)),
        imported=counted(grid, _moments(imported)),
        shipped=counted(grid, _moments(shipped)),
        open_batches=highest(grid, sorted(changes, key=lambda change: change.at)),
        waiting=[seconds / grid.step for seconds in waits],
    )


def _moments(counts: Sequence[tuple[float, float]]) -> list[TimedCount]:
    return [TimedCount(at, amount) for at, amount in counts]


def _reasons(counts: Counter[Message], language: str) -> list[RejectionReason]:
    return [RejectionReason(text_of([reason], language), rows) for reason, rows in counts.most_common()]


async def _write_handover(journal: Journal, job: Job, data: Path, language: str) -> None:
    rows: list[ManifestRow] = []
    sender: list[str] = []
    async for entry in journal.report_queries.handed_over(job.id):
        if not sender and entry.shipment is not None and entry.shipment.sender is not None:
            sender = _lines(entry.shipment.sender)
        rows.append(_row_of(entry))
    handover = ManifestHeader(
        job=job.name, at=wall(), sender=sender, system=system_named(journal.place.base_url), language=language
    )
    await run_blocking(write_manifest_data, data, handover, rows)


def _row_of(entry: ManifestEntry) -> ManifestRow:
    shipment = entry.shipment
    parcels = shipment.shipment_set.shipment_set_items if shipment is not None and shipment.shipment_set else ()
    weights = [item.weighed_shipment_info.weight for item in parcels if item.weighed_shipment_info is not None]
    known = [weight for weight in weights if weight is not None]
    cash = shipment.cash_on_delivery if shipment is not None else None
    return ManifestRow(
        numbers=entry.numbers,
        reference=entry.reference,
        town=(shipment.recipient.city if shipment is not None else None) or "",
        zip_code=(shipment.recipient.zip_code if shipment is not None else None) or "",
        parcels=max(1, len(entry.numbers)),
        weight_kg=sum(known, Decimal(0)) if known else None,
        cod=cash.cod_price if cash is not None else None,
        currency=cash.cod_currency if cash is not None else "",
    )


def _lines(address: Address) -> list[str]:
    place = " ".join(text for text in (address.zip_code, address.city) if text)
    return [text for text in (address.name, address.name2, address.street, place) if text]
