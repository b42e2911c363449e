"""The page that documents the registers of encoder and decoder."""

from collections.abc import Iterator, Sequence

from hdl import decoder_registers, encoder_registers
from hdl.register_block import Access, Register

INTRODUCTION = """\
# Registers of encoder and decoder

Written by `python -m hdl registers -o docs/registers.md`.

Modules `spike_encoder_soc` and `spike_decoder_soc` (`python -m hdl generate --top encoder-soc`, `--top decoder-soc`)
are the encoder and the decoder of [hardware.md](hardware.md) with their registers behind an AXI4-Lite port `s_axil`:
32-bit data, 8-bit byte addresses.

## Access

- A write's address and data may come in any order. `wstrb` is obeyed, byte by byte.
- The response is `SLVERR`, and nothing changes, for an address that no register has, for one that is not a multiple of
  4, for a write to a register that can only be read, and for a write of 1 to a bit that no writable field has. It is
  `OKAY` for everything else. Bits that no field has read as 0; a refused read gives 0.
- `awprot` and `arprot` are ignored.
- **Counters** are 32 bits wide and wrap around; only a reset clears them. Differences modulo 2^32 are exact.

"""

ENCODER = """\
## The encoder

- **Start**: write the settings, then `enable`. After reset nothing is taken, since `enable` is 0.
- **Change settings**: each keyframe takes what stands in the registers when its first word is taken. So that it cannot
  fall between two writes, clear `enable`, wait until `epoch_open` is 0, write, set `enable`. They apply from the next
  keyframe on. What is read back is what was written, also where it is out of range.
- **Stop**: write 2 to `CONTROL` (`enable` 0, `flush` 1) and wait until `busy` is 0. A flush waits for a word: the open
  epoch ends with the row of the next word taken. Without an open epoch it does nothing, and it never ends the epoch
  after the one that was open.

"""

DECODER = """\
## The decoder

Every setting is in the stream; the decoder takes it from each keyframe.

- **Start**: write 1 to `CONTROL`. After reset nothing is taken, since `enable` is 0.
- **Stop**: write 0 to `CONTROL` and wait until `busy` is 0. The packet that is coming in is taken to its end. There is
  no flush: a packet that came in whole goes out by itself.
- **Losses**: every packet that was taken is counted once, in `PACKETS`, `DROPPED`, `REJECTED`, `REPEATED`, `HIDDEN` or
  `BAD`, when its fate is known. `in_step` is 0 from a packet that is hidden or bad to the next that is shown; what was
  lost without a trace shows as a jump of `step_index` at `m_axis_tuser`.
- **A buffer that is full** stalls the input. `REFUSED` tells a source that cannot wait whether it ever had to.

"""

HEADINGS = ("address", "register", "bits", "field", "access", "reset", "meaning")


def register_page() -> str:
    """Return the documentation of the registers, in Markdown."""
    encoder, decoder = _table(encoder_registers.REGISTERS), _table(decoder_registers.REGISTERS)
    return f"{INTRODUCTION}{ENCODER}{encoder}\n{DECODER}{decoder}"


def _table(registers: Sequence[Register]) -> str:
    lines = (HEADINGS, ("---",) * len(HEADINGS), *_rows(registers))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _rows(registers: Sequence[Register]) -> Iterator[tuple[str, ...]]:
    for register in registers:
        for field in register.fields:
            high = field.low + field.bits - 1
            bits = f"{high}:{field.low}" if field.bits > 1 else f"{field.low}"
            reset = "" if field.access is Access.STATE else f"{field.value:#x}"
            name = (f"`{register.address:#04x}`", f"`{register.name}`", bits, f"`{field.name}`")
            yield (*name, field.access.value, reset, field.meaning)
