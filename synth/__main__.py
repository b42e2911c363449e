"""The command line: python -m synth."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from model.command_line import fail
from model.command_line import run as run_command
from model.golden.settings import CHANNELS_MAX
from sim.results import data_folder
from synth import sizing
from synth.designs import DESIGNS, TARGET, WHOLE
from synth.devices import DEVICES, SEEDS, area, fmax
from synth.digest import digest
from synth.gates import DEVICE as GATES
from synth.gates import gates
from synth.page import write
from synth.results import DOCS, Key, Row, add, key, load
from synth.table import print_table
from synth.toggles import SECONDS, toggles
from synth.tools import versions

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="markdown")

CHANNELS = (32, 128, 384, 1024)
LANES = (1, 8, 32)
SWEEP = (128, 256, 512, 1024, 2048, 4096)
"""Channels of the larger sweep, at 8 lanes."""
RECORDING = "spikes/neuropixels"
"""In the folder of the real recordings."""


Output = Annotated[Path, typer.Option(help="Folder of silicon.json, silicon.md and silicon.png.")]


@app.command()
def measure(
    design: Annotated[list[str] | None, typer.Option(help="Designs; repeatable. Default: all.")] = None,
    channels: Annotated[
        list[int] | None, typer.Option(min=1, max=CHANNELS_MAX, help="Channels; repeatable. Default: 32 to 1024.")
    ] = None,
    lanes: Annotated[
        list[int] | None, typer.Option(min=1, help="Lanes, at most the channels; repeatable. Default: 1, 8, 32.")
    ] = None,
    device: Annotated[list[str] | None, typer.Option(help="Of up5k, hx8k, ecp5, nand2; repeatable.")] = None,
    *,
    seeds: Annotated[int, typer.Option(min=0, max=len(SEEDS), help="Seeds to place with; 0 measures areas only.")] = 5,
    sweep: Annotated[bool, typer.Option("--sweep", help="Add 128 to 4096 channels at 8 lanes.")] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Keep what silicon.json has of the same netlists and tools.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Designs at once. Default: one for each processor.")] = None,
    output: Output = DOCS,
) -> None:
    """Measure area and speed; write silicon.json and silicon.md.

    What a run that was stopped has done is kept in build/synth, and not done again. Name another folder with
    `--output` to leave the published figures alone.

    **Example**

    `python -m synth measure --design encoder --channels 1024 --lanes 8 --device up5k --output build/mine`
    """
    _check("--design", design, DESIGNS)
    _check("--device", device, (*DEVICES, GATES))
    cases = _cases(design or list(DESIGNS), channels or CHANNELS, lanes or LANES, sweep=sweep)
    if not cases:
        raise typer.BadParameter("--lanes must be at most --channels")
    work = [(*case, target) for case in cases for target in device or [*DEVICES, GATES]]
    output.mkdir(parents=True, exist_ok=True)
    known = {key(row): row for row in load(output) if missing}
    console, rows, failed = Console(), [], 0
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        task = progress.add_task("measured", total=len(work))
        running = [pool.submit(_row, *one, SEEDS[:seeds], known) for one in work]
        try:
            for done in as_completed(running):
                progress.advance(task)
                if error := done.exception():
                    console.print(f"error: {error}", style="red", markup=False)
                    failed += 1
                    continue
                row = done.result()
                add(row, output)
                rows.append(row)
                console.print(_line(row))
        finally:
            pool.shutdown(cancel_futures=True)
            if rows:
                write(output)
    print_table(rows, console)
    if failed:
        raise typer.Exit(1)


@app.command("toggles")
def count(
    data: Annotated[Path | None, typer.Option(help="A recording, as for `python -m sim run`.")] = None,
    seconds: Annotated[float, typer.Option(min=0.01, help="How much of it.")] = SECONDS,
    output: Output = DOCS,
) -> None:
    """Count toggles a bin while the simulated encoder encodes a recording; write silicon.md and a SAIF file.

    Without `--data` it is the Neuropixels recording in the folder that `CORTICODEC_DATA` names; where that is absent,
    nothing is counted.
    """
    path = data or data_folder() / RECORDING
    if not data and not path.exists():
        typer.echo(f"no toggles counted: {path} does not exist; name a recording with --data")
        return
    shown = data or f"$CORTICODEC_DATA/{RECORDING}"
    command = f'python -m synth toggles --data "{shown}" --seconds {seconds:g}'
    row = toggles(path, seconds)
    row |= {"netlist": digest(row, placed=False), "command": command, "versions": versions()}
    add(row, output)
    typer.echo(f"{sum(row['toggles'].values()) / row['bins']:.1f} toggles a bin, {row['bins']:,} bins")
    write(output)


@app.command()
def page(output: Output = DOCS) -> None:
    """Write silicon.md and its plot from silicon.json."""
    write(output)


@app.command()
def size(
    channels: Annotated[int, typer.Option(help="Channels.")] = 1024,
    lanes: Annotated[int | None, typer.Option(help="Lanes. Default: the fewest for the clock; without one, 8.")] = None,
    steps_hz: Annotated[float, typer.Option(help="Rows a second.")] = 20_000,
    spikes_hz: Annotated[float, typer.Option(help="Spikes of a channel a second.")] = 5,
    epoch_steps: Annotated[int, typer.Option(help="Rows of a packet.")] = 20,
    keyframe_interval: Annotated[int, typer.Option(help="Packets from one keyframe to the next.")] = 50,
    clock_hz: Annotated[float | None, typer.Option(help="Clock. Default: the slowest.")] = None,
    link_bits_per_second: Annotated[float | None, typer.Option(help="Default: 1.5 times what is sent.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, in hertz, bits, seconds.")] = False,
) -> None:
    """Tell which lanes, clock, memory, buffers and link a recording needs.

    **Example**

    `python -m synth size --channels 384 --steps-hz 30000 --spikes-hz 10 --epoch-steps 30 --clock-hz 12e6`
    """
    try:
        recording = sizing.Recording(channels, steps_hz, spikes_hz, epoch_steps, keyframe_interval)
        needs = sizing.size(recording, lanes, clock_hz, link_bits_per_second)
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(needs._asdict()))
        return
    typer.echo("\n".join(sizing.lines(recording, needs)))


def _check(option: str, given: Sequence[str] | None, known: Iterable[str]) -> None:
    if unknown := sorted({*(given or ())} - {*known}):
        raise typer.BadParameter(f"{option} must be of {', '.join(known)}, not {', '.join(unknown)}")


def _cases(
    designs: Sequence[str], channels: Sequence[int], lanes: Sequence[int], *, sweep: bool
) -> list[tuple[str, int, int]]:
    """Return designs with each size that they exist in: those of the targets' size first, the slowest last."""
    sizes = [(width, words) for width in channels for words in lanes if words <= width]
    cases = [(name, *size) for name in designs for size in sizes]
    if sweep:
        cases += [(name, width, TARGET[1]) for name in designs if name in WHOLE for width in SWEEP]
    return sorted(dict.fromkeys(cases), key=lambda case: (case[1:] != TARGET, case[2] > TARGET[1]))


def _row(name: str, channels: int, lanes: int, device: str, seeds: Sequence[int], known: Mapping[Key, Row]) -> Row:
    """Return a design's figures, from the rows that are known if that one is of the same netlist, tools and seeds."""
    row = {"design": name, "channels": channels, "lanes": lanes, "device": device}
    placed = device != GATES and len(seeds) > 0
    row |= {
        "netlist": digest(row, placed=placed),
        "command": _command(row, len(seeds)),
        "versions": versions(),
    }
    earlier = known.get(key(row), {})
    if row.items() <= earlier.items():
        return earlier
    if device == GATES:
        return row | gates(name, channels, lanes)
    row |= area(name, channels, lanes, device)
    if placed:
        row["speed"] = fmax(name, channels, lanes, device, seeds)
    return row


def _command(row: Row, seeds: int) -> str:
    size = f"--channels {row['channels']} --lanes {row['lanes']} --device {row['device']}"
    placed = "" if row["device"] == GATES else f" --seeds {seeds}"
    return f"python -m synth measure --design '{row['design']}' {size}{placed}"


def _line(row: Row) -> str:
    cells = f"{row['lut4']:,} LUT4" if "lut4" in row else f"{row['nand2']:,} NAND2"
    clock = f", {row['speed']['median']} MHz" if row.get("speed") else ""
    where = f"{row['design']}, {row['channels']} channels, {row['lanes']} lanes, {row['device']}"
    return f"{where}: {cells}, {row['flip_flops']:,} flip-flops{clock}"


def entry() -> None:
    """Run the command line; an error is one line."""
    try:
        run_command(app, "python -m synth")
    except ValueError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename} cannot be read or written: {error.strerror}")
    except RuntimeError as error:
        fail(str(error), 1)


if __name__ == "__main__":
    entry()
