"""``cpl completion``: the completion script of a shell."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from .output import print_text

__all__ = ["completion"]

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command(short_help="Print what a shell needs to complete this command.")
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script for SHELL that completes commands, options and their values.

    \b
    Examples:
      cpl completion bash > ~/.local/share/bash-completion/completions/cpl
      cpl completion zsh > ~/.zfunc/_cpl
      cpl completion fish > ~/.config/fish/completions/cpl.fish
    """
    kind = SHELLS[shell]
    print_text(kind(context.find_root().command, {}, "cpl", "_CPL_COMPLETE").source())
