"""The proof of exactly-once: ship with all faults on, kill the client, and compare the report with the ledger.

python -m benchmarks.proof                         100,000 rows, all faults, five kills, wrong clocks
python -m benchmarks.proof --rows 1000 --batch-size 20 --seeds 200 --max-concurrency 4
python -m benchmarks.proof --tail 1.2              shipments that become visible later than the settle time

The sandbox runs in this process, the client in a separate one that is killed with SIGKILL at random times and
restarted. Its clock is up to three days off and jumps, references have odd spellings, the journal is copied, removed
and damaged between runs, and PostgreSQL has a different default isolation level (``--calm``: none of these). Then each
row of the report is compared with the sandbox's ledger. The exit status is 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pypdfium2
import zxingcpp
from attrs import define, field, frozen

from benchmarks.hostile_world import (
    ISOLATION_LEVELS,
    RESPELLED,
    JournalTrouble,
    clock_of,
    with_clock,
    write_respelled,
)
from benchmarks.results import keep
from benchmarks.servers import PostgreSQL
from benchmarks.ship import CPL, write
from cpl_async.sandbox import Sandbox, SandboxSettings
from cpl_async.sandbox.store import Parcel, StoredShipment

ANSWERS_LOST = {"lost-answer": 0.03, "late-503": 0.01, "no-location": 0.01}
"""Fractions of writes whose response is lost after the server has processed them: 5 % in total."""
ELSEWHERE = {
    "429": 0.005, "429-retry-after": 0.002, "503": 0.005, "503-retry-after": 0.002, "500": 0.005, "502-html": 0.005,
    "reset": 0.005, "reset-early": 0.005, "reset-midway": 0.002, "401": 0.002, "garbage": 0.005, "truncated": 0.005,
    "slow": 0.002, "ignored-filter": 0.03, "empty-list": 0.03,
}  # fmt: skip
"""Fractions of requests of all kinds with other failures, about 5 %, and of searches with wrong results, one in 16."""
BARCODES = 1000
"""Number of labels that are read by a scanner."""
AT_THE_START = 0.2
"""Fraction of kills whose time is counted from the start of a run; the others count from its first request."""
LONGEST_START = 30.0
MOST_RUNS = 12
"""Maximum number of runs after the last kill until the job must be finished."""


@frozen(kw_only=True)
class Setup:
    """Settings of one proof."""

    rows: int
    batch_size: int
    seed: int
    kills: int
    settle_time: float
    tail: float
    faults: bool = True
    hostile: bool = True
    """Whether clocks are wrong, references have odd spellings, and journals are copied, removed and damaged."""
    journal: str = ""
    """Address of a PostgreSQL. Default: a file."""


@define
class Findings:
    """Findings of one proof."""

    broken: list[str] = field(factory=list)
    counts: Counter[str] = field(factory=Counter)
    seconds: float = 0.0
    late: list[float] = field(factory=list)
    """Seconds from the end of each import until the client recorded it."""


def settings_for(setup: Setup) -> SandboxSettings:
    """Draw a sandbox: its delays, and one variant of each behaviour that the documentation leaves open."""
    chance = random.Random(setup.seed)
    late = setup.settle_time / 8 if setup.tail else chance.uniform(0, setup.settle_time / 2)
    return SandboxSettings(
        seed=setup.seed,
        import_seconds=chance.uniform(0.1, 1.0),
        visible_after=late,
        visible_tail=setup.tail,
        parcels_apart=chance.choice([0.0, setup.settle_time / 20]),
        stuck=0.001,
        stuck_seconds=setup.settle_time / 4,
        import_errors=0.002,
        cheap_labels=True,
        wrong_credentials=chance.choice([400, 401]),
        missing_role=chance.choice([401, 403]),
        retry_after=chance.choice([None, 1]),
        refuses_used_references=chance.choice([False, True]),
        shows_sets=chance.choice([False, True]),
        capital_paths=chance.choice([False, True]),
        one_error_at_a_time=chance.choice([False, True]),
        absolute_location=chance.choice([False, True]),
        location_host=chance.choice([None, "elsewhere.example"]),
    )


def prove(setup: Setup, folder: Path) -> Findings:
    """Ship one file with faults and kills, and compare the report with the ledger."""
    found = Findings()
    chance = random.Random(setup.seed + 2)
    write(folder / "rows.csv", setup.rows, setup.seed)
    if setup.hostile:
        (folder / "rows.csv").rename(folder / "plain.csv")
        write_respelled(folder / "plain.csv", folder / "rows.csv", chance, share=RESPELLED)
        if setup.journal:
            set_isolation(setup.journal, chance.choice(ISOLATION_LEVELS))
    began = time.monotonic()
    with Sandbox(settings_for(setup)) as sandbox:
        if setup.faults:
            for name, share in ANSWERS_LOST.items():
                sandbox.faults.play(name, share)
            for name, share in ELSEWHERE.items():
                sandbox.faults.play(name, share)
            sandbox.faults.play("no-labels", 0.05)
            sandbox.faults.play("no-token", 0.05)
        client = Client(folder, sandbox, setup)
        client.run_with_kills(found)
        found.seconds = time.monotonic() - began
        found.counts["requests"] = len(sandbox.ledger.entries)
        if setup.tail:  # all shipments are visible now: the next run must find every duplicate
            sandbox._read(lambda: list(sandbox._context.store.db.execute("UPDATE shipments SET visible = done")))
            client.run()
        audit(folder, sandbox, setup, found)
        if setup.hostile:
            sandbox.faults.clear()
            client.run_respelled(found, chance)
        found.late = lateness(folder, sandbox)
        if found.counts["shipped_without_label"] and not setup.tail:
            sandbox.faults.clear()
            client.run("--resend-unlabelled")
            check_resent(folder, sandbox, found)
    return found


def prove_apart(setup: Setup) -> Findings:
    """Run a proof in a temporary folder. Keep the output of the clients if a promise is broken."""
    with TemporaryDirectory(prefix="cpl-proof-") as folder:
        findings = prove(setup, Path(folder))
        if findings.broken:
            Path("proof-client.log").write_bytes((Path(folder) / "client.log").read_bytes())
    return findings


class Client:
    """``cpl ship`` in a separate process."""

    def __init__(self, folder: Path, sandbox: Sandbox, setup: Setup) -> None:
        self.folder, self.setup = folder, setup
        self.sandbox = sandbox
        self.chance = random.Random(setup.seed + 1)
        self.trouble = JournalTrouble(folder / "state", self.chance)
        self.environment = os.environ | {
            "CPL_BASE_URL": sandbox.base_url,
            "CPL_CLIENT_ID": "sandbox",
            "CPL_CLIENT_SECRET": "sandbox",
            "CPL_STATE_DIR": str(folder / "state"),
            "CPL_RUNTIME_DIR": str(folder / "run"),
            "CPL_JOURNAL": setup.journal,
        }
        (folder / "run").mkdir(exist_ok=True)

    def start(self, *options: str, file: str = "rows.csv", out: str = "out") -> subprocess.Popen[str]:
        """Start the client."""
        command = with_clock(clock_of(self.chance, 8.0)) if self.setup.hostile else CPL
        command = [*command, "ship", str(self.folder / file), "--out", str(self.folder / out), "--json"]
        command += ["--ignore-clock"] * self.setup.hostile
        command += ["--settle-time", str(self.setup.settle_time), "--batch-size", str(self.setup.batch_size), *options]
        with (self.folder / "client.log").open("a", encoding="utf-8") as log:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=self.environment, encoding="utf-8")

    def run(self, *options: str, file: str = "rows.csv", out: str = "out") -> dict[str, Any]:
        """Run the client to its end and return its summary."""
        client = self.start(*options, file=file, out=out)
        text, _ = client.communicate()
        if client.returncode not in (0, 1) or not text:
            return {"unfinished": -1, "status": client.returncode}
        summary: dict[str, Any] = json.loads(text)
        return summary

    def run_with_kills(self, found: Findings) -> None:
        """Kill the client at random times, then let it finish."""
        length = 0.8 + self.setup.rows / 4000 + self.setup.rows / self.setup.batch_size * 0.05
        for _ in range(self.setup.kills):
            client = self.start()
            try:
                if self.chance.random() > AT_THE_START:
                    self.wait_until_it_sends(client)
                client.wait(self.chance.uniform(0.1, length))
            except subprocess.TimeoutExpired:
                client.kill()
                found.counts["kills"] += 1
            client.wait()
            assert client.stdout is not None
            client.stdout.close()
            first = "restore" if self.trouble.has_copy else "copy"
            self.trouble_journal(found, self.chance.choice([first, first, "away", "none"]))
        self.trouble_journal(found, self.chance.choice(["restore", "restore", "away"]))
        for _ in range(MOST_RUNS):
            summary = self.run()
            found.counts["runs"] += 1
            if summary["unfinished"] == 0:
                return
        found.broken.append(f"the job is not finished after {MOST_RUNS} runs: {summary}")

    def wait_until_it_sends(self, client: subprocess.Popen[str]) -> None:
        """Wait until a run makes a request, so that a slow start does not absorb every kill."""
        before, until = len(self.sandbox.ledger.entries), time.monotonic() + LONGEST_START
        while len(self.sandbox.ledger.entries) == before and client.poll() is None and time.monotonic() < until:
            time.sleep(0.02)

    def trouble_journal(self, found: Findings, event: str) -> None:
        """Copy, restore, remove or damage the journal. A run without it must refuse to send."""
        if not self.setup.hostile or self.setup.journal:
            return
        if event == "copy":
            self.trouble.keep_copy()
        elif event == "restore":
            self.trouble.restore_copy()
        elif event == "away" and (kept := self.trouble.take_away()) is not None:
            before = len(self.sandbox.ledger.of("shipment_batches.create"))
            summary = self.run()
            if summary.get("status") != 2 or len(self.sandbox.ledger.of("shipment_batches.create")) > before:
                found.broken.append(f"a run whose journal was taken away has ended as {summary}")
            self.trouble.put_back(kept)
            found.counts["refusals"] += 1
        found.counts["restored journals"] = self.trouble.copies

    def run_respelled(self, found: Findings, chance: random.Random) -> None:
        """Ship rows again whose references have a different spelling: none may be sent."""
        count = write_respelled(self.folder / "plain.csv", self.folder / "again.csv", chance, share=1.0, rows=200)
        before = len(live_by_reference(self.sandbox))
        summary = self.run(file="again.csv", out="out-again")
        rejected = {
            row["reference_id"] for row in report_of(self.folder, "shipments.csv") if row["state"] == "rejected"
        }
        again = {row["reference_id"] for row in report_of(self.folder, "shipments.csv", "out-again")}
        fresh = len(live_by_reference(self.sandbox)) - before
        if fresh > len(rejected & again) or summary.get("rows") != count:
            found.broken.append(f"{fresh} rows were sent again in another spelling: {summary}")
        twice = [name for name, shipments in live_by_reference(self.sandbox).items() if len(shipments) > 1]
        if twice and not self.setup.tail:
            found.broken.append(f"sent again in another spelling: {twice[:5]}")
        found.counts["respelled"] += count


def set_isolation(journal: str, level: str) -> None:
    """Set the default isolation level of a PostgreSQL."""

    async def change() -> None:
        import asyncpg

        connection = await asyncpg.connect(journal)
        try:
            await connection.execute(f"ALTER ROLE CURRENT_USER SET default_transaction_isolation = '{level}'")
        finally:
            await connection.close()

    asyncio.run(change())


def lateness(folder: Path, sandbox: Sandbox) -> list[float]:
    """Return for each batch the seconds from the end of its import until its record in the journal.

    Batches whose import ended while no run was active, because one was killed, are left out.
    """
    done: dict[str, float] = defaultdict(float)
    for shipment in sandbox.shipments():
        done[shipment.batch] = max(done[shipment.batch], shipment.done)
    if not any((folder / "state").glob("*/journal.sqlite3")):
        return []
    file = max((folder / "state").glob("*/journal.sqlite3"), key=lambda path: path.stat().st_size)
    journal = sqlite3.connect(file)
    known = journal.execute("SELECT remote_id, imported_at FROM batches WHERE imported_at IS NOT NULL").fetchall()
    journal.close()
    return sorted(at - done[batch] for batch, at in known if batch in done and at > done[batch])


def report_of(folder: Path, name: str = "shipments.csv", out: str = "out") -> list[dict[str, str]]:
    """Return a file of the report."""
    path = folder / out / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def live_by_reference(sandbox: Sandbox) -> dict[str, list[StoredShipment]]:
    """Return the billable shipments in the ledger."""
    found: dict[str, list[StoredShipment]] = defaultdict(list)
    for shipment in sandbox.shipments():
        if shipment.error_code is None and any(is_live(parcel) for parcel in shipment.parcels):
            found[shipment.reference].append(shipment)
    return found


def is_live(parcel: Parcel) -> bool:
    """Return whether a parcel is not cancelled."""
    return parcel.cancelled is None


def audit(folder: Path, sandbox: Sandbox, setup: Setup, found: Findings) -> None:
    """Compare every row of the report with the ledger."""
    report, live = report_of(folder), live_by_reference(sandbox)
    if (journals := sum(one.is_dir() for one in (folder / "state").glob("*"))) != 1:
        found.broken.append(f"the client has kept {journals} journals of one account")
    listed = {row["duplicate"] for row in report_of(folder, "duplicates.csv")}
    found.counts["rows"] = len(report)
    if len(report) != setup.rows:
        found.broken.append(f"{len(report)} rows in the report, {setup.rows} in the file")
    for row in report:
        found.counts[row["state"]] += 1
        numbers = row["parcel_numbers"].split()
        there = {shipment.parcels[0].number: shipment for shipment in live.get(row["reference_id"], ())}
        name = row["reference_id"]
        if row["state"] in ("shipped", "shipped_without_label"):
            mine = there.pop(row["shipment_number"], None)
            if mine is None:
                found.broken.append(f"{name} is reported as {row['shipment_number']}, which is not live")
            elif sorted(numbers) != sorted(parcel.number for parcel in mine.parcels):
                found.broken.append(f"{name}: parcels differ from the ledger's")
            if row["state"] == "shipped" and len(row["label"].split()) != len(numbers):
                found.broken.append(f"{name} has {len(row['label'].split())} labels for {len(numbers)} parcels")
            found.counts["doubles"] += len(there)
            for number in there:
                if number not in listed:
                    found.broken.append(f"{name} is there twice, and {number} is not in duplicates.csv")
        elif row["state"] == "rejected" and there:
            found.broken.append(f"{name} is reported as rejected, and {sorted(there)} is live")
        elif row["state"] == "undecided" and not row["message"]:
            found.broken.append(f"{name} is undecided without a reason")
    unknown = listed - {one.parcels[0].number for shipments in live.values() for one in shipments}
    if unknown:
        found.broken.append(f"duplicates.csv lists what is not live: {sorted(unknown)[:5]}")
    if found.counts["doubles"] and not setup.tail:
        found.broken.append(f"{found.counts['doubles']} doubles, though all is visible within the settling time")
    check_barcodes(folder, report, found, setup.seed)


def check_barcodes(folder: Path, report: list[dict[str, str]], found: Findings, seed: int) -> None:
    """Read the labels of randomly drawn rows, as a scanner does."""
    shipped = [row for row in report if row["state"] == "shipped"]
    chosen = random.Random(seed).sample(shipped, min(BARCODES, len(shipped)))
    documents: dict[str, pypdfium2.PdfDocument] = {}
    for row in chosen:
        for number, place in zip(row["parcel_numbers"].split(), row["label"].split(), strict=False):
            name, _, page = place.partition("#")
            if name not in documents:
                documents[name] = pypdfium2.PdfDocument(folder / "out" / name)
            codes = zxingcpp.read_barcodes(documents[name][int(page) - 1].render(scale=2).to_pil())
            found.counts["barcodes"] += 1
            if [code.text for code in codes] != [number]:
                found.broken.append(f"the label of {number} says {[code.text for code in codes]}")
    for document in documents.values():
        document.close()


def check_resent(folder: Path, sandbox: Sandbox, found: Findings) -> None:
    """Check that rows without a label were completed."""
    report, live = report_of(folder), live_by_reference(sandbox)
    states = ["shipped", "rejected"]
    if sandbox.settings.refuses_used_references:  # one was tried, the others are unchanged
        states.append("shipped_without_label")
    left = Counter(row["state"] for row in report if row["state"] not in states)
    refused = sum(row["state"] == "rejected" for row in report) - found.counts["rejected"]
    if refused > 1 + found.counts["shipped_without_label"] * 0.1:
        found.broken.append(f"--resend-unlabelled has lost {refused} shipments to refusals")
    if left:
        found.broken.append(f"after --resend-unlabelled there are still {dict(left)}")
    twice = [name for name, shipments in live.items() if len(shipments) > 1]
    if twice:
        found.broken.append(f"--resend-unlabelled has made doubles: {twice[:5]}")
    for row in report:
        if row["state"] == "shipped" and len(live.get(row["reference_id"], ())) != 1:
            found.broken.append(f"{row['reference_id']} is reported as shipped after the resend, and is not live")


def main() -> int:
    """Run the proofs of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--batch-size", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=1, help="so many proofs, one after the other")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--settle-time", type=float, default=8.0)
    parser.add_argument("--tail", type=float, default=0.0, help="shape of a heavy tail of visibility; 0 for none")
    parser.add_argument("--journal", default="", help="address of a PostgreSQL for the journal; a file unless given")
    parser.add_argument("--calm", action="store_true", help="right clocks, plain references, journals left alone")
    parser.add_argument("--max-concurrency", type=int, default=1, help="so many proofs at the same time")
    parser.add_argument("--keep", action="store_true", help="write the figures to RESULTS.md")
    parser.add_argument("--postgresql", action="store_true", help="journals in a PostgreSQL started for the proof")
    given = parser.parse_args()
    with ExitStack() as stack:
        if given.postgresql:
            database = PostgreSQL()
            stack.callback(database.end)
            given.journal = database.url
        return proved(given)


def proved(given: argparse.Namespace) -> int:
    """Run the proofs, print their findings, and return the exit status."""
    totals: Counter[str] = Counter()
    broken: list[str] = []
    seconds = 0.0
    late: list[float] = []
    setups = [
        Setup(
            rows=given.rows, batch_size=given.batch_size, seed=seed, kills=given.kills, settle_time=given.settle_time,
            tail=given.tail, journal=given.journal, hostile=not given.calm,
        )
        for seed in range(given.first_seed, given.first_seed + given.seeds)
    ]  # fmt: skip
    with ProcessPoolExecutor(given.max_concurrency) as processes:
        for setup, findings in zip(setups, processes.map(prove_apart, setups), strict=True):
            totals += findings.counts
            late += findings.late
            seconds += findings.seconds
            broken += [f"seed {setup.seed}: {words}" for words in findings.broken]
            print(f"seed {setup.seed}: {findings.seconds:.1f} s, {dict(findings.counts)}", *findings.broken, sep="\n  ")
            sys.stdout.flush()
    name = f"Proof of exactly-once: {given.rows:,} rows in batches of {given.batch_size}"
    name += f", visibility with a tail of {given.tail}" if given.tail else ""
    lines = [
        f"{given.seeds} seeds, {given.kills} kills each, settling time {given.settle_time:g} s",
        f"- broken promises: {len(broken)}",
    ]
    if late:
        late.sort()
        lines.append(f"- an import is known {late[len(late) // 2]:.2f} s after its end, median of {len(late)}")
    lines += [f"- {key}: {value:,}" for key, value in sorted(totals.items())]
    if given.keep:
        keep(name, lines)
    else:
        print(name, *lines, sep="\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
