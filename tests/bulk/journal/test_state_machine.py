"""The journal against a model: any order of steps, with a crash anywhere, leaves both in the same state.

The model is a dictionary: row → state. ``TESTS_JOURNAL`` runs it on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cpl_async.bulk.journal import Journal, JournalLocation
from cpl_async.bulk.journal.batch_repository import Attempt, ParcelRecord, RowResult
from cpl_async.bulk.journal.payload import TAIL_OF_ORDERS
from cpl_async.bulk.journal.reconciliation_repository import FoundRow
from cpl_async.bulk.journal.row_insertion import InsertOutcome
from cpl_async.bulk.journal.row_repository import NewRow
from cpl_async.bulk.records import SETTLED_ELSEWHERE, BatchState, FoundShipment, RowState
from cpl_async.errors import Failure, Outcome, TransportError, ValidationError
from cpl_async.messages import message
from cpl_async.transport.write_deadline import WriteDeadline

T = TypeVar("T")
S = RowState
REFERENCES = [f"r{number}" for number in range(6)]
NUMBERS = itertools.count(1)


def row(reference: str, content: str) -> NewRow:
    return NewRow(
        number=0,
        line=0,
        reference=reference,
        raw_fields=b"{}",
        payload=f'{{"referenceId":"{reference}","note":"{content}"}}'.encode(),
        content_hash=content,
        cust_reference=reference,
    )


class JournalMachine(RuleBasedStateMachine):
    """One job whose process does one thing after the other, and sometimes dies."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        url = os.environ.get("TESTS_JOURNAL", "")
        folder = tempfile.mkdtemp(prefix="journal-model-")
        client = f"model-{os.urandom(6).hex()}"
        self.place = JournalLocation(folder=Path(folder), base_url="https://model", client_id=client, url=url)
        self.jobs = 1
        self.elsewhere: set[str] = set()
        """References that purged jobs have shipped, or may have shipped."""
        self.states: dict[str, RowState] = {}
        self.contents: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        self.was_unknown: set[str] = set()
        self.batches: dict[str, int] = {}
        self.open: tuple[int, Attempt] | None = None
        self.run_rows: set[str] = set()
        self.opening: Any = None
        self.do(self.open_journal())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open_journal(self) -> None:
        self.opening = Journal.open(self.place)
        self.journal = await self.opening.__aenter__()
        self.job = await self.journal.job(
            name=f"job-{self.jobs}",
            digest=f"rows-{self.jobs}",
            source="rows",
            columns=[],
            body_tail=TAIL_OF_ORDERS,
            label_format="Pdf",
            sender="",
        )
        await self.journal.finish_planning(self.job)
        await self.journal.batches.abandon_open_attempts(self.job)
        self.run = await self.journal.row_insertion.begin(self.job)
        self.run_rows = set()

    def of(self, *states: RowState) -> list[str]:
        return [reference for reference, state in self.states.items() if state in states]

    # --- rules

    @rule(reference=st.sampled_from(REFERENCES), content=st.sampled_from("ab"))
    def insert(self, reference: str, content: str) -> None:
        [result] = self.do(self.journal.row_insertion.insert(self.job, self.run, [row(reference, content)]))
        state = self.states.get(reference)
        if reference in self.run_rows:
            expected = InsertOutcome.DUPLICATE
        elif state is None:
            expected = InsertOutcome.PLANNED
        elif self.contents[reference] == content:
            expected = InsertOutcome.UNCHANGED
        elif reference not in self.was_unknown and (
            state is S.REJECTED or (state is S.PLANNED and reference not in self.batches)
        ):
            expected = InsertOutcome.PLANNED
        else:
            expected = InsertOutcome.CHANGED
        assert result.outcome is expected, (reference, state)
        if expected is InsertOutcome.PLANNED:
            self.states[reference], self.contents[reference] = S.PLANNED, content
            self.numbers[reference] = result.number
            self.batches.pop(reference, None)
        if expected is not InsertOutcome.CHANGED:
            self.run_rows.add(reference)

    @rule(size=st.integers(1, 3))
    def make_batches(self, size: int) -> None:
        self.do(self.journal.rows.make_batches(self.job, size))
        for reference, batch in self.batch_of_rows().items():
            self.batches[reference] = batch
        assert all(reference in self.batches for reference in self.of(S.PLANNED))

    def batch_of_rows(self) -> dict[str, int]:
        query = f"SELECT reference, batch FROM rows WHERE batch IS NOT NULL AND job = {self.job}"
        return dict(self.do(self.asked(query)))

    async def asked(self, query: str) -> list[Any]:
        from sqlalchemy import text

        async with self.journal._database.transaction() as connection:
            return list((await connection.execute(text(query))).all())

    @precondition(lambda self: self.open is None)
    @rule()
    def begin_attempt(self) -> None:
        planned = self.do(self.journal.batches.batches_in(self.job, BatchState.PLANNED))
        if not planned:
            return
        batch = planned[0][0]
        planned_rows = {one for one in self.of(S.PLANNED) if self.batches.get(one) == batch}
        refused = planned_rows & self.elsewhere
        expected = planned_rows - refused
        attempt, conflicts = self.do(
            self.journal.batches.begin_attempt(
                batch, tail=TAIL_OF_ORDERS, correlation_id="c", owner="o", write_deadline=WriteDeadline.after(60)
            )
        )
        assert {one.row for one in conflicts} == {self.numbers[one] for one in refused}
        self.states |= dict.fromkeys(refused, S.REJECTED)
        assert {one.reference for one in attempt.rows} == expected if attempt is not None else not expected
        if attempt is not None:
            self.open = batch, attempt
            self.states |= dict.fromkeys(expected, S.SENDING)

    @precondition(lambda self: self.open is not None)
    @rule()
    def accept(self) -> None:
        batch, attempt = self.taken()
        self.do(self.journal.batches.record_accepted(batch, attempt.id, f"remote-{batch}"))
        self.states |= dict.fromkeys((one.reference for one in attempt.rows), S.ACCEPTED)

    @precondition(lambda self: self.open is not None)
    @rule(first=st.booleans())
    def reject(self, first: bool) -> None:
        batch, attempt = self.taken()
        rejected = attempt.rows[:1] if first else attempt.rows
        results = [
            RowResult(row=one.number, line=0, state=S.REJECTED, problems=(message("import.failed"),))
            for one in rejected
        ]
        error = ValidationError("no", failure=Failure(status=400, outcome=Outcome.REJECTED))
        self.do(self.journal.batches.record_rejection(batch, attempt.id, error, results))
        self.states |= dict.fromkeys((one.reference for one in attempt.rows), S.PLANNED)
        self.states |= dict.fromkeys((one.reference for one in rejected), S.REJECTED)

    @precondition(lambda self: self.open is not None)
    @rule()
    def lose(self) -> None:
        batch, attempt = self.taken()
        error = TransportError("gone", failure=Failure(outcome=Outcome.UNKNOWN))
        self.do(self.journal.batches.record_unknown(batch, attempt.id, error, message("import.failed")))
        self.unknown(one.reference for one in attempt.rows)

    @rule()
    def crash(self) -> None:
        self.do(self.opening.__aexit__(None, None, None))
        self.unknown(self.of(S.SENDING))
        self.open = None
        self.do(self.open_journal())

    def taken(self) -> tuple[int, Attempt]:
        assert self.open is not None
        taken, self.open = self.open, None
        return taken

    def unknown(self, references: Any) -> None:
        for reference in list(references):
            self.states[reference] = S.UNDECIDED
            self.was_unknown.add(reference)
            self.batches.pop(reference, None)

    @rule(is_created=st.booleans())
    def import_(self, is_created: bool) -> None:
        accepted = self.do(self.journal.batches.batches_in(self.job, BatchState.ACCEPTED))
        for batch, _ in accepted[:1]:
            open_rows = self.do(self.journal.batches.open_rows(batch))
            results, parcels = [], []
            for reference, one in open_rows.items():
                number = f"4{next(NUMBERS):010}"
                state = S.CREATED if is_created else S.REJECTED
                results.append(
                    RowResult(row=one.number, line=0, state=state, shipment_number=number if is_created else None)
                )
                self.states[reference] = state
                if is_created:
                    parcels.append(ParcelRecord(row=one.number, number=number, master=number, place=1, label_url=None))
            self.do(self.journal.batches.record_import(batch, results, parcels, settled=True))

    @rule(has_labels=st.booleans())
    def label(self, has_labels: bool) -> None:
        imported = self.do(self.journal.batches.batches_in(self.job, BatchState.IMPORTED))
        for batch, _ in imported[:1]:
            created = [one for one in self.of(S.CREATED) if self.batches.get(one) == batch]
            parcels = self.do(self.journal.batches.parcels_of(batch))
            if has_labels:
                places = [(parcel.number, f"{parcel.number}.pdf", 0) for parcel in parcels]
                self.do(self.journal.batches.record_labels(self.job, places))
            self.do(self.journal.batches.batch_is_labelled(batch, None if has_labels else message("import.failed")))
            self.states |= dict.fromkeys(created, S.SHIPPED if has_labels else S.UNLABELLED)

    @precondition(lambda self: self.of(S.UNDECIDED))
    @rule()
    def find(self) -> None:
        reference = self.of(S.UNDECIDED)[0]
        number = f"4{next(NUMBERS):010}"
        found = FoundRow(row=self.numbers[reference], shipment=FoundShipment(master=number, numbers=(number,)))
        self.do(self.journal.reconciliation.record_found(self.job, [found], S.FOUND))
        self.states[reference] = S.FOUND

    @precondition(lambda self: self.of(S.UNDECIDED))
    @rule()
    def call_absent(self) -> None:
        reference = self.of(S.UNDECIDED)[-1]
        self.do(self.journal.reconciliation.requeue(self.job, [self.numbers[reference]]))
        self.states[reference] = S.PLANNED

    @precondition(lambda self: self.of(S.FOUND))
    @rule()
    def withdraw(self) -> None:
        assert self.do(self.journal.cancellations.begin(self.job, 10)) == len(self.of(S.FOUND))
        self.states |= dict.fromkeys(self.of(S.FOUND), S.WITHDRAWING)

    @precondition(lambda self: self.of(S.WITHDRAWING))
    @rule()
    def resend(self) -> None:
        reference = self.of(S.WITHDRAWING)[0]
        self.do(self.journal.cancellations.record_cancelled(self.job, [self.numbers[reference]]))
        self.states[reference] = S.PLANNED
        self.batches.pop(reference, None)

    @precondition(lambda self: self.open is None)
    @rule()
    def cancel(self) -> None:
        numbers = self.do(self.journal.jobs.begin_cancelling(self.job))
        live = self.of(S.SHIPPED, S.CREATED, S.UNLABELLED, S.FOUND, S.CANCELLING)
        assert set(numbers) == {self.numbers[reference] for reference in live}
        self.do(self.journal.jobs.end_cancelling(self.job, sorted(numbers), {}))
        self.states |= dict.fromkeys(live, S.CANCELLED)

    @precondition(lambda self: self.open is None and self.states)
    @rule()
    def purge(self) -> None:
        """The job is purged, and another one has the same references: what was shipped is still known."""
        self.elsewhere |= set(self.of(*SETTLED_ELSEWHERE))
        self.do(self.journal.jobs.purge(self.job))
        left = self.do(self.asked(f"SELECT state, reference, payload FROM rows WHERE job = {self.job}"))
        assert sorted(state for state, _, _ in left) == sorted(self.states.values())
        assert not any(reference or payload for _, reference, payload in left)
        self.jobs += 1
        self.states, self.contents, self.numbers, self.batches = {}, {}, {}, {}
        self.was_unknown = set()
        self.do(self.opening.__aexit__(None, None, None))
        self.do(self.open_journal())

    # --- what must be true

    @invariant()
    def both_agree(self) -> None:
        query = f"SELECT reference, state FROM rows WHERE job = {self.job}"
        assert {reference: RowState(state) for reference, state in self.do(self.asked(query))} == self.states

    @invariant()
    def each_number_has_one_row(self) -> None:
        owners = self.do(self.asked("SELECT number FROM parcels"))
        assert len(owners) == len(set(owners))

    def teardown(self) -> None:
        self.do(self.opening.__aexit__(None, None, None))
        self.runner.close()


JournalMachine.TestCase.settings = settings(
    max_examples=int(os.environ.get("TESTS_EXAMPLES", "25")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestJournal = JournalMachine.TestCase
