"""`edgemail skill`: prints what an agent with a shell needs to know."""

from __future__ import annotations

import click

from edgemail.system.guides import read_skill

_HELP = """Print the skill that teaches an agent with a shell to use edgemail, as Markdown (agentskills.io).

\b
  mkdir -p .agents/skills/edgemail
  edgemail skill > .agents/skills/edgemail/SKILL.md
"""


@click.command(help=_HELP, short_help="Print the skill for agents with a shell.")
def skill() -> None:
    """Print it."""
    click.echo(read_skill(), nl=False)
