"""How the project's command lines answer wrong arguments: in one sentence."""

from __future__ import annotations

import sys
from typing import NoReturn, cast

import typer

BAD_INPUT = 2
"""Exit status where the arguments or the input cannot be used."""

UsageError = cast(type[typer.BadParameter], typer.BadParameter.__base__)
"""What Typer raises for wrong arguments; it comes from Click or from Typer's copy of it, by Typer's version."""


def run(app: typer.Typer, name: str) -> NoReturn:
    """Run a command line and end the process; wrong options and arguments are one sentence, with status 2.

    Parameters
    ----------
    app : Typer
        The commands.
    name : str
        What the user typed to get here.
    """
    try:
        sys.exit(app(prog_name=name, standalone_mode=False) or 0)
    except UsageError as error:
        # Without a command, Typer has shown the help, and there is nothing to say.
        if sentence := error.format_message().rstrip("."):
            fail(sentence[0].lower() + sentence[1:])
        sys.exit(BAD_INPUT)


def fail(sentence: str, status: int = BAD_INPUT) -> NoReturn:
    """Say what is wrong, and end the process."""
    typer.echo(f"error: {sentence}", err=True)
    sys.exit(status)
