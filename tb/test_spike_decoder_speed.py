"""What the decoder promises of its speed, counted in clock cycles of the simulated Verilog.

Nothing pauses in these benches: bytes are on offer in every cycle, and words are taken in every cycle.
"""

import random

import cocotb
import pytest

from hdl.layouts import PACKET_BYTE, decoded_word
from hdl.spike_decoder import SpikeDecoder
from model.golden import Settings, SpikeEncoder
from model.golden.settings import CODER_IDS
from tb.bench import Bench, Stream
from tb.simulate import parameters, simulate
from tb.test_spike_decoder import packet_bytes
from tb.words import random_row, row_words

EPOCH_STEPS = 20
STEPS = 100
HEADER_CYCLES = 32
"""More than what a packet's header and the end of its payload may take where its words have no time to spare."""


@pytest.mark.parametrize(("channels", "lanes"), [(64, 8), (250, 8)])
def test_speed(simulator, channels, lanes):
    simulate(SpikeDecoder(channels, lanes), __name__, simulator, channels=channels, lanes=lanes)


async def word_cycles(dut, density: float, coder: str, keyframe_interval: int) -> list[int]:
    """Return in which cycles the words of a raster come that is sent without prediction, so that spikes are errors."""
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    source = random.Random(1)
    rows = [random_row(source, channels, density) for _ in range(STEPS)]
    settings = Settings(alpha_q8=0, coder=coder, epoch_steps=EPOCH_STEPS, keyframe_interval=keyframe_interval)
    packets = SpikeEncoder(channels, settings).encode(rows)
    spikes = [spikes for row in rows for spikes in row_words(row, lanes)]
    i, o = Stream.of_block(dut, "i", PACKET_BYTE), Stream.of_block(dut, "o", decoded_word(lanes))
    shown = Stream.of_block(dut, "o", decoded_word(lanes), lambda word: word["spikes"])
    async with Bench(dut) as bench:
        bench.watch(i)
        monitor = bench.watch(shown, spikes)
        bench.drive(i, packet_bytes(packets))
        bench.drain(o)
    return monitor.cycles


@cocotb.test()
@cocotb.parametrize(coder=list(CODER_IDS), keyframe_interval=[1, 5])
async def a_word_in_every_cycle_at_one_percent(dut, coder, keyframe_interval):
    """From the first word on: across words with several errors, ends of packets and keyframes."""
    cycles = await word_cycles(dut, 0.01, coder, keyframe_interval)
    assert cycles == list(range(cycles[0], cycles[0] + len(cycles)))


@cocotb.test()
async def a_bin_in_every_cycle_at_all_ones(dut):
    """A word then takes as many cycles as it has errors."""
    cycles = await word_cycles(dut, 1, "rice", keyframe_interval=5)
    bins, packets = STEPS * parameters()["channels"], STEPS // EPOCH_STEPS
    assert cycles[-1] - cycles[0] <= bins + packets * HEADER_CYCLES
