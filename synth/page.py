"""The page silicon.md, made from the measured figures."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from synth.designs import TARGET, WHOLE
from synth.devices import DEVICES
from synth.gates import DEVICE as GATES
from synth.gates import FLIP_FLOP
from synth.plot import draw
from synth.results import NAME, Row, load, of_target
from synth.toggles import DEVICE as TOGGLES

PAGE = "silicon.md"
PLOT = "silicon.png"
CHANNELS, LANES = TARGET

INTRODUCTION = """\
# Silicon: area and speed

Made by `make synth`; do not edit. The command and the tools' versions of each figure are beside it in
[silicon.json](silicon.json), in the form

```
python -m synth measure --design encoder --channels 1024 --lanes 8 --device up5k --seeds 5
```

which writes over this page; `--output build/mine` writes elsewhere.
"""

READING = """\
- **LUT4, flip-flops, RAM, multipliers**: cells after synthesis of the design alone. RAM is in blocks, of 4 Kbit on the
  iCE40 and 18 Kbit on the ECP5. Where an ECP5's memory is small it is made of LUTs, and counts as such; so do carry
  chains there, with two LUT4 for two bits. UP5K and ECP5 use multiplier blocks for the rate updates, HX8K has none.
- **Fmax**: median, lowest and highest of the seeds, of the design between registers (`Pins` in `synth/designs.py`).
  The ECP5 is of speed grade 6, nextpnr's own choice. Where no clock stands, the design was not placed:
  `make synth-full SYNTH_ARGS=--missing` does that. 4,096 channels take more memories than an iCE40 has.
- **NAND2**: area in units of a 2-input NAND, with the ratios of the open library sky130_fd_sc_hd (`synth/nand2.lib`);
  no memories, whose bits are counted apart. A flip-flop is 5.33, and there are no wires, buffers or test logic.
- No memory's row is read while it is written, which `formal/predictor.py` proves, or it is read transparently; Yosys
  is told so, and builds nothing for it. With generated Verilog `synth_ice40 -no-rw-check` does the same.
- On the ECP5 LUTs are mapped with 600 ps for a wire in place of `synth_ecp5`'s 300, and comparisons with constants
  without carry chains (`synth/devices.py`): nextpnr's wires take longer still. It routes with `--tmg-ripup`, which
  routes again what is on the slowest paths; not with 32 lanes, where that takes ten times as long for the same clock.
- Decoders of 32 lanes and 128 channels or more are mapped to LUTs apart from the registers around them: ABC, in its
  build for WebAssembly, fails on both together.
- Where a design has more products than the device multiplier blocks, an ECP5 gets those beyond from LUTs, an iCE40 all.
  "No room": the design, packed into logic cells with the registers around it, takes more of a kind than there are.
- An iCE40 has no memories of LUTs: Yosys makes memories of few rows, as with 32 channels and 8 lanes, of registers.
"""

TARGETS = """\
## Against the targets

| encoder, 1,024 channels, 8 lanes | target | measured | |
| --- | ---: | ---: | --- |
"""

PUBLISHED: tuple[tuple[str, str, tuple[str, ...], int], ...] = (
    ("LFSR", "2,000", ("lfsr (a lane)",), LANES),
    ("Q8.8 rate update", "10,000", ("rate_updater (a lane)",), LANES),
    ("comparator", "1,000", ("comparator (a lane)",), LANES),
    ("XOR", "1,000", ("xor_array",), 1),
    ("ISI encoder", "30,000", ("isi_encoder",), 1),
    ("total", "44,000", ("encoder",), 1),
)
"""Row, gates published, designs that do the same, and how many of each."""

PEERS = """\
Published is a table of gates at 1,024 channels without SRAM, with neither netlist nor cell library nor throughput; its
update is a shift and an addition, ours a product with any `alpha_q8` in every lane. Our total also has what a stream of
packets needs: scheduler, packetizer with CRC-32C, and the check of the spikes.

No other encoder of spike rasters is known to us whose gates or netlist are published. What is printed of its
neighbours, which compress waveforms or other data, bounds the scale and is no comparison:
"""
NEIGHBOURS = (
    (
        "Yang, Kamboh, Mason, J. Neurosci. Methods 227 (2014), 140-150",
        "wavelets and run lengths of 32 channels, with the link's packets",
        "1.21 mm² in 130 nm, 800 µW",
    ),
    (
        "Bihr et al., [NEWCAS 2014](https://doi.org/10.1109/NEWCAS.2014.6934076)",
        "delta and entropy coding of spike waveforms, 100 channels, lossless",
        "0.72 mm² in 180 nm, 0.97 mW",
    ),
    (
        "Nekoui, Sodagar, [Commun. Eng. 4 (2025)](https://doi.org/10.1038/s44172-025-00504-4)",
        "spike waveforms as curves, 128 channels, lossy",
        "1.05 by 0.35 mm² in 130 nm, 0.164 µW a channel",
    ),
    (
        "[arithmetic-encoder-av1](https://github.com/tuliopereirab/arithmetic-encoder-av1), open",
        "arithmetic coder of a video codec",
        "11,200 gates in 65 nm",
    ),
)
"""Who published what, and its size."""


def write(folder: Path) -> None:
    """Write the page from the figures in a folder, and the plot, beside them.

    Raises
    ------
    ValueError
        There are no figures.
    """
    rows = load(folder)
    if not rows:
        raise ValueError(f"{folder} must have a {NAME} with figures: make synth writes one")
    figures = [_targets(rows), _published(rows), _whole(rows), _blocks(rows), _energy(rows), _paths(rows), _large(rows)]
    plot = f"![Area over channels and lanes, and by block]({PLOT})\n"
    parts = [INTRODUCTION, _tools(rows), READING, *([plot] if draw(rows, folder / PLOT) else []), *figures]
    (folder / PAGE).write_text("\n".join(parts))


def _tools(rows: Sequence[Row]) -> str:
    """Return which versions, devices and seeds the figures come from, in lines that fit."""
    used = sorted({f"{name} {version}" for row in rows for name, version in row["versions"].items()})
    seeds = sorted({seed for row in rows if row.get("speed") for seed in row["speed"]["seeds"]})
    devices = (
        f"{device.name} ({' '.join((*device.options, *device.patient))} --freq {device.megahertz})"
        for device in DEVICES.values()
    )
    told = f"Tools: {', '.join(used)}. Devices: {', '.join(devices)}. Seeds: {', '.join(map(str, seeds))}."
    return _filled(told) + "\n"


def _find(rows: Sequence[Row], design: str, device: str, channels: int = CHANNELS, lanes: int = LANES) -> Row | None:
    wanted = (design, device, channels, lanes)
    return next((row for row in rows if (row["design"], row["device"], row["channels"], row["lanes"]) == wanted), None)


def _targets(rows: Sequence[Row]) -> str:
    lines = []
    gates = _find(rows, "encoder", GATES)
    if gates:
        lines.append(_target("NAND2 equivalents without memories", 8000, gates["nand2"], most=True, unit=""))
    up5k, ecp5 = _find(rows, "encoder", "up5k"), _find(rows, "encoder", "ecp5")
    if up5k:
        share = round(100 * up5k["lut4"] / DEVICES["up5k"].luts, 1)
        lines.append(_target("share of a UP5K's LUTs", 40, share, most=True, unit=" %"))
    for name, row, least in (("UP5K", up5k, 24), ("ECP5-25K", ecp5, 100)):
        if row and row.get("speed"):
            lines.append(_target(f"clock, {name}", least, row["speed"]["median"], most=False, unit=" MHz"))
    few, many = (_find(rows, "encoder", "up5k", channels) for channels in (128, 4096))
    if few and many:
        more = round(100 * (many["lut4"] / few["lut4"] - 1), 1)
        lines.append(_target("more LUTs from 128 to 4,096 channels", 15, more, most=True, unit=" %"))
    return "\n".join([TARGETS + "\n".join(lines), *_placed(up5k), ""])


def _placed(up5k: Row | None) -> list[str]:
    """Return a paragraph about the logic cells of an encoder that was placed."""
    if not up5k or not up5k.get("speed"):
        return []
    cells = up5k["speed"]["path"]["utilization"]["ICESTORM_LC"]
    told = (
        "Placed, with the registers around it and with what shares no logic cell with a LUT, flip-flops and carries, "
        f"it takes {cells:,} of the UP5K's {DEVICES['up5k'].luts:,} logic cells. With one coder and constant settings, "
        "the whole design of [board.md](board.md) takes fewer."
    )
    return ["", _filled(told)]


def _filled(text: str) -> str:
    return textwrap.fill(text, 120, break_on_hyphens=False)


def _target(name: str, target: float, measured: float, *, most: bool, unit: str) -> str:
    met = measured <= target if most else measured >= target
    verdict = "met" if met else f"missed by {round(abs(measured - target), 2):,}{unit}, see below"
    return f"| {name} | {'at most' if most else 'at least'} {target:,}{unit} | {measured:,}{unit} | {verdict} |"


def _published(rows: Sequence[Row]) -> str:
    lines = [
        "## Against the published table",
        "",
        "| published | gates | ours, 8 lanes | NAND2 |",
        "| --- | ---: | --- | ---: |",
    ]
    for name, published, designs, times in PUBLISHED:
        found = [row for design in designs if (row := _find(rows, design, GATES))]
        if len(found) == len(designs):
            ours = times * sum(row["nand2"] for row in found)
            what = f"{times} times " if times > 1 else ""
            lines.append(f"| {name} | {published} | {what}{', '.join(designs)} | {ours:,} |")
    neighbours = ["| published | what it does | size |", "| --- | --- | --- |"]
    neighbours += [f"| {' | '.join(one)} |" for one in NEIGHBOURS]
    return "\n".join([*lines, "", PEERS, *neighbours, ""])


def _sized(rows: Sequence[Row], designs: Sequence[str]) -> Iterator[str]:
    for row in rows:
        if row["design"] not in designs or row["device"] == TOGGLES:
            continue
        start = f"| {row['design']} | {row['channels']:,} | {row['lanes']} |"
        if row["device"] == GATES:
            yield f"{start} NAND2 | {row['nand2']:,} | {row['flip_flops']:,} | {row['memory_bits']:,} bits | | |"
            continue
        yield (
            f"{start} {DEVICES[row['device']].name} | {row['lut4']:,} | {row['flip_flops']:,} | {row['block_rams']} "
            f"| {row['multipliers']} | {_clock(row)} |"
        )


def _clock(row: Row) -> str:
    if "speed" not in row:
        return ""
    speed = row["speed"]
    if speed is None:
        return "no room"
    return f"{speed['median']} ({speed['lowest']} to {speed['highest']}, {len(speed['seeds'])} seeds)"


HEAD = """\
| design | channels | lanes | on | LUT4 or NAND2 | flip-flops | RAM | multipliers | Fmax, MHz |
| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |
"""


def _whole(rows: Sequence[Row]) -> str:
    return "## Encoder and decoder\n\n" + HEAD + "\n".join(_sized(rows, WHOLE)) + "\n"


BLOCKS = """\
Each block synthesized by itself, and placed between registers. Of those named "a lane" there is one in each lane.
"""
OVER_SIZES = """\
Blocks that channels or lanes change, over both: on each FPGA LUT4 / flip-flops / RAM, then the median of Fmax in MHz;
at last NAND2 / flip-flops / bits of memory.
"""


def _blocks(rows: Sequence[Row]) -> str:
    blocks = sorted({row["design"] for row in rows} - set(WHOLE))
    alone = HEAD + "\n".join(_sized(of_target(rows), blocks)) + "\n"
    tables = list(_over_sizes([row for row in rows if row["design"] in blocks]))
    return "\n".join(["## Blocks alone", "", BLOCKS, alone, *([OVER_SIZES, *tables] if tables else [])])


def _over_sizes(rows: Sequence[Row]) -> Iterator[str]:
    """Yield tables of the areas and clocks of designs over channels and lanes, if there are several sizes."""
    sizes = sorted({(row["lanes"], row["channels"]) for row in rows})
    if len(sizes) < 2:
        return
    for device, target in DEVICES.items():
        on_device = [row for row in rows if row["device"] == device]
        yield _over(sizes, f"{target.name}, area", on_device, "{lut4:,} / {flip_flops:,} / {block_rams}")
        placed = [row | {"clock": _median(row)} for row in on_device if "speed" in row]
        yield _over(sizes, f"{target.name}, MHz", placed, "{clock}")
    in_gates = [row for row in rows if row["device"] == GATES]
    yield _over(sizes, "NAND2", in_gates, "{nand2:,} / {flip_flops:,} / {memory_bits:,}")


def _over(sizes: Sequence[tuple[int, int]], name: str, rows: Sequence[Row], form: str) -> str:
    """Return a table of the designs that are not the same in all sizes."""
    cells = {(row["design"], row["lanes"], row["channels"]): form.format_map(row) for row in rows}
    lines = [
        [design, *(cells.get((design, *size), "") for size in sizes)]
        for design in dict.fromkeys(key[0] for key in cells)
    ]
    head = [name, *(f"{channels:,} x {lanes}" for lanes, channels in sizes)]
    table = [head, ["---", *["---:"] * len(sizes)], *(line for line in lines if len(set(line[1:])) > 1)]
    return "".join(f"| {' | '.join(line)} |\n" for line in table)


def _median(row: Row) -> str:
    return str(row["speed"]["median"]) if row["speed"] else "no room"


ENERGY = """\
A proxy of the energy: how many bits of nets change for each bin of a raster, in the simulated Verilog, while words come
without pause. A change of a net counts 1, whatever it drives: there are no capacitances and no glitches within a cycle.
Every net that the Verilog names counts, steps of a sum or a shift among them, and one that several blocks share counts
once. The clock is left out, and the memories' inside; each bin has its 40 bits read and written. Steps are of 1 ms, and
the settings the default ones.
`python -m synth toggles` compares the packets with the software's, and leaves `build/synth/encoder.saif` for a power
tool, which has each bit in every block that it reaches. Which of them are one net only the simulator's other wave file
tells; the counts of both are compared net by net.
"""
LEAST_TOGGLES = 0.05
"""Blocks with fewer toggles a bin are summed up."""


def _energy(rows: Sequence[Row]) -> str:
    lines = ["## Toggles", "", ENERGY]
    for row in (row for row in rows if row["device"] == TOGGLES):
        a_bin = {block: count / row["bins"] for block, count in row["toggles"].items()}
        shown = {block: count for block, count in a_bin.items() if count >= LEAST_TOGGLES}
        lines += [
            f"{row['recording']}, {row['channels']:,} channels, {row['lanes']} lanes, {row['bins']:,} bins with "
            f"{row['spikes']:,} spikes ({row['simulator']}):",
            "",
            "| block, of all lanes | toggles a bin |",
            "| --- | ---: |",
            *(f"| {block} | {count:.2f} |" for block, count in sorted(shown.items(), key=lambda one: -one[1])),
            f"| others | {sum(a_bin.values()) - sum(shown.values()):.2f} |",
            f"| all | {sum(a_bin.values()):.2f} |",
            f"| bits of memories read and written | {row['memory_bits_read_and_written'] / row['bins']:.0f} |",
            "",
        ]
    return "\n".join(lines)


def _paths(rows: Sequence[Row]) -> str:
    lines = [
        "## Critical paths",
        "",
        "Of the seed with the median clock: where the path begins and ends, and the blocks on its way; `pins` are the",
        "registers around a design. A LUT has the name of a net that it drives: a block's last one may count as of its",
        "neighbour, or of `pins`.",
        "",
        "| design | channels | lanes | on | from | to | through | logic, ns | wires, ns |",
        "| --- | ---: | ---: | --- | --- | --- | --- | ---: | ---: |",
    ]
    for row in rows:
        if row.get("speed"):
            path = row["speed"]["path"]
            itself = row["design"].split()[0]
            start, end, *through = (_named(name, itself) for name in (path["from"], path["to"], *path["through"]))
            lines.append(
                f"| {row['design']} | {row['channels']:,} | {row['lanes']} | {DEVICES[row['device']].name} | {start} "
                f"| {end} | {', '.join(through)} | {path['logic_ns']} | {path['routing_ns']} |"
            )
    return "\n".join([*lines, "", UNDERSTOOD])


def _named(block: str, design: str) -> str:
    """Return what the page calls a block of `devices.block`, in a design."""
    return re.sub("^design", design, re.sub("^top", "pins", block))


UNDERSTOOD = """\
**What limits it.** Wires: they are two thirds of most of these paths, and the seed decides which of several like ones
is the longest.

- Encoder on an iCE40: back-pressure. Whether `fifo` and `bit_packer` take what comes goes within a cycle through the
  stages of the Golomb coder to the enables of `mean` and `parameter`. Another buffer like `token_buffer` would divide
  it. As long are the sum of `debt` behind a codeword's length and, without multiplier blocks, the products of LUTs in
  `updater`, from the memory in `predictor`.
- Encoder on an ECP5: paths of 2 to 5 ns of logic: a codeword's length in `coder`, and its code in `isi_encoder`; the
  sum of `debt` and its comparison; the parameter from `mean`; a seed on its way into the memory of `predictor`.
- Encoder with 32 lanes, on an ECP5: wires from and to so many lanes, with 2 to 3.5 ns of logic. A word's first error
  is found in `gap_counter` among all lanes, behind each `comparator` and what is registered in `encoder`; whether a
  word is taken goes from there to the registers of all lanes in `predictor`; and seeds go into its memory, as above.
- Decoder: the loop that a Golomb code has. The parameter comes from the mean, with it a codeword's length and gap, and
  from these mean and debt, all between two clock edges, since the next codeword begins where this one ends. It reads
  one in each cycle; `isi_decoder` alone and its parts have the same path.
- Blocks alone, where `pins` is an end: what is combinational in a block, which in the encoder or decoder is a part of
  the paths above.
"""
LARGE = """\
**What is large.** In gates, the products: every lane multiplies 16 by 9 bits in each cycle, since `alpha_q8` may be any
number. {lanes} rate updaters take {updaters:,} of the encoder's {encoder:,} NAND2, and {others:,} are left without
them. The {flip_flops:,} flip-flops of all blocks are {in_them:,}, beside a target of 8,000 for everything. Of the
blocks alone, `predictor`, with its updaters, LFSRs and comparators, takes {predictor:,}, `isi_encoder` {isi_encoder:,},
`scheduler` {scheduler:,}, `packetizer` {packetizer:,}. With the multiplier blocks of an FPGA, the comparators' shifts
by `sharpness` and the interval encoder are what is left. `python -m hdl generate --coder rice` leaves LEB128 out.
"""


def _large(rows: Sequence[Row]) -> str:
    parts = ("encoder", "rate_updater (a lane)", "predictor", "isi_encoder", "scheduler", "packetizer")
    found = {row["design"]: row for row in of_target(rows) if row["device"] == GATES and row["design"] in parts}
    if len(found) < len(parts):
        return ""
    nand2 = {name: row["nand2"] for name, row in found.items()}
    updaters, flip_flops = LANES * nand2["rate_updater (a lane)"], found["encoder"]["flip_flops"]
    told = LARGE.format(
        **nand2,
        lanes=LANES,
        updaters=updaters,
        others=nand2["encoder"] - updaters,
        flip_flops=flip_flops,
        in_them=round(FLIP_FLOP * flip_flops),
    )
    return _filled(told) + "\n"
