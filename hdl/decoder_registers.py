"""The registers of the decoder."""

from hdl.register_block import DATA_BITS, Access, Field, Register
from hdl.register_map import GEOMETRY, counter, identification

REGISTERS = (
    *identification(b"SPKD", map_version=1),
    Register(
        "CONTROL",
        0x08,
        (Field("enable", Access.SETTING, 1, "Whether a new packet may come in. One that is coming in goes on."),),
    ),
    Register(
        "STATUS",
        0x0C,
        (
            Field("busy", Access.STATE, 1, "A packet is coming in, or the fate of one that came in is not known yet."),
            Field("packet_open", Access.STATE, 1, "A byte of a packet was taken, and its last one was not.", low=1),
            Field("in_step", Access.STATE, 1, "The packet decoded last was shown, all of it, and is good.", low=2),
        ),
    ),
    GEOMETRY,
    Register(
        "BUFFER_BYTES",
        0x14,
        (Field("buffer_bytes", Access.STATE, DATA_BITS, "Bytes of the packet buffer; longer packets are dropped."),),
    ),
    counter("packets", 0x40, "Packets that were shown and are good."),
    counter("bytes", 0x44, "Bytes that were taken."),
    counter("words", 0x48, "Words that are out."),
    counter("stalls", 0x4C, "Cycles in which a word was offered at `m_axis` and not taken."),
    counter(
        "refused", 0x50, "Cycles in which a byte was offered at `s_axis` and not taken, be it disabled or stalled."
    ),
    counter("steps", 0x54, "Rows that are out."),
    counter("dropped", 0x58, "Packets that came damaged, too short or too long."),
    counter("rejected", 0x5C, "Packets with a field that the decoder does not know, or before any keyframe."),
    counter("repeated", 0x60, "Packets that repeated the one before them, and were left out."),
    counter("hidden", 0x64, "Packets that were not shown, since others before them are missing or bad."),
    counter("bad", 0x68, "Packets that were shown and found bad at their end."),
)
"""The single source of the decoder's registers."""
