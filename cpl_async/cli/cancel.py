"""``cpl cancel`` and ``cpl redirect``: changes to a shipment that exists."""

from __future__ import annotations

import asyncio
import sys

import click
from attrs import frozen

from ..client import Client
from ..errors import AuthenticationError, CplError, Outcome, PermissionDenied
from .connection import Connection, connected
from .counting import counted
from .failures import INTERRUPTED, NOT_ALL
from .output import say
from .tables import show

__all__ = ["cancel", "redirect"]


@frozen
class Done:
    """The result of one shipment."""

    number: str
    outcome: str
    """``cancelled``, ``refused``, ``unknown`` or ``not sent``."""
    message: str = ""


@click.command(short_help="Cancel shipments that are not picked up yet.")
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@connected
def cancel(connection: Connection, numbers: tuple[str, ...], yes: bool) -> None:
    """Cancel shipments; it works only until a shipment has physically entered the network.

    \b
    Example:
      cpl cancel 40900000001 40900000002 --yes

    Exit status 1: some were refused, or it is not known whether they are cancelled.
    """
    chosen = list(dict.fromkeys(numbers))
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody is there to say yes: give --yes")
        click.confirm(f"Cancel {counted(len(chosen), 'shipment')}?", abort=True, err=True)
    results: list[Done] = []
    status: int | None = None
    try:
        connection.run(lambda client: _cancel_all(client, chosen, results))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("stopped")
        status = INTERRUPTED
    finally:  # settled results are printed also after an error
        results += [Done(number, "not sent") for number in chosen[len(results) :]]
        columns = {"number": _number, "outcome": _outcome, "message": _message}
        show(results, columns, as_json=connection.as_json)
    if status is not None:
        raise SystemExit(status)
    if any(result.outcome != "cancelled" for result in results):
        if any(result.outcome == "unknown" for result in results):
            say("unknown: look them up with `cpl track` before you cancel them again")
        raise SystemExit(NOT_ALL)


def _number(done: Done) -> str:
    return done.number


def _outcome(done: Done) -> str:
    return done.outcome


def _message(done: Done) -> str:
    return done.message


async def _cancel_all(client: Client, numbers: list[str], results: list[Done]) -> None:
    for number in numbers:
        try:
            await client.shipments.cancel(number)
        except asyncio.CancelledError:
            results.append(Done(number, "unknown", "stopped while it was asked"))
            raise
        except CplError as error:
            outcome = {Outcome.UNKNOWN: "unknown", Outcome.REJECTED: "refused"}.get(error.outcome, "not sent")
            results.append(Done(number, outcome, "; ".join(p.message for p in error.problems) or error.message))
            if isinstance(error, (AuthenticationError, PermissionDenied)):
                raise  # it would be the same for all of them
        else:
            results.append(Done(number, "cancelled"))


@click.command(short_help="Add a contact to the recipient of a shipment.")
@click.argument("number")
@click.option("--contact", help="Name of a person.")
@click.option("--phone", help="Best with the country's code.")
@click.option("--email", help="An e-mail address.")
@connected
def redirect(connection: Connection, number: str, contact: str | None, phone: str | None, email: str | None) -> None:
    """Add a contact, a telephone number or an e-mail address to the recipient of a shipment that is on its way.

    \b
    Example:
      cpl redirect 40900000001 --phone +420777000001
    """
    if not (contact or phone or email):
        raise click.UsageError("give --contact, --phone or --email")
    connection.run(lambda client: client.shipments.redirect(number, contact=contact, phone=phone, email=email))
    show([Done(number, "contact added")], {"number": _number, "outcome": _outcome}, as_json=connection.as_json)
