import random

import cocotb

from hdl.comparator import Comparator
from model.golden.comparator import Comparator as GoldenComparator
from model.golden.settings import SHARPNESS_MAX
from tb.bench import settle, tick
from tb.simulate import simulate

EDGES = (0, 1, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF)


def test_comparator(simulator):
    simulate(Comparator(), __name__, simulator)


@cocotb.test()
@cocotb.parametrize(sharpness=range(SHARPNESS_MAX + 1))
async def prediction_equals_golden(dut, sharpness):
    golden = GoldenComparator(sharpness)
    source = random.Random(sharpness)
    pairs = [(state, rate) for state in EDGES for rate in EDGES]
    for _ in range(500):
        state = source.randrange(1 << 16)
        dither = 0x8000 + ((state - 0x8000) >> sharpness)
        pairs += [(state, source.randrange(1 << 16)), (state, dither), (state, min(dither + 1, 0xFFFF))]
    for state, rate in pairs:
        await settle(dut, state=state, sharpness=sharpness, draw=1)
        await tick(dut)
        await settle(dut, state=source.randrange(1 << 16), sharpness=source.randint(0, SHARPNESS_MAX), draw=0)
        await tick(dut)
        await settle(dut, rate=rate)
        assert dut.predicted.value == golden.predict(state, rate), f"state {state}, rate {rate}"
