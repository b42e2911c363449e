"""Whole recordings through the RTL encoder and on through the RTL decoder."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from sim.figures import FAST
from sim.link import buffer_bytes, decoder, encoder, packet_bytes, packets_of, raster_words, rows_of
from sim.stimulus import Stimulus


class Loopback(NamedTuple):
    """What came of it.

    Attributes
    ----------
    differences : tuple of str
        What is wrong; empty if the encoder's bytes are those of the fast path and the decoder shows the raster.
    words : int
        Words that the decoder showed.
    packets, bytes : int
        What the encoder sent.
    cycles : int
        Clock cycles from the decoder's first word to its last one.
    buffer_bytes : int
        Size of the decoder's packet buffer.
    """

    differences: tuple[str, ...]
    words: int
    packets: int
    bytes: int
    cycles: int
    buffer_bytes: int

    @property
    def words_per_cycle(self) -> float:
        """Words that the decoder showed in a cycle, on average."""
        return self.words / self.cycles


def loop_back(stimulus: Stimulus) -> Loopback:
    """Send a raster through the encoder and the decoder.

    Raises
    ------
    BuildError
        The RTL cannot be compiled.
    """
    settings, lanes = stimulus.settings, stimulus.lanes
    pauses: dict[str, Any] = {"gaps": stimulus.gaps, "stalls": stimulus.stalls}
    room = buffer_bytes(stimulus.channels, settings)
    words = raster_words(stimulus.raster, lanes)
    # While a packet without errors is shown, the decoder is busy, but the encoder may be silent.
    quiet_cycles = 2 * settings.epoch_steps * stimulus.words_per_row + 1000
    with encoder(stimulus.channels, lanes, settings) as circuit:
        sent = circuit.run(words, **pauses, pause_seed=stimulus.pause_seed, quiet_cycles=quiet_cycles)
    packets = packets_of(sent.output)
    with decoder(stimulus.channels, lanes, room) as circuit:
        shown = circuit.run(packet_bytes(packets), **pauses, pause_seed=stimulus.pause_seed, quiet_cycles=quiet_cycles)
    rows = rows_of(shown.output, stimulus.channels, lanes)

    differences = []
    if packets != FAST.encode(stimulus.raster, settings):
        differences.append("encoder's bytes are not the fast path's")
    if not np.array_equal(rows.spikes, stimulus.raster):
        differences.append("decoder's raster is not the input")
    if not np.array_equal(rows.steps, np.arange(len(rows.steps))):
        differences.append("decoder's steps are not numbered one by one")
    if rows.bad.any() or any(shown.events.values()):
        differences.append(f"decoder found fault with the stream: {shown.events}")
    return Loopback(
        differences=tuple(differences),
        words=len(shown.output),
        packets=len(packets),
        bytes=sum(map(len, packets)),
        cycles=int(shown.cycles_out[-1] - shown.cycles_out[0]) + 1 if len(shown.output) else 0,
        buffer_bytes=room,
    )


def print_loopback(result: Loopback, console: Console) -> None:
    """Print it as a table."""
    table = Table(box=box.SIMPLE_HEAD, show_header=False, show_edge=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    equal = "[bold red]NO[/]" if result.differences else "[bold green]yes[/]"
    table.add_row("decoded by the RTL equal to input", equal)
    table.add_row("packets; bytes", f"{result.packets:,}; {result.bytes:,}")
    table.add_row("decoder's packet buffer, bytes", f"{result.buffer_bytes:,}")
    table.add_row("decoder: words; cycles", f"{result.words:,}; {result.cycles:,}")
    if result.cycles:
        table.add_row("words a cycle", f"{result.words_per_cycle:.4f}")
        table.add_row("cycles without a word", f"{result.cycles - result.words:,}")
    console.print(table)
    for difference in result.differences:
        console.print(f"Wrong: {difference}")
