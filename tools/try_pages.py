"""Run the code of each documentation page in a fresh environment with only the packages that the page installs.

First the first command of the README is run unchanged, twice, in a copy of this folder.

Every page with tested code contains its packages in a line ``pip install …``. For each set of packages an environment
is created, with the wheel of this folder for ``cpl-sdk``, and the tests of the pages run their programs in it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
INSTALL = re.compile(r"^`?pip install ([^`\n]*)", re.MULTILINE)
RUNS = re.compile(r"^ *(```(python|sh)$|```\{ \.python \.example \})", re.MULTILINE)
AT_ONCE = 2
TESTS = ("tests/test_tutorials.py", "tests/test_examples.py")


def run_first_command() -> str:
    """Run the README's first command in a copy of the sources, twice; return the error, or an empty text."""
    command = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "out", "out-sandbox", "site"))
        for words in ("shipped, with label", "was finished before: nothing was sent"):
            environment = {name: value for name, value in os.environ.items() if not name.startswith("CPL_")}
            environment |= {"CPL_LANGUAGE": "en", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
            run = ["bash", "-ec", command]
            done = subprocess.run(run, cwd=copy, env=environment, capture_output=True, text=True, check=False)
            if done.returncode or words not in done.stdout:
                return f"{command}{done.stdout}{done.stderr}"
    print(f"README: {command.strip()}: as it says, and again", flush=True)
    return ""


def main() -> None:
    """Try all pages, and fail if one does not run or does not list its packages."""
    sets, silent = wanted()
    if silent:
        sys.exit(f"these pages have pieces that run, and no line `pip install …`: {', '.join(silent)}")
    with TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(ROOT)]
        subprocess.run(build, check=True)
        wheel = next(Path(folder).glob("*.whl"))
        with ThreadPoolExecutor(AT_ONCE) as threads:
            places = [Path(folder) / f"venv{number}" for number in range(len(sets))]
            results = list(threads.map(tried, sets.items(), places, [wheel] * len(sets)))
    failed = [words for good, words in results if not good] + ([wrong] if (wrong := run_first_command()) else [])
    if failed:
        sys.exit("\n\n".join(failed))


def wanted() -> tuple[dict[tuple[str, ...], list[str]], list[str]]:
    """Return the pages by their packages, and the pages that run code without a list of packages."""
    sets: dict[tuple[str, ...], list[str]] = defaultdict(list)
    silent = []
    for path in [DOCS / "index.md", *sorted(DOCS.glob("*/*.md"))]:
        text, page = path.read_text(encoding="utf-8"), path.relative_to(DOCS).as_posix()
        if RUNS.search(text) is None:
            continue
        if (found := INSTALL.search(text)) is None:
            silent.append(page)
        else:
            sets[tuple(shlex.split(found[1]))].append(page)
    return sets, silent


def tried(need: tuple[tuple[str, ...], list[str]], place: Path, wheel: Path) -> tuple[bool, str]:
    """Create an environment, run the tests of its pages in it, and return whether they passed, with their output."""
    packages, pages = need
    shown = f"{' '.join(packages)}: {', '.join(pages)}"
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    given = [re.sub(r"^cpl-sdk", str(wheel), package) for package in packages]
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *given]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        return False, f"{shown}\n{done.stdout}{done.stderr}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", *TESTS],
        cwd=ROOT,
        env=os.environ | {"TESTS_PYTHON": str(python), "TESTS_PAGES": " ".join(pages)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    print(f"{shown}: {lines[-1] if lines else 'nothing'}", flush=True)
    return done.returncode == 0, f"{shown}\n{done.stdout}{done.stderr}"


if __name__ == "__main__":
    main()
