"""`edgemail completion`: prints a script for a shell."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

_COMPLETION_HELP: Final = """Print a script that completes commands and flags.

\b
  bash: eval "$(edgemail completion bash)"     in ~/.bashrc
  zsh:  eval "$(edgemail completion zsh)"      in ~/.zshrc
  fish: edgemail completion fish > ~/.config/fish/completions/edgemail.fish
"""


@click.command(help=_COMPLETION_HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script."""
    kind = get_completion_class(shell)
    if kind is None:
        raise RuntimeError(f"click does not know {shell}")
    click.echo(kind(context.find_root().command, {}, "edgemail", "_EDGEMAIL_COMPLETE").source())
