import random

import cocotb
import pytest

from hdl.layouts import words_per_row
from hdl.spike_check import SpikeCheck
from model.golden.spike_check import SpikeCheck as GoldenSpikeCheck
from tb.bench import settle, tick
from tb.simulate import parameters, simulate
from tb.words import DENSITIES, random_row, row_words


@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (7, 3), (16, 8), (40, 40)])
def test_spike_check(simulator, channels, lanes):
    simulate(SpikeCheck(channels, lanes), __name__, simulator, channels=channels, lanes=lanes)


@cocotb.test()
async def value_equals_golden(dut):
    """Epochs of a few rows; between the words that count come others that do not."""
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    source = random.Random(1)
    await settle(dut, rst=0)
    for _ in range(200):
        golden = GoldenSpikeCheck()
        for step in range(source.randint(1, 5)):
            row = random_row(source, channels, source.choice(DENSITIES))
            for place, word in enumerate(row_words(row, lanes)):
                marks = {
                    "restart": int(step == place == 0),
                    "row_last": int(place == words_per_row(channels, lanes) - 1),
                }
                await settle(dut, spikes=source.getrandbits(lanes), take=0, **marks)
                await tick(dut)
                await settle(dut, spikes=word, take=1, **marks)
                for spike in row[place * lanes : (place + 1) * lanes]:
                    golden.push(spike)
                assert dut.value.value == golden.value
                await tick(dut)
