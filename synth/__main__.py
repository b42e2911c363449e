"""The command line: python -m synth."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sim.results import data_folder
from synth import sizing
from synth.designs import DESIGNS, WHOLE
from synth.devices import DEVICES, SEEDS, area, fmax
from synth.gates import gates
from synth.page import write
from synth.results import Row, add
from synth.toggles import SECONDS, toggles

app = typer.Typer(add_completion=False, no_args_is_help=True)

CHANNELS = (32, 128, 384, 1024)
LANES = (1, 8, 32)
SWEEP = (128, 256, 512, 1024, 2048, 4096)
"""Channels of the larger sweep, at 8 lanes."""
GATES = "nand2"
RECORDING = "spikes/neuropixels"
"""In the folder of the real recordings."""


@app.command()
def measure(
    design: Annotated[list[str] | None, typer.Option(help="Designs; repeatable. Default: all.")] = None,
    channels: Annotated[list[int] | None, typer.Option(help="Channels; repeatable.")] = None,
    lanes: Annotated[list[int] | None, typer.Option(help="Lanes; repeatable.")] = None,
    device: Annotated[list[str] | None, typer.Option(help="Of up5k, hx8k, ecp5, nand2; repeatable.")] = None,
    *,
    seeds: Annotated[int, typer.Option(min=0, max=len(SEEDS), help="Seeds to place with; 0 measures areas only.")] = 5,
    sweep: Annotated[bool, typer.Option("--sweep", help="Add 128 to 4096 channels at 8 lanes.")] = False,
) -> None:
    """Measure area and speed; write docs/silicon.json and docs/silicon.md.

    What was measured before, with the same netlist and tools, is not measured again.

    **Example**

    `python -m synth measure --design encoder --channels 1024 --lanes 8 --device up5k`
    """
    console = Console()
    unknown = sorted({*(design or ())} - {*DESIGNS}) + sorted({*(device or ())} - {*DEVICES, GATES})
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)} must be of {', '.join([*DESIGNS, *DEVICES, GATES])}")
    cases = list(_cases(design or list(DESIGNS), channels or CHANNELS, lanes or LANES, sweep=sweep))
    targets = device or [*DEVICES, GATES]
    table = Table("design", "channels", "lanes", "device", "LUT4 or NAND2", "flip-flops", "RAM", "MHz")
    count = len(cases) * len(targets)
    for number, (name, width, words, target) in enumerate(
        (name, width, words, target) for target in targets for name, width, words in cases
    ):
        console.print(f"{number + 1}/{count}: {name}, {width} channels, {words} lanes, {target}", style="dim")
        row = _row(name, width, words, target, SEEDS[:seeds])
        sizes = f"--channels {width} --lanes {words}"
        add(row, f"python -m synth measure --design '{name}' {sizes} --device {target} --seeds {seeds}")
        memory = row.get("block_rams", row.get("memory_bits"))
        clock = str(row["speed"]["median"]) if "speed" in row else ""
        table.add_row(
            name,
            str(width),
            str(words),
            target,
            str(row.get("lut4", row.get("nand2"))),
            str(row["flip_flops"]),
            str(memory),
            clock,
        )
    console.print(table)
    write()


@app.command("toggles")
def count(
    data: Annotated[Path | None, typer.Option(help="A recording, as for `python -m sim run`.")] = None,
    seconds: Annotated[float, typer.Option(min=0.01, help="How much of it.")] = SECONDS,
) -> None:
    """Count toggles a bin while the simulated encoder encodes a recording; write docs/silicon.md.

    Without `--data` it is the Neuropixels recording in the folder that `CORTICODEC_DATA` names; where that is absent,
    nothing is counted.
    """
    path = data or data_folder() / RECORDING
    if not path.exists():
        typer.echo(f"no toggles counted: {path} does not exist; name a recording with --data")
        return
    row = toggles(path, seconds)
    shown = data or f"$CORTICODEC_DATA/{RECORDING}"
    add(row, f'python -m synth toggles --data "{shown}" --seconds {seconds:g}')
    typer.echo(f"{sum(row['toggles'].values()) / row['bins']:.1f} toggles a bin, {row['bins']:,} bins")
    write()


@app.command()
def page() -> None:
    """Write docs/silicon.md from docs/silicon.json."""
    write()


@app.command()
def size(
    channels: Annotated[int, typer.Option(help="Channels.")] = 1024,
    lanes: Annotated[int, typer.Option(help="Lanes.")] = 8,
    steps_hz: Annotated[float, typer.Option(help="Rows a second.")] = 20_000,
    spikes_hz: Annotated[float, typer.Option(help="Spikes of a channel a second.")] = 5,
    epoch_steps: Annotated[int, typer.Option(help="Rows of a packet.")] = 20,
) -> None:
    """Tell which clock, memory and link a recording needs.

    **Example**

    `python -m synth size --channels 384 --lanes 8 --steps-hz 30000 --spikes-hz 10 --epoch-steps 30`
    """
    try:
        needs = sizing.size(channels, lanes, steps_hz, spikes_hz, epoch_steps)
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"clock   at least {needs.clock_hz / 1e6:.3g} MHz")
    typer.echo(f"memory  {needs.memory_bits:,} bits")
    link, payload = needs.link_bits_per_second / 1e3, needs.payload_bits_per_second / 1e3
    typer.echo(f"link    {link:,.0f} kbit/s, {payload:,.0f} of them payload")
    typer.echo(f"latency {needs.latency_s * 1e3:.3g} ms from a spike to the end of its packet")


def _cases(
    designs: Sequence[str], channels: Sequence[int], lanes: Sequence[int], *, sweep: bool
) -> Iterator[tuple[str, int, int]]:
    """Yield designs with each size that they exist in; blocks other than encoder and decoder in the largest alone."""
    for name in designs:
        sizes = [(width, words) for width in channels for words in lanes if words <= width]
        if name not in WHOLE:
            sizes = [(max(channels), 8)] if 8 in lanes else sizes[-1:]
        elif sweep:
            sizes = list(dict.fromkeys([*sizes, *((width, 8) for width in SWEEP)]))
        yield from ((name, width, words) for width, words in sizes)


def _row(name: str, channels: int, lanes: int, device: str, seeds: tuple[int, ...]) -> Row:
    row = {"design": name, "channels": channels, "lanes": lanes, "device": device}
    if device == GATES:
        return row | gates(name, channels, lanes)
    row |= area(name, channels, lanes, device)
    if seeds and name in WHOLE:
        row["speed"] = fmax(name, channels, lanes, device, seeds)
    return row


if __name__ == "__main__":
    app()
