"""Command line of the co-simulation: `python -m sim`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from model.command_line import fail
from model.command_line import run as run_command
from sim import cosim
from sim.build import BUILD
from sim.fault_report import FAULTS, count_faults, shortfalls, write_faults
from sim.figures import GOLDEN, measure
from sim.fuzz import fuzz as send_anything
from sim.fuzz_report import print_fuzz, write_fuzz
from sim.loopback import loop_back, print_loopback
from sim.options import Request, with_request
from sim.recording import stream
from sim.report import print_report, write_json
from sim.results import PAGE, page, run_all

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="markdown")

OUTPUT = BUILD / "sim"
WRONG = 1
"""Exit status where something differs or a tool failed."""


@app.callback()
def main() -> None:
    """Send rasters of spikes through the simulated encoder and compare every byte with the model.

    Ends with status 0 if all is equal, 1 if anything differs, 2 if the input cannot be used.
    """


@app.command()
@with_request()
def run(
    request: Request,
    waves: Annotated[
        bool, typer.Option("--waves", envvar="WAVES", help="Leave a wave file (VCD).", rich_help_panel="Output")
    ] = False,
) -> None:
    """Simulate the Verilog with Verilator, driven by cocotb, and compare with the golden model.

    Prints the figures and leaves them in `build/sim/report.json`, with a picture in `build/sim/report.png`.

    **Examples**

    `python -m sim run`

    `python -m sim run --data raster.npy --lanes 32 --coder leb128`

    `python -m sim run --data kilosort_folder --bin-ms 0.5 --start 10 --duration 2`

    `WAVES=1 python -m sim run --channels 64 --duration 0.1 --stalls 0.2`
    """
    from sim.picture import write_picture  # here, since Matplotlib takes a second to load

    console = Console()
    with console.status("building the simulator, then simulating"):
        capture = cosim.simulate(request.stimulus, "vcd" if waves else None)
    with console.status("comparing with the golden model"):
        figures, codewords = measure(*request, capture, GOLDEN, "Verilator, cocotb")
    print_report(figures, console)
    write_json(figures, OUTPUT / "report.json")
    write_picture(request.recording, figures, codewords, OUTPUT / "report.png")
    console.print(f"Report: {_shown(OUTPUT / 'report.json')}, {_shown(OUTPUT / 'report.png')}")
    if waves:
        console.print(f"Waves:  {_shown(cosim.wave_file(request.stimulus, 'vcd'))}")
    _exit_by(figures.verdict.differences)


@app.command()
@with_request(gaps=0.1, stalls=0.1)
def recording(request: Request) -> None:
    """Stream a whole recording, with random pauses on both sides, and compare with the fast path.

    The RTL is compiled with CXXRTL, some twenty times as fast as `run`. Prints the figures and leaves them in
    `build/sim/recording.json`.

    **Examples**

    `python -m sim recording --data kilosort_folder`

    `python -m sim recording --data raster.npy --gaps 0 --stalls 0 --lanes 1`
    """
    console = Console()
    figures = stream(request, console)
    print_report(figures, console)
    write_json(figures, OUTPUT / "recording.json")
    console.print(f"Report: {_shown(OUTPUT / 'recording.json')}")
    _exit_by(figures.verdict.differences)


@app.command()
@with_request()
def loopback(request: Request) -> None:
    """Send a whole recording through the RTL encoder and on through the RTL decoder, and compare with the input.

    Both are compiled with CXXRTL. The decoder's packet buffer is made large enough for the worst case.

    **Examples**

    `python -m sim loopback --data kilosort_folder`

    `python -m sim loopback --data raster.npy --gaps 0.1 --stalls 0.1`
    """
    console = Console()
    with console.status("simulating"):
        result = loop_back(request.stimulus)
    print_loopback(result, console)
    _exit_by(result.differences)


@app.command()
def faults(
    count: Annotated[int, typer.Option(min=1, help="Faults, rounded up to full batches of each class.")] = FAULTS,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 1,
) -> None:
    """Damage streams on the link and flip bits of the circuits' state; count what comes of it.

    Packets of the RTL encoder reach the RTL decoder damaged, or either one's registers and memories are upset while it
    works. Prints a table, and writes it to `docs/faults.md` and, as JSON, to `docs/faults.json`. Ends with status 1 if
    any fault on the link gives wrong spikes or is not recovered from at the next keyframe.
    """
    console = Console()
    tallies = count_faults(count, seed, console)
    write_faults(tallies, seed, console)
    _exit_by(shortfalls(tallies))


@app.command()
def fuzz(
    random_bytes: Annotated[int, typer.Option(min=1, help="Random bytes, of each kind.")] = 10_000_000,
    mutations: Annotated[int, typer.Option(min=1, help="Mutated streams.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 1,
) -> None:
    """Send random bytes and mutated streams into the RTL's deframer and decoder, with good streams between them.

    What is shown and counted is compared with the software's decoder. Prints a table and leaves it in
    `build/sim/fuzz.json`. Ends with status 1 at the first difference, or if a circuit hangs.
    """
    console = Console()
    began = time.monotonic()
    try:
        found = send_anything(random_bytes, mutations, seed, console)
    except AssertionError as error:
        console.print(f"Wrong: {error}", *getattr(error, "__notes__", ()))
        raise typer.Exit(WRONG) from None
    print_fuzz(found, console)
    write_fuzz(found, seed, time.monotonic() - began, OUTPUT / "fuzz.json")
    console.print(f"Figures: {_shown(OUTPUT / 'fuzz.json')}")


@app.command()
def results() -> None:
    """Send every real recording through the RTL and write `docs/results.md`.

    The recordings are not part of the project; they are looked for in the folder that the environment variable
    `CORTICODEC_DATA` names, or in `../shared/data`.
    """
    console = Console()
    runs = run_all(console)
    PAGE.write_text(page(runs))
    console.print(f"Page: {_shown(PAGE)}")
    _exit_by(*(run.differences for run in runs))


def _exit_by(*differences: tuple[str, ...]) -> None:
    if any(differences):
        raise typer.Exit(WRONG)


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def entry() -> None:
    """Run the command line; an error is one line."""
    try:
        run_command(app, "python -m sim")
    except (ValueError, MemoryError) as error:
        fail(str(error) or "not enough memory")
    except RuntimeError as error:  # BuildError, or what hdl says of Yosys
        fail(str(error), WRONG)


if __name__ == "__main__":
    entry()
