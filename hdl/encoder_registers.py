"""The registers of the encoder."""

from amaranth.utils import bits_for

from hdl.layouts import SETTINGS
from hdl.register_block import Access, Field, Register
from hdl.register_map import GEOMETRY, counter, identification
from model.golden.settings import CHANNELS_MAX, CODER_IDS, Settings

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

REGISTERS = (
    *identification(b"SPKE", map_version=1),
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
    GEOMETRY,
    *(
        Register(
            name.upper(), 0x20 + 4 * index, (Field(name, Access.SETTING, width, MEANINGS[name], 0, DEFAULTS[name]),)
        )
        for index, (name, width) in enumerate((name, field.width) for name, field in SETTINGS)
    ),
    counter("packets", 0x40, "Packets that are out."),
    counter("bytes", 0x44, "Bytes that are out."),
    counter("errors", 0x48, "Prediction errors.", bits_for(CHANNELS_MAX)),
    counter("stalls", 0x4C, "Cycles in which a byte was offered at `m_axis` and not taken."),
    counter(
        "refused", 0x50, "Cycles in which a word was offered at `s_axis` and not taken, be it disabled or stalled."
    ),
)
"""The single source of the encoder's registers."""
