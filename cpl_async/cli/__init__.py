"""The ``cpl`` command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click import Command

__all__ = ["main"]


def main() -> None:
    """Run the ``cpl`` command, or report the extra to install for it."""
    try:
        from .app import cpl
    except KeyboardInterrupt:
        sys.exit(130)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("cpl_async", "cpl_sync"):
            raise
        sys.exit(f"cpl: {error.name} is not installed; the command needs: pip install 'cpl-sdk[all]'")
    from .output import lasting_streams

    lasting_streams()
    sys.exit(_status(cpl))


def _status(command: Command) -> int:
    """Run a command and return its exit status. The status is not 0 if the results could not be printed."""
    from .failures import NOT_ALL
    from .output import output_failure, tell

    try:
        status = _run(command)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    failure = output_failure()
    if failure is not None:
        tell(f"the result could not be printed: {failure.strerror}; what the command did is done")
        return status or NOT_ALL
    return status


def _run(command: Command) -> int:
    """Run a command; usage errors are reported in the same way as all others."""
    import click

    from .failures import CANNOT_RUN, INTERRUPTED, NOT_ALL
    from .output import say, tell

    try:
        status = command.main(prog_name="cpl", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return CANNOT_RUN
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else "cpl"
        tell(f"{error.format_message().rstrip('.')}; see `{path} --help`")
        return CANNOT_RUN
    except click.ClickException as error:
        tell(error.format_message())
        return error.exit_code
    except click.Abort as stop:  # Ctrl-C, or the answer "no" to a prompt
        say("stopped")
        return INTERRUPTED if isinstance(stop.__cause__, KeyboardInterrupt) else NOT_ALL
    return status if isinstance(status, int) else 0
