"""``cpl track``: the current state of shipments."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ..client import Client
from ..errors import ConfigurationError
from ..models.shipments import StateChange, TrackedShipment
from .connection import Connection, connected
from .counting import counted
from .failures import NOT_ALL
from .output import print_text, say
from .tables import local, show, show_json_line

__all__ = ["track"]


@click.command(short_help="Show where shipments are.")
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--reference", "references", multiple=True, help="Your reference (external number CUST); repeatable.")
@click.option(
    "--file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="File of numbers, one a line."
)
@click.option("--events", is_flag=True, help="Show each event of the way.")
@click.option(
    "--watch", is_flag=True, help="Stay, and show each change until all are delivered, returned or cancelled."
)
@click.option("--every", type=click.FloatRange(1), default=60, show_default=True, help="Seconds between looks.")
@connected
def track(
    connection: Connection,
    numbers: tuple[str, ...],
    references: tuple[str, ...],
    file: Path | None,
    events: bool,
    watch: bool,
    every: float,
) -> None:
    """Show where shipments are, by NUMBER or by your own reference.

    \b
    Examples:
      cpl track 40900000001 40900000002
      cpl track --reference 2026-00001 --events
      cpl track --file numbers.txt --json

    A file has one number a line. With --watch --json each change is one line of JSON. Times are those of Prague.

    Exit status 1: some numbers or references are not known.
    """
    wanted = [*numbers, *_lines(file)]
    if not wanted and not references:
        raise click.UsageError("name a shipment number, --reference or --file")
    if watch:
        connection.run(lambda client: _watch(client, wanted, list(references), every, connection.as_json))
        return
    found, missing = connection.run(lambda client: _look(client, wanted, list(references)))
    if events and not connection.as_json:
        show([(shipment, event) for shipment in found for event in _events(shipment)], _EVENTS, as_json=False)
    else:
        show(found, _COLUMNS, as_json=connection.as_json)
    if missing:
        say(f"not known: {', '.join(missing[:10])}" + (f" and {len(missing) - 10} more" if len(missing) > 10 else ""))
        raise SystemExit(NOT_ALL)


def _lines(file: Path | None) -> list[str]:
    """Return the numbers of a file: the first word of each line; text after a ``#`` is a comment.

    :raises ConfigurationError: It is not text.
    """
    if file is None:
        return []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is not UTF-8 text: save it as UTF-8, one number a line") from None
    words = (re.split(r"[\s,;]+", line.partition("#")[0].strip()) for line in lines)
    return [found[0] for found in words if found[0]]


_COLUMNS: dict[str, Any] = {
    "number": lambda found: found.shipment_number,
    "reference": lambda found: found.cust,
    "product": lambda found: found.product_type,
    "phase": lambda found: found.phase,
    "what happened": lambda found: found.last_event and found.last_event.name,
    "when": lambda found: found.last_event and found.last_event.event_date,
    "to": lambda found: found.recipient and f"{found.recipient.country} {found.recipient.zip_code or ''}".strip(),
    "set": lambda found: found.shipment_set and found.shipment_set.master_shipment_number,
    "unreadable": lambda found: found.unreadable,
}
_EVENTS: dict[str, Any] = {
    "number": lambda pair: pair[0].shipment_number,
    "when": lambda pair: pair[1].event_date,
    "phase": lambda pair: pair[1].phase,
    "what happened": lambda pair: pair[1].name,
}


def _events(shipment: TrackedShipment) -> list[Any]:
    events = shipment.track_and_trace.events if shipment.track_and_trace else []
    return sorted(events, key=lambda event: str(event.event_date or ""))


async def _look(client: Client, numbers: list[str], references: list[str]) -> tuple[list[TrackedShipment], list[str]]:
    """Return the shipments that were found, in the order of the arguments, and the numbers that were not."""
    found: dict[str, TrackedShipment] = {}
    async for result in client.shipments.track(dict.fromkeys(numbers)):
        if result.shipment is not None:
            found[result.number] = result.shipment
    shown = [found[number] for number in dict.fromkeys(numbers) if number in found]
    missing = [number for number in dict.fromkeys(numbers) if number not in found]
    if references:
        by_reference = [item async for item in client.shipments.iterate(customer_references=references)]
        shown += by_reference
        known = {item.cust for item in by_reference}
        missing += [reference for reference in dict.fromkeys(references) if reference not in known]
    return shown, missing


async def _watch(client: Client, numbers: list[str], references: list[str], every: float, as_json: bool) -> None:
    if references:
        found = [item async for item in client.shipments.iterate(customer_references=references)]
        numbers = [*numbers, *(item.shipment_number for item in found if item.shipment_number)]
    if not numbers:
        say("nothing found")
        raise SystemExit(NOT_ALL)
    say(f"watching {counted(len(set(numbers)), 'shipment')}, Ctrl-C ends it")
    async for change in client.shipments.watch(dict.fromkeys(numbers), every=every, slowest=max(every, 3600.0)):
        if not _show_change(change, as_json):
            return


def _show_change(change: StateChange, as_json: bool) -> bool:
    """Print a change; return whether the stream is still read."""
    if as_json:
        shown = {"number": change.number, "before": change.before, "phase": change.phase, "events": change.events}
        return show_json_line(shown)
    last = change.shipment.last_event
    words = f"{local(last.event_date)}  {last.name or ''}" if last else ""
    return print_text(f"{change.number}  {change.before or 'new'} → {change.phase or 'unknown'}  {words}")
