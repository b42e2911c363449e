"""The fault campaign's table: in the terminal, as a page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from textwrap import fill

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from model import Settings, encode_packets
from sim.build import ROOT
from sim.faults import (
    BUFFER_BYTES,
    CHANNELS,
    CHUNK,
    DENSITY_MAX,
    EPOCH_STEPS,
    FAULT_CLASSES,
    GAPS,
    INTERVALS,
    KEYFRAME_INTERVAL,
    KINDS,
    LANES,
    STALLS,
    VOTED,
    Tally,
    run_campaign,
)

FAULTS = 100_000
PAGE, DATA = ROOT / "docs" / "faults.md", ROOT / "docs" / "faults.json"
CHECK_BYTES = 2

Tallies = Mapping[tuple[str, str], Tally]

COLUMNS: tuple[tuple[str, Callable[[Tally], str]], ...] = (
    ("faults", lambda tally: f"{tally.faults:,}"),
    ("no effect", lambda tally: f"{tally.without_effect:,}"),
    ("noticed", lambda tally: f"{tally.noticed:,}"),
    *(
        (name, lambda tally, name=name: f"{tally.noticed_by[name]:,}")
        for name in ("dropped", "rejected", "repeated", "hidden", "bad", "jump")
    ),
    ("recovered", lambda tally: f"{tally.recovered[1]:,}"),
    ("later", lambda tally: f"{tally.faults - tally.recovered[1] - tally.not_recovered:,}"),
    ("never", lambda tally: f"{tally.not_recovered:,}"),
    ("steps lost", lambda tally: f"{tally.steps_lost_median}; {tally.steps_lost_max}"),
    ("misnumbered", lambda tally: f"{tally.misnumbered:,}"),
    ("silent", lambda tally: f"{tally.wrong:,}"),
)
"""Columns of the page's table, but for the class."""
TERMINAL_COLUMNS = tuple(
    column for column in COLUMNS if column[0] in ("faults", "noticed", "recovered", "never", "steps lost", "silent")
)
"""Those that a terminal of 80 columns has room for."""
PLACES = {"link": "Faults on the link", "encoder": "Upsets of the encoder", "decoder": "Upsets of the decoder"}


def count_faults(faults: int, seed: int, console: Console) -> dict[tuple[str, str], Tally]:
    """Run the campaign, showing how far it is; return the tally of each class.

    Raises
    ------
    BuildError
        The RTL cannot be compiled.
    """
    tallies = {where_name: Tally() for where_name in FAULT_CLASSES}
    chunks, outcomes = run_campaign(faults, seed)
    for where, name, tally in track(outcomes, "faults", total=chunks, console=console, transient=True):
        tallies[where, name].merge(tally)
    return tallies


def shortfalls(tallies: Tallies) -> tuple[str, ...]:
    """Return what must not be: wrong spikes from the link, a keyframe after it that does not help, or a lost vote."""
    outvoted = tuple(
        f"{where} {name}: {tally.faults - tally.without_effect} not outvoted"
        for (where, name), tally in tallies.items()
        if name == VOTED and tally.without_effect != tally.faults
    )
    return outvoted + tuple(
        f"{name}: {tally.wrong + tally.misnumbered} silent, {tally.faults - tally.recovered[1]} not recovered"
        for (where, name), tally in tallies.items()
        if where == "link" and (tally.wrong or tally.misnumbered or tally.recovered[1] != tally.faults)
    )


def write_faults(tallies: Tallies, seed: int, console: Console) -> None:
    """Print the tables, and write the page and the JSON."""
    for where, title in PLACES.items():
        console.print(_terminal_table(tallies, where, title), "")
    PAGE.write_text(page(tallies, seed))
    DATA.write_text(json.dumps(_as_json(tallies, seed), indent=1) + "\n")
    console.print(f"Page: {PAGE.name}; JSON: {DATA.name}; both in {PAGE.parent.name}/")
    for shortfall in shortfalls(tallies):
        console.print(f"Wrong: {shortfall}")


def page(tallies: Tallies, seed: int) -> str:
    """Return the page as Markdown."""
    total = sum(tally.faults for tally in tallies.values())
    geometry = {"channels": CHANNELS, "lanes": LANES, "epoch": EPOCH_STEPS, "interval": KEYFRAME_INTERVAL}
    kinds = "; ".join(f"`{kind.coder}`, alpha_q8 {kind.alpha_q8}, sharpness {kind.sharpness}" for kind in KINDS)
    introduction = INTRODUCTION.format(
        total=f"{total:,}", seed=seed, buffer=BUFFER_BYTES, kinds=kinds, intervals=INTERVALS,
        interval_steps=EPOCH_STEPS * KEYFRAME_INTERVAL, density=round(100 * DENSITY_MAX), gaps=GAPS, stalls=STALLS,
        **geometry,
    )  # fmt: skip
    parts = ["# Faults: what damage does, and what of it shows", _filled(introduction)]
    for where, title in PLACES.items():
        parts += [f"## {title}", _page_table(tallies, where), _filled(REMARKS[where])]
    totals = {where: _totals(tallies, where) for where in PLACES}
    parts += ["## What the columns mean", MEANINGS, "## In sum", _filled(SUMMARY.format(**totals))]
    parts += ["## What the check costs", _filled(CHECK), _check_table()]
    return "\n\n".join(parts) + "\n"


def _filled(text: str) -> str:
    return "\n\n".join(fill(paragraph, 120, break_on_hyphens=False) for paragraph in text.split("\n\n"))


def _totals(tallies: Tallies, where: str) -> str:
    total = Tally()
    for (place, _), tally in tallies.items():
        if place == where:
            total.merge(tally)
    return (
        f"of {total.faults:,} faults, {total.noticed:,} noticed, {total.without_effect:,} without effect, "
        f"{total.wrong:,} with silent corruption, {total.misnumbered:,} with wrong step numbers, "
        f"{total.not_recovered:,} never recovered"
    )


def _terminal_table(tallies: Tallies, where: str, title: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("class", no_wrap=True)
    for name, _ in TERMINAL_COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for (place, fault), tally in tallies.items():
        if place == where:
            table.add_row(fault, *(cell(tally) for _, cell in TERMINAL_COLUMNS))
    return table


def _page_table(tallies: Tallies, where: str) -> str:
    rows = [["class", *(name for name, _ in COLUMNS)], ["---", *("---:" for _ in COLUMNS)]]
    rows += [
        [fault, *(cell(tally) for _, cell in COLUMNS)] for (place, fault), tally in tallies.items() if place == where
    ]
    return _markdown(rows)


def _markdown(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _check_table() -> str:
    raster = (np.random.default_rng(1).random((4000, 1024)) < 0.01).astype(np.int8)
    rows = [["steps of a packet", "bytes of a packet", "of which the check"], ["---:"] * 3]
    for steps in (20, 200, 1000):
        packets = encode_packets(raster, Settings(alpha_q8=0, epoch_steps=steps))
        mean = sum(map(len, packets)) / len(packets)
        rows.append([f"{steps:,}", f"{mean:,.1f}", f"{100 * CHECK_BYTES / mean:.3f} %"])
    return _markdown(rows)


def _as_json(tallies: Tallies, seed: int) -> dict[str, object]:
    return {
        "seed": seed,
        "batch": CHUNK,
        "channels": CHANNELS,
        "lanes": LANES,
        "epoch_steps": EPOCH_STEPS,
        "keyframe_interval": KEYFRAME_INTERVAL,
        "classes": [
            {
                "where": where,
                "class": name,
                "faults": tally.faults,
                "without_effect": tally.without_effect,
                "noticed": tally.noticed,
                "noticed_by": dict(sorted(tally.noticed_by.items())),
                "recovered_at_next_keyframe": tally.recovered[1],
                "recovered_later": tally.faults - tally.recovered[1] - tally.not_recovered,
                "never_recovered": tally.not_recovered,
                "steps_lost_median": tally.steps_lost_median,
                "steps_lost_max": tally.steps_lost_max,
                "misnumbered": tally.misnumbered,
                "silent_corruptions": tally.wrong,
            }
            for (where, name), tally in tallies.items()
        ],
    }


INTRODUCTION = """`make faults` writes this page (`python -m sim faults --seed {seed}`; the figures beside it as JSON:
[faults.json](faults.json)). {total} faults, seed {seed}. Packets of the RTL encoder go to the RTL decoder, both
compiled with CXXRTL: {channels} channels, {lanes} lanes, packets of {epoch} steps, a keyframe every {interval} packets,
a packet buffer of {buffer} bytes, rasters of up to {density} % spikes, in equal parts with {kinds}. Random pauses begin
with a chance of {gaps} in each cycle at the inputs and {stalls} at the outputs.

Each fault has a run of its own, from reset: a keyframe interval of {interval_steps} steps without a fault, the fault in
the second of {intervals} intervals, then enough undisturbed ones to see it recover."""

MEANINGS = """- **no effect**: every step is delivered, all are right, and nothing tells of the fault.
- **noticed**: the decoder told of it, by one or more of its outputs `dropped` (damaged, too short or too long),
  `rejected` (a field that it cannot know), `repeated` (a copy of the packet before), `hidden` (decoded, but not shown,
  since others before it are missing or bad), `bad` (shown, and marked as bad with its last word); or by the numbers of
  the steps that it showed, which jump (`jump`).
- **recovered**: the first keyframe that begins after the fault, and everything after it, is delivered exactly. For a
  fault on the link this is the first one sent after the last packet that it touched; for an upset, the first one
  whose first word or byte the circuit takes after it. **later**: a later keyframe did it. **never**: none did, to the
  end of the run; a reset does.
- **steps lost**: median and maximum, among the faults that cost steps and were recovered from.
- **silent**: faults after which a packet was shown and not marked as bad, though its spikes are not those of the
  raster. **misnumbered**: the same, but its spikes are right and belong to other steps than it says."""

REMARKS = {
    "link": """A packet whose checksum does not match never leaves the decoder's buffer; so damage could pass only where
CRC-32C matches by chance, 1 in 2^32, which 100,000 faults do not show. All flips of up to 3 bits in a packet, and all
bursts of up to 32 bits, are found for certain. A copy of the packet before is left out. An old packet that comes again
later has a good checksum: it is hidden, or, if a keyframe, shown once more under its own steps, and then the packets
after it are hidden up to the next keyframe.""",
    "encoder": """The encoder's checksum covers what it sends, right or wrong. That its state was not what the decoder
expects shows in the 16-bit check of the spikes: a packet that decodes to wrong spikes passes with 1 in 2^16. "Other
registers" are all that are left, control and counters included, each bit as likely as any other. Some of them nothing
in the data can set right: after an upset of the packetizer's step counter, or of the scheduler's place in row and
epoch, the packets keep wrong numbers or rows until a reset; and where a mark of an epoch's end is lost or made up,
mostly by the FIFO's pointers, payloads and headers stay out of step.

"Registers in three copies" are these again in a circuit that is generated with `--voted` ([hardware.md](hardware.md)
has its price): one of the three copies is hit and the other two outvote it, up to the next clock edge, which sets it
right.""",
    "decoder": """Wrong spikes from an upset show in the same check, unless it is what comes after the check that is
hit. "Packet memory" is the buffer in which packets wait once their checksum was found right; where the mark of a
packet's last byte is hit there, bytes and trailers are out of step, and so they are after an upset of the buffer's
pointers. Runs of words that are out of step with the packets' headers are found by two bits of the sequence number, and
runs that do not come, by a limit of 255 cycles. "Registers in three copies" are as in the encoder.""",
}

SUMMARY = """On the link, {link}.

State of the encoder: {encoder}.

State of the decoder: {decoder}."""

CHECK = """16 bits in the trailer of every packet, 2 of its 16 bytes (28 in a keyframe) besides the payload. At 1024
channels that spike at random in 1 % of the bins, without prediction:"""
