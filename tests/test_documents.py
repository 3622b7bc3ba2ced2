"""What README, docs and examples say is what happens."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

import cpl_sync
from cpl_async import Client
from cpl_async.bulk.parsing.row_parser import COLUMNS
from cpl_async.cli.app import cpl
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from .conftest import shipment
from .contract import operations
from .pictures import codes_in

ROOT = Path(__file__).parent.parent
SNIPPET = re.compile(r"```python\n(.*?)```", re.DOTALL)


def run(arguments: list[str | Path], folder: Path, sandbox: Sandbox | None = None) -> subprocess.CompletedProcess[str]:
    access = {}
    if sandbox is not None:
        access = {"CPL_BASE_URL": sandbox.base_url, "CPL_CLIENT_ID": "sandbox", "CPL_CLIENT_SECRET": "sandbox"}
    return subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        cwd=folder,
        env=os.environ | access | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def test_the_readmes_first_snippet_needs_nothing(tmp_path: Path) -> None:
    text = SNIPPET.findall((ROOT / "README.md").read_text(encoding="utf-8"))[0]
    assert len(text.splitlines()) < 10
    done = run(["-c", text], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['40900000001']"
    assert codes_in((tmp_path / "label.pdf").read_bytes()) == [["40900000001"]]


@pytest.mark.parametrize("number", [1, 2])
def test_the_readmes_snippets_run(sandbox: Sandbox, tmp_path: Path, number: int) -> None:
    text = SNIPPET.findall((ROOT / "README.md").read_text(encoding="utf-8"))[number]
    done = run(["-c", text], tmp_path, sandbox)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "40900000001 Complete"
    assert codes_in((tmp_path / "label.pdf").read_bytes()) == [["40900000001"]]


@pytest.mark.parametrize("name", ["one_parcel.py", "one_parcel_sync.py"])
def test_the_example_ships_one_parcel(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    done = run([ROOT / "examples" / name, "x-1"], tmp_path, sandbox)
    assert done.returncode == 0, done.stderr
    file = tmp_path / done.stdout.strip()
    assert codes_in(file.read_bytes()) == [[file.stem.removeprefix("label-")]]


@pytest.mark.parametrize("name", ["one_parcel.py", "one_parcel_sync.py"])
def test_the_example_says_what_is_known_of_a_lost_answer(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create"))
    done = run([ROOT / "examples" / name, "x-1"], tmp_path, sandbox)
    assert done.returncode == 1
    assert "outcome unknown" in done.stderr
    assert "1 parcels with this reference" in done.stderr
    assert len(sandbox.shipments()) == 1


def without_await(code: str) -> str:
    """Return an example as `cpl_sync` has it."""
    code = re.sub(r"\bawait (?=\w+[.(])|\basync (?=with |for |def )", "", code)
    code = code.replace("from cpl_async import", "from cpl_sync import").replace("import asyncio\n\n", "")
    return re.sub(r"\nasyncio\.run\((.*)\)\n$", r"\n\1\n", code)


@pytest.mark.parametrize("path", ["README.md", "docs/client.md", "docs/facade.md", "docs/bulk.md"])
def test_each_example_is_shown_with_await_and_without(path: str) -> None:
    snippets = SNIPPET.findall((ROOT / path).read_text(encoding="utf-8"))
    bare = [re.sub(r"  #.*", "", snippet) for snippet in snippets]
    with_await = [
        snippet for snippet in bare if re.search(r"\bawait |\basync |cpl_async import Client, TESTING", snippet)
    ]
    assert with_await
    assert [snippet for snippet in with_await if without_await(snippet) not in bare] == []


def client_page() -> list[str]:
    """Return the snippets of the client's page that use a client; the others make one with made-up credentials."""
    snippets = SNIPPET.findall((ROOT / "docs" / "client.md").read_text(encoding="utf-8"))
    return [snippet for snippet in snippets if "Client(client_id=" not in snippet]


def is_of_late(snippet: str) -> bool:
    """Return whether a snippet follows shipments until they are delivered."""
    return "numbers)" in snippet and ".track(" in snippet


async def test_the_snippets_of_the_client_page_run(
    make_sandbox: Callable[..., Sandbox], make_client: Callable[..., Client]
) -> None:
    """Each snippet is the body of a function that has a client, shipments, their references and numbers."""
    travelled = make_sandbox()
    late = make_client(travelled)
    batch = await late.shipment_batches.create([shipment(f"r{n}") for n in range(3)])
    numbers = (await batch.wait()).numbers
    travelled.advance(30 * 86_400)
    known = {"shipments": [shipment("a")], "references": ["r0"], "numbers": numbers}
    fresh = make_client(make_sandbox())
    snippets = [snippet for snippet in client_page() if "await " in snippet or "async " in snippet]
    assert len(snippets) >= 6
    for snippet in snippets:
        space = {"cpl": late if is_of_late(snippet) else fresh, **known}
        body = "".join(f"    {line}\n" for line in snippet.splitlines())
        exec(f"async def run():\n{body}", space)
        await space["run"]()  # type: ignore[operator]  # exec has just made it


def test_the_snippets_without_await_run(make_sandbox: Callable[..., Sandbox]) -> None:
    travelled, new = make_sandbox(), make_sandbox()
    access: dict[str, Any] = {"client_id": "sandbox", "client_secret": "sandbox"}
    with cpl_sync.Client(base_url=travelled.base_url, **access) as late:
        numbers = late.shipment_batches.create(shipment(f"r{n}") for n in range(3)).wait().numbers
        travelled.advance(30 * 86_400)
        known = {"shipments": [shipment("a")], "references": ["r0"], "numbers": numbers}
        snippets = [snippet for snippet in client_page() if "await " not in snippet and "async " not in snippet]
        assert len(snippets) >= 6
        with cpl_sync.Client(base_url=new.base_url, **access) as fresh:
            for snippet in snippets:
                exec(snippet, {"cpl": late if is_of_late(snippet) else fresh, **known})


def test_the_snippets_of_the_facades_page_run(
    make_sandbox: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = make_sandbox()
    for name, value in {"CLIENT_ID": "sandbox", "CLIENT_SECRET": "sandbox", "BASE_URL": sandbox.base_url}.items():
        monkeypatch.setenv(f"CPL_{name}", value)
    text = (ROOT / "docs" / "facade.md").read_text(encoding="utf-8")
    first, with_await, view = SNIPPET.findall(text)
    space: dict[str, Any] = {}
    exec(first, space)
    assert space["where_is"]("40900000009") is None
    exec(with_await, {})
    request = SimpleNamespace(headers={"X-Request-ID": "of-the-request"})
    exec(view, space)
    assert space["view"](request)
    assert sandbox.ledger.entries[-1].correlation_id == "of-the-request"
    space["cpl"].close()


@pytest.mark.slow
@pytest.mark.parametrize("sync", [False, True])
def test_the_snippets_of_the_bulk_page_run(
    make_sandbox: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sync: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CPL_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "shipments.csv").write_bytes((ROOT / "examples" / "shipments.csv").read_bytes())
    sandbox = make_sandbox()
    access: dict[str, Any] = {"client_id": "sandbox", "client_secret": "sandbox", "base_url": sandbox.base_url}
    known = {"shipments": [shipment("order-17"), shipment("order-16")], "began": datetime.now(UTC)}
    snippets = SNIPPET.findall((ROOT / "docs" / "bulk.md").read_text(encoding="utf-8"))
    of_kind = [snippet for snippet in snippets if bool(re.search(r"\bawait |\basync ", snippet)) is not sync]
    assert len(of_kind) == 3
    if sync:
        with cpl_sync.Client(**access) as cpl:
            for snippet in of_kind:
                exec(snippet, {"cpl": cpl, **known})
    else:

        async def run_all() -> None:
            async with Client(**access) as client:
                for snippet in of_kind:
                    space: dict[str, Any] = {"cpl": client, **known}
                    body = "".join(f"    {line}\n" for line in snippet.splitlines())
                    exec(f"async def run():\n{body}", space)
                    await space["run"]()

        asyncio.run(run_all())
    assert len(sandbox.shipments()) == 2 + 37


def test_the_snippets_about_observing_run(tmp_path: Path) -> None:
    snippets = SNIPPET.findall((ROOT / "docs" / "observing.md").read_text(encoding="utf-8"))
    assert len(snippets) == 2
    end = "logging.getLogger('cpl_async').debug('x', extra={'cpl_status': 200})\ntelemetry.uninstrument()"
    done = run(["-c", f"{snippets[0]}\n{snippets[1]}\n{end}"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "cpl_status" in done.stderr


def test_the_docs_name_every_column() -> None:
    text = (ROOT / "docs" / "shipping-a-file.md").read_text(encoding="utf-8")
    assert [column for column in COLUMNS if f"`{column}`" not in text] == []


def test_the_docs_name_every_call_and_command() -> None:
    client = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
    for operation in operations():
        family, _, name = operation.partition(".")
        assert f"`{family}`" in client or f"`{operation}`" in client, operation
        assert f"`{name}`" in client or f"`{operation}`" in client, operation
    commands = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("commands.md", "sandbox.md"))
    assert [name for name in cpl.commands if f"cpl {name}" not in commands] == []


def test_ci_runs_the_same_sessions_here_and_on_github() -> None:
    """Both call the sessions of ``noxfile.py``; the README's command needs no session."""
    readme, here = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", ".ci/run"))
    assert "-m pytest\n```" in readme
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    on_github = set(jobs["check"]["strategy"]["matrix"]["session"])
    for step in (step for job in jobs.values() for step in job["steps"]):
        on_github |= set(re.findall(r"^nox --session (\w+)", step.get("run", "")))
    sessions = set()
    for names in re.findall(r"--session ([^>|;\n]+)", here):
        sessions |= set(names.split())
    assert sessions == on_github - {"coverage", "lowest", "wheel"}  # they would take too long here


@pytest.mark.parametrize("path", ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))])
def test_links_lead_somewhere(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("https://"):
            assert ((ROOT / path).parent / target).exists(), target


def test_the_modules_of_the_glossary_exist() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    modules = re.findall(r"\| `([\w.]+)` \|$", text, re.MULTILINE)
    assert len(modules) > 30
    for module in modules:
        name = module if module.startswith("cpl_sync") else f"cpl_async.{module}"
        assert importlib.util.find_spec(name) is not None, module


def test_the_reference_has_every_public_name() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import documentation
    finally:
        sys.path.remove(str(ROOT / "tools"))
    pages = documentation.generated()
    described = {line.removeprefix("::: ") for page in pages.values() for line in page.splitlines() if "::: " in line}
    missing = [
        f"cpl_async.{module}.{name}"
        for name, module in documentation.public().items()
        if not {f"cpl_async.{module}.{name}", f"cpl_async.{module}"} & described
    ]
    assert missing == []
    fields = pages["reference/fields.md"]
    assert "| `zipCode` | `zip_code` | `str`, or none |" in fields
    assert "| `referenceId` | `reference_id` | `str` | 1–128 characters |" in fields


def test_the_changelog_is_in_its_form() -> None:
    """Versions fall, each with its day; the package's own is the newest or still to come; kinds come once, in order."""
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    versions = [line for line in lines if line.startswith("## ")]
    assert versions[0] == "## [Unreleased]"
    dated = [re.fullmatch(r"## \[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", line) for line in versions[1:]]
    assert None not in dated
    numbers = [tuple(map(int, one.groups())) for one in dated if one]
    assert numbers == sorted(set(numbers), reverse=True)
    own = tuple(map(int, re.findall(r"\d+", cpl_sync.__version__)[:3]))
    assert not numbers or own >= numbers[0]
    kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    for section in "\n".join(lines).split("\n## ")[1:]:
        found = re.findall(r"^### (.*)$", section, re.MULTILINE)
        assert found == [kind for kind in kinds if kind in found]
        entries = re.sub(r"^(#+ .*|\[Unreleased\].*|\[\d.*)$", "", section, flags=re.MULTILINE).split("\n\n")
        assert all(entry.startswith("- ") for part in entries if (entry := part.strip()))
