"""The command's parts put together."""

from __future__ import annotations

import click

from .._version import __version__
from .sandbox import sandbox
from .ship import ship

__all__ = ["cpl"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="cpl")
def cpl() -> None:
    """Ship parcels with PPL CZ from files, and try it on a sandbox of your own.

    \b
    Example:
      cpl ship shipments.csv --sandbox --out out
    """


cpl.add_command(ship)
cpl.add_command(sandbox)
