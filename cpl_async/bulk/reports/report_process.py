"""The process that makes the report of a job: ``python -m cpl_async.bulk.reports.report_process DATA``.

DATA is a file with the JSON of :class:`~cpl_async.bulk.reports.data.ReportData`; the report is written beside it.
Drawing blocks and its libraries are slow to import, so nothing else of the engine imports them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ...system.atomic_file import replacing
from .data import ReportData

__all__ = ["REPORT", "main", "write_report"]

REPORT = "report.html"


def write_report(data: ReportData, path: Path) -> None:
    """Write the report atomically.

    :raises ImportError: The extra ``report`` is not installed.
    """
    from .html import page_of

    with replacing(path) as fresh:
        fresh.write_text(page_of(data), encoding="utf-8", newline="\n")


def main() -> None:
    """Write the report beside the data named on the command line."""
    source = Path(sys.argv[1])
    data = ReportData.from_json(source.read_text(encoding="utf-8"))
    try:
        write_report(data, source.parent / REPORT)
    except ImportError as error:
        sys.exit(f"the report needs {(error.name or '').partition('.')[0]}: pip install 'cpl-sdk[report]'")


if __name__ == "__main__":
    main()
