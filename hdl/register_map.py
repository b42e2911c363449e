"""The registers of the encoder, and the page that documents them."""

from collections.abc import Iterator

from amaranth.utils import bits_for

from hdl.layouts import SETTINGS
from hdl.register_block import DATA_BITS, Access, Field, Register
from model.golden.packetizer import VERSION
from model.golden.settings import CHANNELS_MAX, CODER_IDS, Settings

MAP_VERSION = 1
"""Rises with every change of the table that software can notice."""

DEFAULTS = {name: getattr(Settings(), name) for name, _ in SETTINGS} | {"coder": CODER_IDS[Settings().coder]}
"""The settings after reset, as numbers."""

MEANINGS = {
    "alpha_q8": "Adaptation rate in 1/256, 0..256; what is above counts as 256.",
    "sharpness": "Sharpness of the comparator, 0..15.",
    "seed": "Seed of channel 0's LFSR.",
    "coder": f"Interval coder: {', '.join(f'{number} `{name}`' for name, number in CODER_IDS.items())}.",
    "epoch_steps": "Steps of a full packet; 0 counts as 1.",
    "keyframe_interval": "Packets from one keyframe to the next; 0 counts as 1.",
}


def _counter(name: str, address: int, meaning: str, step_bits: int = 1) -> Register:
    return Register(name.upper(), address, (Field(name, Access.COUNT, DATA_BITS, meaning, step_bits=step_bits),))


REGISTERS = (
    Register("ID", 0x00, (Field("id", Access.CONSTANT, 32, '"SPKE" in ASCII.', value=int.from_bytes(b"SPKE")),)),
    Register(
        "VERSION",
        0x04,
        (
            Field("wire_format", Access.CONSTANT, 8, "Version of the wire format.", value=VERSION),
            Field("map_version", Access.CONSTANT, 8, "Version of this table.", low=8, value=MAP_VERSION),
        ),
    ),
    Register(
        "CONTROL",
        0x08,
        (
            Field("enable", Access.SETTING, 1, "Whether a new epoch may begin. An epoch that is open goes on."),
            Field("flush", Access.TRIGGER, 1, "End the open epoch with the row of the next word taken.", low=1),
        ),
    ),
    Register(
        "STATUS",
        0x0C,
        (
            Field("busy", Access.STATE, 1, "An epoch is open, or its packet is not out yet."),
            Field("epoch_open", Access.STATE, 1, "A word of the epoch was taken, and its last one was not.", low=1),
            Field("flush_pending", Access.STATE, 1, "A flush waits for a word or for the end of its row.", low=2),
        ),
    ),
    Register(
        "GEOMETRY",
        0x10,
        (
            Field("channels", Access.STATE, 16, "Channels of the raster."),
            Field("lanes", Access.STATE, 16, "Bins of a word.", low=16),
        ),
    ),
    *(
        Register(
            name.upper(), 0x20 + 4 * index, (Field(name, Access.SETTING, width, MEANINGS[name], 0, DEFAULTS[name]),)
        )
        for index, (name, width) in enumerate((name, field.width) for name, field in SETTINGS)
    ),
    _counter("packets", 0x40, "Packets that are out."),
    _counter("bytes", 0x44, "Bytes that are out."),
    _counter("errors", 0x48, "Prediction errors.", bits_for(CHANNELS_MAX)),
    _counter("stalls", 0x4C, "Cycles in which a byte was offered at `m_axis` and not taken."),
    _counter(
        "refused", 0x50, "Cycles in which a word was offered at `s_axis` and not taken, be it disabled or stalled."
    ),
)
"""The single source of the encoder's registers."""

INTRODUCTION = """\
# The encoder's registers

Written by `python -m hdl registers -o docs/registers.md`.

Module `spike_encoder_soc` (`python -m hdl generate --top encoder-soc`) is the encoder of [hardware.md](hardware.md)
with its settings in registers behind an AXI4-Lite port `s_axil`: 32-bit data, 8-bit byte addresses.

## Access

- A write's address and data may come in any order. `wstrb` is obeyed, byte by byte.
- The response is `SLVERR`, and nothing changes, for an address that no register has, for one that is not a multiple of
  4, for a write to a register that can only be read, and for a write of 1 to a bit that no writable field has. It is
  `OKAY` for everything else. Bits that no field has read as 0; a refused read gives 0.
- `awprot` and `arprot` are ignored.

## Use

- **Start**: write the settings, then `enable`. After reset nothing is taken, since `enable` is 0.
- **Change settings**: each keyframe takes what stands in the registers when its first word is taken. So that it cannot
  fall between two writes, clear `enable`, wait until `epoch_open` is 0, write, set `enable`. They apply from the next
  keyframe on. What is read back is what was written, also where it is out of range.
- **Stop**: write 2 to `CONTROL` (`enable` 0, `flush` 1) and wait until `busy` is 0. A flush waits for a word: the open
  epoch ends with the row of the next word taken. Without an open epoch it does nothing, and it never ends the epoch
  after the one that was open.
- **Counters** are 32 bits wide and wrap around; only a reset clears them. Differences modulo 2^32 are exact.

## Table

"""

HEADINGS = ("address", "register", "bits", "field", "access", "reset", "meaning")


def _line(cells: Iterator[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _rows() -> Iterator[str]:
    for register in REGISTERS:
        for field in register.fields:
            high = field.low + field.bits - 1
            bits = f"{high}:{field.low}" if field.bits > 1 else f"{field.low}"
            reset = "" if field.access is Access.STATE else f"{field.value:#x}"
            name = (f"`{register.address:#04x}`", f"`{register.name}`", bits, f"`{field.name}`")
            yield _line((*name, field.access.value, reset, field.meaning))


def register_page() -> str:
    """Return the documentation of the registers, in Markdown."""
    return INTRODUCTION + "\n".join([_line(HEADINGS), _line(("---",) * len(HEADINGS)), *_rows()]) + "\n"
