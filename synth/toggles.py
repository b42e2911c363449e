"""Toggles of the encoder's nets while it encodes a recording: a proxy of its energy."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from shutil import copyfile
from typing import NamedTuple, get_args

from model import encode_packets
from sim import cosim
from sim.build import BUILD
from sim.build import Waves as Format
from sim.options import make_request
from synth.results import Row

DEVICE = "toggles"
"""In the place of a device's name, in the rows of the figures."""
SECONDS = 0.2
"""Of the recording: some 10,000 words."""
LANES = 8
STATE_BITS = 40
"""Bits of the memories' rows that belong to a bin: all are read, and written, once a bin."""
CLOCK = "clk"
PORTS = "$rootio"
"""Where Verilator repeats the ports of the encoder."""
SAIF = BUILD / "synth" / "encoder.saif"
"""Toggles of each bit of each net in each block, for a power tool."""
NUMBER = re.compile(r"[_$]\d+$")
"""What tells a lane's block from those of the other lanes."""
SAIF_OPENS = re.compile(r"\((?:SAIFILE|NET|INSTANCE (\S+))")
SAIF_BIT = re.compile(r"\((\S+?)(?:\\\[\d+\\\])? \(T0 .*\(TC (\d+)\)\)")
"""A line of a net, or of a bit of one: its name, where a backslash is before each bracket, and how often it changes."""

Name = tuple[str, ...]
"""Names of the blocks around a net, from the outermost on, and its own."""


def toggles(data: Path, seconds: float = SECONDS) -> Row:
    """Return how often nets of the simulated encoder toggle while it encodes a recording; leave that in `SAIF`, too.

    Parameters
    ----------
    data : Path
        As for `python -m sim run`.
    seconds : float
        How much of it.

    Returns
    -------
    Row
        `toggles` by block, with all lanes' blocks of a kind together, and the `bins` and `spikes` encoded.

    Raises
    ------
    ValueError
        The recording cannot be used.
    BuildError
        The simulator cannot be built.
    RuntimeError
        What the hardware sent is not what the software would, or the two files differ.
    """
    recording, stimulus = make_request(data=data, duration=seconds, lanes=LANES)
    packets = encode_packets(stimulus.raster, stimulus.settings)
    # In two formats, since a SAIF file does not tell which blocks share a net.
    if any(cosim.simulate(stimulus, form).packets != packets for form in get_args(Format)):
        raise RuntimeError("the simulated encoder's packets are not the software's")
    SAIF.parent.mkdir(parents=True, exist_ok=True)
    copyfile(cosim.wave_file(stimulus, "saif"), SAIF)
    with cosim.wave_file(stimulus, "vcd").open() as lines:
        waves = read_vcd(lines)
    with SAIF.open() as lines:
        check_saif(lines, waves)
    return {
        "design": "encoder",
        "channels": stimulus.channels,
        "lanes": stimulus.lanes,
        "device": DEVICE,
        "simulator": f"verilator {version('verilator')}",
        "recording": recording.name,
        "bins": stimulus.raster.size,
        "spikes": int(stimulus.raster.sum()),
        "toggles": dict(sorted(count_toggles(waves).items())),
        "memory_bits_read_and_written": 2 * STATE_BITS * stimulus.raster.size,
    }


class Waves(NamedTuple):
    """What a VCD file tells of its nets, each by the identifier that it has there.

    Attributes
    ----------
    nets : dict of tuple of str to str
        Net by its name; a block within others is the last to name a net that they share.
    first : dict of str to int
        Each net's first value.
    changes : Counter of str
        How many of its bits changed, the first value not counted.
    """

    nets: dict[Name, str]
    first: dict[str, int]
    changes: Counter[str]


def read_vcd(lines: Iterable[str]) -> Waves:
    """Return what a VCD file tells."""
    rest = iter(lines)
    nets = dict(_nets(rest))
    first: dict[str, int] = {}
    values: dict[str, int] = {}
    changes: Counter[str] = Counter()
    for line in rest:
        if line[0] in "01":
            net, value = line[1:].strip(), int(line[0])
        elif line[0] == "b":
            bits, net = line[1:].split()
            value = int(bits, 2)
        else:
            continue
        before = values.get(net)
        if before is None:
            first[net] = value
        else:
            changes[net] += (value ^ before).bit_count()
        values[net] = value
    return Waves(nets, first, changes)


def count_toggles(waves: Waves) -> Counter[str]:
    """Return how many bits change, by block; a net that several blocks share counts once, in the innermost one.

    The clock is left out.
    """
    counted = {name: net for name, net in waves.nets.items() if name[-1] != CLOCK and PORTS not in name}
    blocks = {net: NUMBER.sub("", name[-2]) for name, net in counted.items()}
    counts: Counter[str] = Counter()
    for net, block in blocks.items():
        counts[block] += waves.changes[net]
    return counts


def check_saif(lines: Iterable[str], waves: Waves) -> None:
    """Compare a SAIF file with the VCD file of the same simulation.

    In a SAIF file of Verilator all nets begin at 0, so that it counts the first value, too.

    Raises
    ------
    RuntimeError
        They have other nets, or a net whose bits change more often in one of them.
    """
    in_saif = _read_saif(lines)
    in_vcd = {name: waves.first[net].bit_count() + waves.changes[net] for name, net in waves.nets.items()}
    if differing := sorted(in_saif.items() ^ in_vcd.items()):
        raise RuntimeError(f"{'/'.join(differing[0][0])} toggles otherwise in the SAIF file than in the VCD file")


def _nets(lines: Iterator[str]) -> Iterator[tuple[Name, str]]:
    """Yield each name in the head of a VCD file with the net's identifier."""
    scopes: list[str] = []
    for line in lines:
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"]:
            yield (*scopes, words[4]), words[3]
        elif words[:1] == ["$enddefinitions"]:
            return


def _read_saif(lines: Iterable[str]) -> Counter[Name]:
    """Return how often all bits of a net together change, by its name."""
    scopes: list[str | None] = []
    counts: Counter[Name] = Counter()
    for line in lines:
        if opened := SAIF_OPENS.fullmatch(line.strip()):
            scopes.append(opened[1])
        elif line.strip() == ")":
            scopes.pop()
        elif bit := SAIF_BIT.fullmatch(line.strip()):
            counts[(*filter(None, scopes), bit[1].replace("\\", ""))] += int(bit[2])
    return counts
