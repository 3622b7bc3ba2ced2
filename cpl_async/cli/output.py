"""The output of a command: everything that it prints passes through this module.

Text of the server or of a row cannot control the terminal. A stream that fails (a closed pipe, a full disk) never stops
the command; its exit status reports the failure.
"""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import suppress
from errno import EBADF, EPIPE
from typing import Any, TextIO

import click
import orjson
from rich.console import Console

from ..plain_text import plain, plain_json, plain_lines

__all__ = [
    "lasting_streams",
    "output_failure",
    "print_json",
    "print_json_line",
    "print_table",
    "print_text",
    "say",
    "tell",
]

GONE = (EPIPE, EBADF)
"""Errors of a stream whose reader is gone, so that the output is not missed."""


class LastingStream(io.RawIOBase):
    """A standard stream that accepts everything, and stores the first error of the system."""

    def __init__(self, descriptor: int) -> None:
        """Write to a descriptor, which stays open."""
        self._descriptor = descriptor
        self.error: OSError | None = None
        """Why the stream could not be written, or `None` if it could."""

    def writable(self) -> bool:
        """Return true."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, data: Any) -> int:
        """Write all of the data, or drop it after an error; return its length."""
        left = memoryview(data).cast("B")
        length = len(left)
        try:
            while left and self.error is None:
                try:
                    left = left[os.write(self._descriptor, left) :]
                except BlockingIOError:  # another program has made the terminal or the pipe non-blocking
                    select.select([], [self._descriptor], [])
        except OSError as error:
            self.error = error
        return length


def lasting_streams() -> None:
    """Make standard output and standard error streams that never fail, even if their reader is gone."""
    closed = _fill_descriptors()
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream: TextIO | None = getattr(sys, name)
        if stream is not None and not _is_system_stream(stream, descriptor):
            continue  # a test, or a program around the command, has replaced the stream
        raw = LastingStream(descriptor)
        if descriptor in closed:
            raw.error = OSError(EBADF, os.strerror(EBADF))
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
        encoding = stream.encoding if stream is not None else "utf-8"
        lasting = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=encoding, errors="replace", line_buffering=descriptor == 2 or raw.isatty()
        )
        setattr(sys, name, lasting)


def output_failure() -> OSError | None:
    """Return why the results could not be printed, or `None` if they were, or if the reader is gone."""
    _flush()
    error = _stdout_error()
    return error if error is not None and error.errno not in GONE else None


def print_text(text: str = "") -> bool:
    """Print a text of one or more lines; return whether the stream is still read."""
    click.echo(plain_lines(text))
    return _flush()


def print_json(data: Any, default: Any = None) -> bool:
    """Print data as JSON; return whether the stream is still read.

    :param data: Data, or JSON as text.
    :param default: Converts objects that JSON does not support. Default: no conversion.
    """
    text = data if isinstance(data, str) else orjson.dumps(data, default, orjson.OPT_INDENT_2).decode()
    click.echo(plain_json(text))
    return _flush()


def print_json_line(data: Any, default: Any = None) -> bool:
    """Print data as one line of JSON, for a stream; return whether the stream is still read."""
    click.echo(plain_json(orjson.dumps(data, default).decode()))
    return _flush()


def print_table(console: Console, table: Any) -> bool:
    """Print a table whose cells are plain; return whether the stream is still read."""
    console.print(table)
    return _flush()


def say(text: str) -> None:
    """Write a line for the user to standard error, beside the result."""
    click.echo(plain_lines(text), err=True)


def tell(text: str) -> None:
    """Write the one-line error message to standard error."""
    colour = False if os.environ.get("NO_COLOR") else None
    click.echo(click.style("error: ", fg="red") + plain(" ".join(text.split())), err=True, color=colour)


def _fill_descriptors() -> set[int]:
    """Open the null device for closed standard streams; else a file would get their numbers, and with them the output.

    :return: Descriptors that were closed.
    """
    closed = set()
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            closed.add(descriptor)
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
    return closed


def _is_system_stream(stream: TextIO, descriptor: int) -> bool:
    try:
        return isinstance(stream, io.TextIOWrapper) and stream.fileno() == descriptor
    except (OSError, ValueError):
        return False


def _flush() -> bool:
    with suppress(OSError, ValueError):  # a stream that this module did not replace
        sys.stdout.flush()
    return _stdout_error() is None


def _stdout_error() -> OSError | None:
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.error if isinstance(raw, LastingStream) else None
