"""Sessions of CI, which ``.ci/run`` and ``.github/workflows/ci.yml`` call; ``nox -l`` lists them."""

from __future__ import annotations

import re
import shutil
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

ROOT = Path(__file__).parent
DIST = ROOT / "dist"
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PACKAGES = ("cpl_async", "cpl_sync")
SMALL_PROOF = ("--rows", "300", "--batch-size", "20", "--max-concurrency", "2", "--settle-time", "4")
SMALL_PROOF_OF_WORKERS = (
    *("--rows", "300", "--batch-size", "20", "--shard-size", "60"),
    *("--kills", "2", "--settle-time", "3"),
)

SIMULATIONS = (
    ("sweep", "1", "100"),
    ("sweep", "1", "50", "--bounded"),
    ("crashes", "--recoveries", "20"),
    ("ablate", "--recorded"),
)
MANY_SIMULATIONS = (
    ("sweep", "1", "4000", "--keep"),
    ("sweep", "1", "2000", "--bounded", "--keep"),
    ("crashes", "--all"),
    ("ablate",),
)
READS_EXAMPLES_BESIDE_THE_PACKAGE = (
    "tests/bulk/reports/test_report.py::test_reports_are_made_from_a_package_in_a_zip_file"
)
"""It looks for ``examples`` in the parent folder of the package, which is ``site-packages`` for the wheel."""

WHEEL_TESTS = (
    *("--everything", "--ignore", "tests/test_mutations.py"),
    *("--deselect", READS_EXAMPLES_BESIDE_THE_PACKAGE),
)

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "docs", "package", "tests"]


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, rules, import layers, spelling, words and generated code."""
    install(session)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("lint-imports", silent=True)
    session.run("codespell")
    session.run("python", "tools/check_words.py")
    for name in ("generate_names", "generate_sync", "generate_contract", "translate"):
        session.run("python", f"tools/{name}.py", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright, and that every public name has a type."""
    install(session)
    session.run("mypy")
    session.run("pyright")
    for package in PACKAGES:
        # it ends with status 1 below 100 %
        session.run("pyright", "--ignoreexternal", "--verifytypes", package, silent=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, and fail at the first warning."""
    install(session)
    folder = session.create_tmp()
    session.run("mkdocs", "build", "--strict", "--quiet", "--site-dir", folder, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def package(session: nox.Session) -> None:
    """Build wheel and sdist into ``dist``, and check their content and that the wheel installs and runs."""
    session.install("build>=1.2")
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "tools/check_distribution.py", "--folder", str(DIST))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests except the mutations. Arguments are those of pytest."""
    install(session)
    session.run("python", "-m", "pytest", "--everything", "--ignore", "tests/test_mutations.py", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Run all tests except the mutations against the wheel in ``dist``. Arguments are those of pytest."""
    install(session, f"{built_wheel(session)}[all]")
    with TemporaryDirectory(prefix="cpl-wheel-") as folder:
        copy = copy_without_packages(Path(folder) / "project")
        with session.chdir(copy):
            session.run("python", "-m", "pytest", *WHEEL_TESTS, *session.posargs, env={"PYTHONPATH": str(copy)})


@nox.session
def coverage(session: nox.Session) -> None:
    """Run all tests except the mutations, measure coverage, and fail below the gate of ``pyproject.toml``."""
    install(session, f"{built_wheel(session)}[all]")
    with TemporaryDirectory(prefix="cpl-coverage-") as folder:
        copy = copy_without_packages(Path(folder) / "project")
        # programs that tests start in other folders import benchmarks, which is not in the wheel
        data = {"COVERAGE_FILE": str(copy / ".coverage"), "PYTHONPATH": str(copy)}
        with session.chdir(copy):
            session.run("python", "-m", "coverage", "run", "-m", "pytest", *WHEEL_TESTS, *session.posargs, env=data)
        session.run("coverage", "combine", "--quiet", str(copy), env=data)
        session.run("coverage", "report", "--format", "total", env=data)


@nox.session
def mutations(session: nox.Session) -> None:
    """Run a third of the mutations, which depends on the minor version of Python; ``-- all`` runs all of them."""
    install(session)
    share = {"TESTS_MUTATIONS": "all"} if "all" in session.posargs else {}
    session.run("python", "-m", "pytest", "--everything", "tests/test_mutations.py", env=share)


@nox.session
def proofs(session: nox.Session) -> None:
    """Run two seeds of each proof of exactly-once."""
    install(session)
    path = {"PYTHONPATH": str(ROOT)}
    session.run("python", "-m", "benchmarks.proof", *SMALL_PROOF, "--seeds", "2", env=path)
    session.run("python", "-m", "benchmarks.proof_of_workers", *SMALL_PROOF_OF_WORKERS, "--seeds", "2", env=path)


@nox.session(python=["3.12", "3.13"])
def simulation(session: nox.Session) -> None:
    """Run 100 random seeds, 50 with bounded preemptions, a crash at each commit, and the seed of each safeguard."""
    run_simulations(session, SIMULATIONS)


@nox.session(python="3.12")
def many_simulations(session: nox.Session) -> None:
    """Run thousands of seeds and keep those that fail, crash twice at each commit, and find all missing safeguards."""
    run_simulations(session, MANY_SIMULATIONS)


@nox.session
def pages(session: nox.Session) -> None:
    """Run what each page shows in a fresh environment with what it says to install."""
    install(session)
    session.run("python", "tools/try_pages.py")


@nox.session
def audit(session: nox.Session) -> None:
    """Report known vulnerabilities of the dependencies."""
    session.install(".[all]", "pip-audit>=2.7")
    session.run("pip-audit", "--skip-editable", "--progress-spinner", "off")


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """Run the tests of the package with the lowest versions that it declares."""
    constraints = Path(session.create_tmp()) / "lowest.txt"
    constraints.write_text("\n".join(lowest_versions()) + "\n", encoding="utf-8")
    install(session, "--editable", ".[all]", "--constraint", str(constraints), group="test")
    folders = session.posargs or ["tests/bulk", "tests/models", "tests/resources", "tests/transport"]
    # old versions use each other's deprecated names
    session.run("pytest", "-W", "default", *folders)


@nox.session
def nightly(session: nox.Session) -> None:
    """Run what takes hours: all mutations, all proofs, the simulation, the attack on the sandbox and the large fuzz."""
    install(session)
    session.run("python", "-m", "pytest", "--everything", "tests/test_mutations.py", env={"TESTS_MUTATIONS": "all"})
    session.run("python", "-m", "benchmarks.proof", *SMALL_PROOF, "--seeds", "200")
    session.run("python", "-m", "benchmarks.proof", *SMALL_PROOF, "--seeds", "40", "--postgresql")
    session.run("python", "-m", "benchmarks.proof", *SMALL_PROOF, "--seeds", "20", "--tail", "1.2")
    session.run("python", "-m", "benchmarks.proof")
    session.run("python", "-m", "benchmarks.proof_of_workers", "--rows", "4000", "--seeds", "6")
    session.run("python", "-m", "benchmarks.proof_of_workers")
    session.notify("many_simulations")
    session.run("python", "tools/attack_sandbox.py", "--seconds", "300")
    session.run("python", "-m", "benchmarks.fuzz", "--cases", "100000")


def install(session: nox.Session, *packages: str, group: str = "dev") -> None:
    """Install packages, by default the editable package with all extras, and a dependency group.

    Nothing is installed with ``nox --no-venv --no-install``, as ``.ci/run`` calls it.
    """
    session.install("--upgrade", "pip")
    session.install(*(packages or ("--editable", ".[all]")), "--group", group)


def run_simulations(session: nox.Session, commands: Iterable[tuple[str, ...]]) -> None:
    """Run commands of the simulation, each of which fails at a broken promise."""
    install(session, ".[bulk,sandbox]", group="simulation")
    for arguments in commands:
        session.run("python", "-m", "tests.simulation", *arguments, env={"PYTHONHASHSEED": "0"})


def built_wheel(session: nox.Session) -> Path:
    """Return the wheel in ``dist``; it must hold the modules of this folder."""
    wheel = next(DIST.glob("*.whl"), None)
    if wheel is None:
        session.error("there is no wheel in dist: run nox -s package")
    with zipfile.ZipFile(wheel) as archive:
        built = {name: archive.read(name) for name in archive.namelist() if name.endswith(".py")}
    modules = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    if built != {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in modules}:
        session.error("the wheel in dist was built from other code: run nox -s package")
    return wheel


def copy_without_packages(folder: Path) -> Path:
    """Copy the project without its packages, so that tests can import them from the wheel only."""
    ignored = shutil.ignore_patterns(".git", ".nox", ".venv", ".*_cache", "__pycache__", "dist", "site", *PACKAGES)
    return Path(shutil.copytree(ROOT, folder, ignore=ignored))


def lowest_versions() -> list[str]:
    """Return each dependency of the package and its extras with its lowest version, as a constraint."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    versions = {}
    for requirement in [*project["dependencies"], *(requirement for extra in extras for requirement in extra)]:
        if match := re.match(r"([A-Za-z0-9-]+)(?:\[[^]]*])?>=([0-9.]+)", requirement):
            versions[match[1]] = match[2]
    return [f"{name}=={version}" for name, version in sorted(versions.items())]
