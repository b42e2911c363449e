"""Whole recordings through the RTL, compared with the fast path."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sim import cxxrtl
from sim.figures import FAST, Figures, measure
from sim.options import Request
from sim.stimulus import Capture, Stimulus


def stream(request: Request, console: Console) -> Figures:
    """Send a recording through the RTL on CXXRTL, and return the figures; show meanwhile how far it is.

    Raises
    ------
    BuildError
        The RTL cannot be compiled, or it hangs.
    """
    capture = simulate(request.stimulus, console)
    with console.status("comparing with the fast path"):
        figures, _ = measure(*request, capture, FAST, "CXXRTL")
    return figures


def simulate(stimulus: Stimulus, console: Console) -> Capture:
    """Only send it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("compiling the RTL", total=None)
        return cxxrtl.simulate(
            stimulus, lambda words, of: progress.update(task, description="words", completed=words, total=of)
        )
