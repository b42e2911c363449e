import random

import cocotb
import pytest

from hdl.xor_array import XorArray
from model.golden.xor_array import XorArray as GoldenXorArray
from tb.bench import settle
from tb.simulate import parameters, simulate
from tb.words import random_row, row_words


@pytest.mark.parametrize("lanes", [1, 33])
def test_xor_array(simulator, lanes):
    simulate(XorArray(lanes), __name__, simulator, lanes=lanes)


@cocotb.test()
async def errors_equal_golden(dut):
    lanes = parameters()["lanes"]
    golden = GoldenXorArray()
    source = random.Random(1)
    for _ in range(500):
        spikes, predicted = random_row(source, lanes, 0.5), random_row(source, lanes, 0.5)
        (spikes_word,), (predicted_word,) = row_words(spikes, lanes), row_words(predicted, lanes)
        await settle(dut, spikes=spikes_word, predicted=predicted_word)
        assert [int(dut.errors.value)] == row_words(golden.apply(spikes, predicted), lanes)
