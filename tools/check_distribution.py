"""Build wheel and sdist, and check their content and that the wheel installs and runs.

python tools/check_distribution.py [--folder dist]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
IN_WHEEL = (
    "cpl_async/py.typed",
    "cpl_sync/py.typed",
    "cpl_async/client.py",
    "cpl_async/pytest_plugin.py",
    "cpl_async/testing.py",
    "cpl_async/fonts/DejaVuSansCondensed.ttf",
    "cpl_async/fonts/LICENSE",
    "cpl_async/sandbox/data/codes.json",
    "cpl_async/sandbox/data/contract.json",
    "cpl_async/sandbox/data/networks.json",
    "cpl_async/sandbox/data/towns.json",
)
IN_SDIST = (
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "SECURITY.md",
    "mkdocs.yml",
    "docs/index.md",
    "examples/shipments.csv",
    "tests/contract/cpl-openapi.yaml",
)


def main() -> None:
    """Build and check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="folder that keeps wheel and sdist; default: they are removed")
    with TemporaryDirectory() as folder:
        built: Path = parser.parse_args().folder or Path(folder)
        subprocess.run([sys.executable, "-m", "build", "--outdir", built, ROOT], check=True, capture_output=True)
        wheel, sdist = next(built.glob("*.whl")), next(built.glob("*.tar.gz"))
        names = set(zipfile.ZipFile(wheel).namelist())
        missing = [name for name in IN_WHEEL if name not in names]
        odd = [name for name in names if not name.startswith(("cpl_async/", "cpl_sync/", "cpl_sdk-"))]
        with tarfile.open(sdist) as archive:
            inside = {name.partition("/")[2] for name in archive.getnames()}
        missing += [name for name in IN_SDIST if name not in inside]
        if missing or odd:
            sys.exit(f"missing: {missing}; should not be there: {odd}")
        place = Path(folder) / "venv"
        venv.create(place, with_pip=True)
        python = place / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
        command: list[str | Path] = [
            python,
            "-c",
            "import cpl_async, cpl_sync; cpl_async.Client; print(cpl_async.__version__)",
        ]
        version = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout.strip()
        done = subprocess.run([place / "bin" / "cpl"], capture_output=True, text=True, cwd=folder)
        if done.returncode != 1 or "pip install 'cpl-sdk[all]'" not in done.stderr:
            sys.exit(f"without its extra the command should say what to install, it said: {done.stderr}")
        print(f"wheel and sdist of {version} hold what they should, and the core installs by itself")


if __name__ == "__main__":
    main()
