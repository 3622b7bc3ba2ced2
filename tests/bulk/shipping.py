"""Runs over files into folders of one test, with one journal."""

from __future__ import annotations

import asyncio
import csv
import os
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from cpl_async import Client
from cpl_async.bulk.journal import JournalLocation
from cpl_async.bulk.options import JobOptions
from cpl_async.bulk.output.folder import JobSummary
from cpl_async.bulk.output.label_merge import MergePolicy
from cpl_async.bulk.progress import JobObserver
from cpl_async.bulk.records import RowProblems
from cpl_async.bulk.runs.folder_sink import FolderSink
from cpl_async.bulk.runs.row_source import FileRows
from cpl_async.bulk.runs.runner import JobRunner
from cpl_async.sandbox import Sandbox

__all__ = ["FILES", "Shipping", "Totals", "sent_twice", "totals"]

SETTLE = 1.0
"""Seconds: the sandbox of most tests shows what it was given within some hundredths of one."""
FILES = ["labels.pdf", "rejected.csv", "shipments.csv", "summary.json"]


in_a_file = pytest.mark.skipif(bool(os.environ.get("TESTS_JOURNAL")), reason="this is about a journal in a file")


class Shipping:
    """Runs over files into folders of one test, with one journal."""

    def __init__(
        self, folder: Path, client: Client, state: str = "state", merge_policy: MergePolicy | None = None
    ) -> None:
        self.folder, self.client, self.merge_policy = folder, client, merge_policy or MergePolicy()
        url = os.environ.get("TESTS_JOURNAL", "")  # a PostgreSQL, in which each test has a schema of its own
        name = folder / f"{state}-{os.urandom(4).hex()}" if url else folder / state
        self.place = JournalLocation(folder=name, base_url=client.base_url, client_id=client.client_id, url=url)
        self.problems: list[tuple[int, str]] = []
        self.notes: list[str] = []

    def prepared(self, path: Path, out: str = "out", **options: Any) -> JobRunner[JobSummary]:
        """Return a run that is not begun."""

        def note(rejected: RowProblems) -> None:
            self.problems += [(rejected.number, problem.column) for problem in rejected.problems]

        options.setdefault("settle_time", SETTLE)
        options.setdefault("pilot_rows", 0)
        options.setdefault("reports", False)
        observer = JobObserver(rejected=note, note=self.notes.append)
        given = JobOptions(**options)
        return JobRunner(
            source=FileRows(path),
            sink=FolderSink(self.folder / out, given, merge_policy=self.merge_policy),
            place=self.place,
            options=given,
            observer=observer,
        )

    async def __call__(self, path: Path, out: str = "out", **options: Any) -> JobSummary:
        """Ship a file."""
        return await self.prepared(path, out, **options).run(self.client)

    def report(self, out: str = "out") -> list[dict[str, str]]:
        """Return the rows of the report."""
        with (self.folder / out / "shipments.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def rejected(self, out: str = "out") -> list[dict[str, str]]:
        """Return the rejected rows."""
        with (self.folder / out / "rejected.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def duplicates(self, out: str = "out") -> list[dict[str, str]]:
        """Return what is there twice."""
        with (self.folder / out / "duplicates.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def query(self, text: str) -> list[Any]:
        """Ask the journal."""
        if self.place.url:
            with ThreadPoolExecutor(1) as thread:  # a loop is running here
                return thread.submit(asyncio.run, _asked(self.place, text)).result()
        connection = sqlite3.connect(self.place.file)
        try:
            return connection.execute(text).fetchall()
        finally:
            connection.close()


async def _asked(place: JournalLocation, text: str) -> list[Any]:
    import asyncpg

    connection = await asyncpg.connect(place.url, server_settings={"search_path": place.schema})
    try:
        return [tuple(row) for row in await connection.fetch(text)]
    finally:
        await connection.close()


@frozen(kw_only=True)
class Totals:
    """Numbers of rows of a job, by how they ended."""

    rows: int
    shipped: int = 0
    without_label: int = 0
    rejected: int = 0
    undecided: int = 0


def totals(summary: JobSummary) -> Totals:
    """Return the numbers of a summary."""
    return Totals(
        rows=summary.rows,
        shipped=summary.shipped,
        without_label=summary.shipped_without_label,
        rejected=summary.rejected,
        undecided=summary.undecided,
    )


def sent_twice(sandbox: Sandbox) -> dict[str, int]:
    """Return the references that the server has more than once."""
    counts = Counter(shipment.reference for shipment in sandbox.shipments())
    return {reference: count for reference, count in counts.items() if count > 1}
