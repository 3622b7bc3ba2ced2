"""Command-line options made from the fields of ``JobOptions``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import click

from ..bulk import JobOptions
from .timestamps import as_timestamp

__all__ = ["job_options"]

F = TypeVar("F", bound=Callable[..., Any])
HELP = {
    "name": "Name of the job. Default: a hash of the file's content.",
    "strict": "Send nothing if any row is rejected.",
    "allow_reship": "Also send rows whose reference an earlier job has shipped; they are billed again.",
    "a4": "Put four labels on an A4 sheet (PDF only).",
    "batch_size": "Maximum number of shipments in a request.",
    "max_concurrency": "Maximum number of batches sent concurrently.",
    "import_timeout": "Seconds to wait for the import of a batch.",
    "settle_time": "Seconds after a lost response until its shipments must be visible; only then they are resent.",
    "deadline": "Send nothing from this time on (17:30, or 2026-03-01T17:30).",
    "pilot_rows": "Rows that are sent first if the account has no control shipment; 0 for none.",
    "ignore_clock": "Send although this machine's clock is hours off the carrier's.",
    "resend_unlabelled": "Cancel shipments that were found without a label, and resend them.",
    "cancel_duplicates": "Cancel duplicate shipments.",
    "reports": "Make a report and a handover manifest.  [default: reports]",
}
ENVIRONMENT = {"settle_time": "CPL_SETTLE_TIME"}


def job_options(*names: str) -> Callable[[F], F]:
    """Return a decorator that adds the options of these fields to a command.

    :param names: Fields of :class:`JobOptions`, in the order of ``--help``.
    """
    fields = attrs.fields_dict(attrs.resolve_types(JobOptions))

    def decorate(command: F) -> F:
        for name in reversed(names):
            command = _option(fields[name])(command)
        return command

    return decorate


def _option(option: attrs.Attribute[Any]) -> Callable[[F], F]:
    flag = "--" + option.name.replace("_", "-")
    given: dict[str, Any] = {"help": HELP[option.name], "envvar": ENVIRONMENT.get(option.name)}
    if option.type is bool:
        name = f"{flag}/--no-{flag[2:]}" if option.default else flag
        return click.option(name, is_flag=True, default=option.default, **given)
    if option.name == "deadline":
        return click.option(flag, callback=as_timestamp, **given)
    if "min" in option.metadata:
        numbers = click.IntRange if option.type is int else click.FloatRange
        range_ = numbers(option.metadata["min"], option.metadata["max"])
        return click.option(flag, type=range_, default=option.default, show_default=True, **given)
    return click.option(flag, **given)
