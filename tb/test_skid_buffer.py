import random

import cocotb

from hdl.skid_buffer import SkidBuffer
from tb.bench import PAUSES, Stream, compare_block
from tb.simulate import simulate

WIDTH = 8


def test_skid_buffer(simulator):
    simulate(SkidBuffer(WIDTH), __name__, simulator)


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def items_come_out_as_they_went_in(dut, pauses):
    random_source = random.Random(pauses)
    items = [random_source.getrandbits(WIDTH) for _ in range(1000)]
    i, o = (Stream.of_block(dut, name, WIDTH) for name in "io")
    await compare_block(dut, pauses, i, items, o, items)
