"""Check docstrings, comments, messages and pages for words that the project does not use.

python tools/check_words.py                   check the paths of ``[tool.words]`` in pyproject.toml
python tools/check_words.py cpl_async/bulk    check other paths
python tools/check_words.py --report          check everything, with the pages in docs; always status 0
python tools/check_words.py --clean           print the paths that are clean, as the list for pyproject.toml
"""

from __future__ import annotations

import argparse
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from attrs import frozen

__all__ = ["Finding", "findings_in", "main"]

ROOT = Path(__file__).resolve().parent.parent
CODE = ("cpl_async", "cpl_sync", "tools", "benchmarks", "examples", "tests", "noxfile.py")
PAGES = ("README.md", "CONTRIBUTING.md")
REPORTED = ("docs",)
"""Paths whose findings are printed but do not fail the check."""

REPLACEMENTS = {
    r"mend(?:s|ed|ing)?": "fix",
    r"second\s+tr(?:y|ies)": "retry",
    r"unless\s+(?:told|given)": "Default: ...",
    r"whoever": "the caller, the client, the process",
    r"anew": "again",
    r"let(?:s|ting)?\s+go\s+of": "release",
    r"at\s+work": "running",
    r"so\s+many": "number of",
    r"moments?": "time, timestamp",
    r"loan(?:s|ed)?": "lease",
    r"lent": "leased",
    r"borrow(?:s|ed|ing)?": "lease, take",
}
"""Words that are forbidden, as regular expressions, with the words that replace them."""
FORBIDDEN = [(re.compile(rf"\b{word}\b", re.IGNORECASE), new) for word, new in REPLACEMENTS.items()]
# the name None in a piece of code is allowed
FORBIDDEN.append((re.compile(r"\bis\s+none\b"), "or `None` if there is no ..."))

TEXTS = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


@frozen
class Finding:
    """A forbidden word in a file."""

    path: Path
    line: int
    word: str
    replacement: str

    def __str__(self) -> str:
        path = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path
        return f"{path}:{self.line}: {self.word} -> {self.replacement}"


def main(arguments: list[str] | None = None) -> int:
    """Print the findings and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders; default: those of pyproject.toml")
    parser.add_argument("--report", action="store_true", help="check everything, and end with status 0")
    parser.add_argument("--clean", action="store_true", help="print the paths that are clean")
    options = parser.parse_args(arguments)
    if options.clean:
        print("\n".join(f'    "{path}",' for path in _clean_paths()))
        return 0
    paths: Iterable[Path] = options.paths or _enforced_paths()
    if options.report:
        paths = [ROOT / name for name in (*CODE, *PAGES, *REPORTED)]
    if missing := [str(path) for path in paths if not path.exists()]:
        print(f"no such path, correct [tool.words] in pyproject.toml: {', '.join(missing)}", file=sys.stderr)
        return 2
    findings = [finding for path in _files_in(paths) for finding in findings_in(path)]
    for finding in findings:
        print(finding)
    print(f"{len(findings)} forbidden words", file=sys.stderr)
    return 1 if findings and not options.report else 0


def findings_in(path: Path) -> list[Finding]:
    """Return the forbidden words of a Python file or a page."""
    texts = _texts_of(path) if path.suffix == ".py" else [(1, path.read_text(encoding="utf-8"))]
    return [
        Finding(path, first + text.count("\n", 0, match.start()), " ".join(match[0].split()), new)
        for first, text in texts
        for pattern, new in FORBIDDEN
        for match in pattern.finditer(text)
    ]


def _texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield comments, docstrings and messages with their first line; a string without a space is a name or a key."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in TEXTS and re.search(r"\s", token.string):
                yield token.start[0], token.string


def _enforced_paths() -> list[Path]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [ROOT / name for name in settings["tool"]["words"]["paths"]]


def _files_in(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (file for file in found if file.suffix in {".py", ".md"} and "__pycache__" not in file.parts)


def _clean_paths() -> Iterator[str]:
    """Yield the pages and folders without a finding, and the folders and modules without one in other packages."""
    waiting = [ROOT / name for name in (*PAGES, *CODE)]
    while waiting:
        path = waiting.pop(0)
        files = list(_files_in([path]))
        if files and not any(findings_in(file) for file in files):
            yield path.relative_to(ROOT).as_posix()
        elif path.is_dir():
            is_package = path.parent == ROOT
            waiting[:0] = [child for child in sorted(path.iterdir()) if child.is_dir() or is_package]


if __name__ == "__main__":
    sys.exit(main())
