"""The decoder with its bus interfaces, driven by cocotbext-axi: rasters come back, lost packets are seen."""

import random

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiStreamFrame

from hdl.isi_encoder import CODERS
from hdl.layouts import words_per_row
from hdl.spike_decoder_top import STATUS, SpikeDecoderTop
from model.golden import Settings, SpikeEncoder
from tb.axi import raster_words, reset, word_sink, word_source
from tb.simulate import parameters, simulate
from tb.words import random_row

EPOCH_STEPS = 4
ROW_LAST, BAD = 1 << 32, 1 << 33


@pytest.mark.parametrize(("channels", "lanes"), [(20, 12)])
def test_spike_decoder_top(channels, lanes):
    simulate(SpikeDecoderTop(channels, lanes, 1024), __name__, "verilator", channels=channels, lanes=lanes)


def epochs(coder, count):
    """Return the rows of epochs, and their packets."""
    source = random.Random(coder)
    rows = [random_row(source, parameters()["channels"], 0.2) for _ in range(EPOCH_STEPS * count)]
    settings = Settings(alpha_q8=64, sharpness=7, coder=coder, epoch_steps=EPOCH_STEPS, keyframe_interval=3)
    starts = range(0, len(rows), EPOCH_STEPS)
    packets = SpikeEncoder(parameters()["channels"], settings).encode(rows)
    return [rows[start : start + EPOCH_STEPS] for start in starts], packets


async def decode(dut, packets, pause):
    """Return the frames that the decoder answers, and how often each status was raised."""
    source, sink = word_source(dut, "s_axis", pause, 1), word_sink(dut, "m_axis", pause, 2)
    raised = dict.fromkeys(STATUS, 0)

    async def count():
        while True:
            await RisingEdge(dut.clk)
            for name in STATUS:
                raised[name] += int(getattr(dut, f"status_{name}").value)

    await reset(dut)
    counting = cocotb.start_soon(count())
    for packet in packets:
        await source.send(AxiStreamFrame(packet))
    await source.wait()
    await ClockCycles(dut.clk, 1000)
    counting.cancel()
    return [sink.recv_nowait(compact=False) for _ in range(sink.count())], raised


def check(frame, rows, epoch):
    """Check that a frame holds the rows of an epoch."""
    lanes = parameters()["lanes"]
    words = words_per_row(parameters()["channels"], lanes)
    assert list(frame.tdata) == raster_words(rows, lanes)
    assert frame.tuser == [
        (epoch * EPOCH_STEPS + index // words) | ROW_LAST * (index % words == words - 1)
        for index in range(len(rows) * words)
    ]


@cocotb.test()
@cocotb.parametrize(coder=list(CODERS), pause=[0.0, 0.4])
async def rasters_come_back(dut, coder, pause):
    rows, packets = epochs(coder, count=12)
    frames, raised = await decode(dut, packets, pause)
    assert len(frames) == len(rows)
    for epoch, frame in enumerate(frames):
        check(frame, rows[epoch], epoch)
    assert raised == dict.fromkeys(STATUS, 0)


@cocotb.test()
async def fates_of_packets_show(dut):
    rows, packets = epochs("rice", count=12)
    damaged = packets[4][:-1] + bytes([packets[4][-1] ^ 1])
    frames, raised = await decode(dut, [packets[1], *packets[:4], packets[3], damaged, *packets[5:]], 0.2)
    shown = [epoch for epoch in range(12) if epoch not in (4, 5)]
    assert len(frames) == len(shown)
    for epoch, frame in zip(shown, frames, strict=True):
        check(frame, rows[epoch], epoch)
    assert raised == {"dropped": 1, "rejected": 1, "repeated": 1, "hidden": 1, "bad": 0}
