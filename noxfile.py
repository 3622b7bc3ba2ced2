"""Tests on each Python, with the lowest and the newest dependencies: ``nox``, or ``nox -s lowest``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests", "lowest"]
nox.options.default_venv_backend = "venv"


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests with the newest dependencies."""
    install(session, "--editable", ".[all]")
    session.run("pytest", *session.posargs, env={"TESTS_MUTATIONS": "all"})


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """Run the tests of the package with the lowest versions that it says it works with."""
    constraints = Path(session.create_tmp()) / "lowest.txt"
    constraints.write_text("\n".join(lowest_versions()) + "\n", encoding="utf-8")
    install(session, "--editable", ".[all]", "--constraint", str(constraints), group="test")
    # old versions warn of each other, which is not for us to mend
    session.run(
        "pytest",
        "-W",
        "default",
        *(session.posargs or ["tests/bulk", "tests/models", "tests/resources", "tests/transport"]),
    )


@nox.session
def nightly(session: nox.Session) -> None:
    """Run what takes hours: all proofs of exactly-once with clocks, identities and journals, and the large fuzz."""
    install(session, "--editable", ".[all]")
    of_small = ["--rows", "1000", "--batch-size", "20", "--max-concurrency", "2", "--settle-time", "4"]
    session.run("python", "-m", "benchmarks.proof", *of_small, "--seeds", "200")
    session.run("python", "-m", "benchmarks.proof", *of_small, "--seeds", "40", "--postgresql")
    session.run("python", "-m", "benchmarks.proof", *of_small, "--seeds", "20", "--tail", "1.2")
    session.run("python", "-m", "benchmarks.proof_of_workers", "--rows", "4000", "--seeds", "6")
    session.run("python", "-m", "benchmarks.fuzz", "--cases", "100000")


@nox.session
def documentation(session: nox.Session) -> None:
    """Build the site, and fail at the first warning."""
    install(session, "--editable", ".[all]")
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def pages(session: nox.Session) -> None:
    """Run what each page shows in a fresh environment with what it says to install."""
    install(session, "--editable", ".[all]")
    session.run("python", "tools/try_pages.py")


@nox.session
def audit(session: nox.Session) -> None:
    """Look for known weaknesses in what the package depends on."""
    session.install(".[all]", "pip-audit>=2.7")
    session.run("pip-audit", "--skip-editable", "--progress-spinner", "off")


def install(session: nox.Session, *what: str, group: str = "dev") -> None:
    """Install the package and what its tests need."""
    session.install("--upgrade", "pip")
    session.install(*what, "--group", group)


def lowest_versions() -> list[str]:
    """Return each dependency of the package and its extras with its lowest version, as a constraint."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    found = {}
    for one in wanted:
        if match := re.match(r"([A-Za-z0-9-]+)(?:\[[^]]*])?>=([0-9.]+)", one):
            found[match[1]] = match[2]
    return [f"{name}=={version}" for name, version in sorted(found.items())]
