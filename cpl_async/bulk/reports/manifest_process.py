"""The process that makes the handover manifest: ``python -m cpl_async.bulk.reports.manifest_process DATA``.

DATA is a file of JSON lines by :func:`~cpl_async.bulk.reports.manifest_data.write_manifest_data`; the manifest is
written beside it. Rows are read once to count pages and once to draw, and never all at once.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

from ...system.atomic_file import replacing
from .manifest_data import read_manifest_data

__all__ = ["MANIFEST", "main", "write_manifest"]

MANIFEST = "manifest.pdf"


def write_manifest(source: Path, path: Path) -> None:
    """Write the manifest atomically.

    :param source: File of the JSON lines.
    :raises ImportError: The extra ``report`` is not installed.
    """
    from .manifest_pages import paged
    from .manifest_pdf import ManifestPdf

    handover, rows = read_manifest_data(source)
    with replacing(path) as fresh:
        drawing = ManifestPdf(fresh, handover)
        paging = paged(rows, drawing.row_height, drawing.room, drawing.ending_height)
        numbered = enumerate(read_manifest_data(source)[1], 1)
        for page, count in enumerate(paging.rows, 1):
            drawing.page(page, len(paging.rows), paging.totals.parcels)
            if count:
                drawing.table_heading()
            for number, row in islice(numbered, count):
                drawing.row(number, row)
        drawing.ending(paging.totals)


def main() -> None:
    """Write the manifest beside the data named on the command line."""
    source = Path(sys.argv[1])
    try:
        write_manifest(source, source.parent / MANIFEST)
    except ImportError as error:
        sys.exit(f"the manifest needs {(error.name or '').partition('.')[0]}: pip install 'cpl-sdk[report]'")


if __name__ == "__main__":
    main()
