"""The ``cpl`` command, assembled from its subcommands."""

from __future__ import annotations

import click

from .._version import __version__
from .cancel import cancel, redirect
from .completion import completion
from .doctor import doctor
from .init import init
from .jobs import jobs
from .label import label
from .lookup import LOOKUPS
from .order import order
from .sandbox import sandbox
from .ship import ship
from .track import track

__all__ = ["cpl"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="cpl")
def cpl() -> None:
    """Ship parcels with PPL CZ from files, follow them, and try it all on a sandbox of your own.

    \b
    Example:
      cpl ship shipments.csv --sandbox --out out
      cpl track 40900000001
      cpl doctor
    """


COMMANDS: tuple[click.Command, ...] = (
    ship,
    jobs,
    track,
    cancel,
    redirect,
    label,
    order,
    *LOOKUPS,
    init,
    doctor,
    sandbox,
    completion,
)
for _command in COMMANDS:
    cpl.add_command(_command)
