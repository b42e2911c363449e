"""Shapes of what flows between the blocks."""

from amaranth.lib import data
from amaranth.utils import bits_for, ceil_log2

from model.golden.rice_coder import ESCAPE, GAP_BITS
from model.golden.rice_mean import K_MAX
from model.golden.settings import CHANNELS_MAX, EPOCH_STEPS_MAX

CODER_BITS = 4
VALUE_BITS = GAP_BITS
"""Explicit bits of the longest codeword: a gap that escapes."""

SETTINGS = data.StructLayout(
    {
        "alpha_q8": 9,
        "sharpness": 4,
        "seed": 16,
        "coder": CODER_BITS,
        "epoch_steps": 16,
        "keyframe_interval": 16,
    }
)
"""Run-time settings, as the ports give them or as a keyframe latched them."""

CODEWORD_BITS_MAX = ESCAPE + 2 * GAP_BITS - 1
"""Bits of the longest codeword: an escape, and an Elias gamma code of a 28-bit number."""
CODEWORD = data.StructLayout({"value": VALUE_BITS, "length": bits_for(CODEWORD_BITS_MAX), "end": 1})
"""`length` bits, zeros and at their end `value`; the epoch ends with them if `end`. May be empty."""

PAYLOAD_BYTE = data.StructLayout({"data": 8, "present": 1, "end": 1})
"""A byte of a packet's payload, `end` with the last one. An end without a byte has `present` 0."""

PACKET_BYTE = data.StructLayout({"data": 8, "last": 1})
"""A byte of a packet; `last` with the last one."""

CLOSING = data.StructLayout({"steps": bits_for(EPOCH_STEPS_MAX), "check": 16})
"""What is known only at the end of a packet: its steps, and the check of its spikes."""

TAG_BITS = 2
"""Low bits of a packet's sequence number, by which a decoder finds that two of its streams are out of step."""

PACKET_INFO = data.StructLayout(
    {"tag": TAG_BITS, "keyframe": 1, "continues": 1, "step_index": 32, "closing": CLOSING, "settings": SETTINGS}
)
"""What a decoder knows of a packet before its payload.

`continues` says that it follows the packet before it, `settings` are those of the last keyframe, this one included.
"""

CODING = data.StructLayout({"tag": TAG_BITS, "keyframe": 1, "coder": CODER_BITS})
"""What the interval decoder must know of a packet before its payload."""

EMPTY_BITS = 4
"""With it, a run of 8 lanes has 16 bits: the width of an iCE40's memory."""

K_BITS = bits_for(K_MAX)


def check_geometry(channels: object, lanes: object) -> None:
    """Raise `ValueError` unless a row of `channels` bins can be taken in words of `lanes` bins."""
    if not isinstance(channels, int) or not 1 <= channels <= CHANNELS_MAX:
        raise ValueError(f"channels must be an integer in 1..{CHANNELS_MAX}, not {channels!r}")
    if not isinstance(lanes, int) or not 1 <= lanes <= channels:
        raise ValueError(f"lanes must be an integer in 1..{channels} (the channels), not {lanes!r}")


def words_per_row(channels: int, lanes: int) -> int:
    """Return how many words a row of the raster takes."""
    return -(-channels // lanes)


def gap_bits(channels: int) -> int:
    """Return the width of the longest gap of an epoch of `channels` channels."""
    return ceil_log2(channels * EPOCH_STEPS_MAX)


def input_word(lanes: int) -> data.StructLayout:
    """Return the shape of a word of the raster; `last` ends the epoch with the word's row."""
    return data.StructLayout({"spikes": lanes, "last": 1})


def word(lanes: int) -> data.StructLayout:
    """Return the shape of a word within the encoder.

    `bits` are spikes or errors. `row_first` and `row_last` tell where the row begins and ends; `restart` marks the
    words of a keyframe's first row, `epoch_last` the last word of a packet, `keyframe` those of a keyframe. `coder`
    is the number of the packet's coder.
    """
    return data.StructLayout(
        {
            "bits": lanes,
            "row_first": 1,
            "row_last": 1,
            "restart": 1,
            "epoch_last": 1,
            "keyframe": 1,
            "coder": CODER_BITS,
        }
    )


def gap_token(channels: int) -> data.StructLayout:
    """Return the shape of a step of the interval coder.

    `error` says that `gap` is the number of bins before an error; `end` that the epoch ends here, `keyframe`
    that its packet is a keyframe.
    """
    return data.StructLayout({"gap": gap_bits(channels), "error": 1, "end": 1, "keyframe": 1, "coder": CODER_BITS})


def coded_token(channels: int) -> data.StructLayout:
    """Return the shape of a gap token that is known to be for LEB128, if `leb128`, or else for the Golomb coder."""
    return data.StructLayout({"gap": gap_bits(channels), "leb128": 1, "error": 1, "end": 1, "keyframe": 1})


def rice_token(channels: int) -> data.StructLayout:
    """Return the shape of a gap with the parameter to code it with."""
    return data.StructLayout({"gap": gap_bits(channels), "leb128": 1, "k": K_BITS, "error": 1, "end": 1})


def part_token(channels: int) -> data.StructLayout:
    """Return the shape of a gap, or of a part of one, with the parameter to code it with.

    If `leb128`, the low 7 bits of `gap` are those of a byte, and `more` says that it is not the last one of its gap.
    """
    return data.StructLayout({**dict(rice_token(channels).members.items()), "more": 1})


def decoded_token(channels: int) -> data.StructLayout:
    """Return the shape of a step of the interval decoder.

    `error` says that `gap` is the number of bins before an error; `end` that the payload is over, and `bad` with it
    that it was not one that an encoder writes. `tag` is the packet's.
    """
    return data.StructLayout({"tag": TAG_BITS, "gap": gap_bits(channels), "error": 1, "end": 1, "bad": 1})


def run(lanes: int) -> data.StructLayout:
    """Return the shape of a run: `empty` words without errors, and behind them one with the errors `bits`, if any.

    `end` says that all words behind it, to the end of the packet, are without errors, and `bad` with it that the
    payload was not one that an encoder writes. `tag` is the packet's.
    """
    return data.StructLayout({"tag": TAG_BITS, "empty": EMPTY_BITS, "bits": lanes, "end": 1, "bad": 1})


def decoded_word(lanes: int) -> data.StructLayout:
    """Return the shape of a word of the decoded raster.

    `step_index` counts the word's row as the encoder does. `last` comes with the last word of a packet, and `bad` with
    it says that the packet's spikes are not to be used.
    """
    return data.StructLayout({"spikes": lanes, "row_last": 1, "last": 1, "bad": 1, "step_index": 32})
