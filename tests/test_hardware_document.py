"""docs/hardware.md says what the encoder's hardware does: ports, settings out of range, latencies."""

import math
import re

import pytest
from benches import simulated
from documents import Document

from hdl.generate import TOP_NAME, component_rtlil
from hdl.layouts import check_geometry
from hdl.scheduler import Scheduler
from hdl.spike_encoder_top import SpikeEncoderTop
from model.golden.settings import CHANNELS_MAX, CODER_IDS, Settings

DOCUMENT = Document("hardware.md")
CHANNELS, LANES = 28, 8
WORDS_PER_ROW = 4


@pytest.mark.parametrize("lanes", [1, 9])
def test_ports(lanes):
    (table,) = DOCUMENT.tables("Ports")
    stated = {row["port"]: (row["direction"], eval(row["bits"], {"ceil": math.ceil, "lanes": lanes})) for row in table}
    design = component_rtlil(SpikeEncoderTop(CHANNELS, lanes), TOP_NAME)
    (top,) = re.findall(rf"^module \\{TOP_NAME}$(.*?)^end$", design, flags=re.DOTALL | re.MULTILINE)
    ports = re.findall(r"wire width (\d+) (in|out)put \d+\s+\\(\w+)", top)
    assert stated == {name: (direction, int(width)) for width, direction, name in ports}


def test_channels():
    channels = DOCUMENT.tables("Chosen when it is built")[0][0]
    assert (channels["parameter"], channels["valid"]) == ("channels", f"1..{CHANNELS_MAX}")
    check_geometry(CHANNELS_MAX, lanes=1)
    with pytest.raises(ValueError, match="channels"):
        check_geometry(CHANNELS_MAX + 1, lanes=1)


def latched(name, value, coders=tuple(CODER_IDS)):
    """Return the setting that a keyframe takes over where `value` is given."""
    scheduler = Scheduler(CHANNELS, LANES, coders)
    taken = None

    async def bench(ctx):
        nonlocal taken
        ctx.set(scheduler.requested[name], value)
        ctx.set(scheduler.i.valid, 1)
        ctx.set(scheduler.o.ready, 1)
        await ctx.tick()
        taken = ctx.get(scheduler.settings[name])

    simulated(scheduler, bench)
    return taken


NUMBERS = [row for row in DOCUMENT.tables("Settings")[0] if row["setting"] != "coder"]


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row["setting"])
def test_settings(row):
    low, high = map(int, row["valid"].split(".."))
    for value in (low, high):
        assert latched(row["setting"], value) == value
        Settings(**{row["setting"]: value})
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=row["setting"]):
            Settings(**{row["setting"]: value})
    for value in filter(None, row["given"].split("..")):
        assert latched(row["setting"], int(value)) == int(row["taken"])


def test_coder_setting():
    (row,) = (row for row in DOCUMENT.tables("Settings")[0] if row["setting"] == "coder")
    assert row["valid"].replace("`", "") == ", ".join(f"{number} {name}" for name, number in CODER_IDS.items())
    for number in CODER_IDS.values():
        assert latched("coder", number) == number
        for name in CODER_IDS:
            assert latched("coder", number, coders=[name]) == CODER_IDS[name]
    assert latched("coder", max(CODER_IDS.values()) + 1) == min(CODER_IDS.values())


def cycles_of_bytes(coder, silent_rows):
    """Return the cycles from the first word of a row with one error to each byte since the recording's start."""
    top = SpikeEncoderTop(CHANNELS, LANES)
    first_word = silent_rows * WORDS_PER_ROW
    cycles = []

    async def bench(ctx):
        ctx.set(top.cfg_coder, CODER_IDS[coder])
        ctx.set(top.cfg_epoch_steps, 1000)
        ctx.set(top.s_axis_tvalid, 1)
        ctx.set(top.m_axis_tready, 1)
        for cycle in range(first_word + 50):
            assert ctx.get(top.s_axis_tready)
            ctx.set(top.s_axis_tdata, int(cycle == first_word))
            if ctx.get(top.m_axis_tvalid):
                cycles.append(cycle - first_word)
            await ctx.tick()

    simulated(top, bench)
    return cycles


def test_latencies():
    keyframe_header_bytes = 20
    first = cycles_of_bytes("rice", silent_rows=0)[0]
    rice, leb128 = (cycles_of_bytes(coder, silent_rows=12)[keyframe_header_bytes] for coder in ("rice", "leb128"))
    assert "| first byte of a packet | one cycle after" in DOCUMENT.sections["Speed"]
    assert first == 1
    assert DOCUMENT.numbers("Speed", r"(\d+) cycles after the word is taken whose error completes it") == [rice]
    assert leb128 == rice
