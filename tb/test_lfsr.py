import random

import cocotb

from hdl.lfsr import Lfsr
from model.golden.lfsr import Lfsr as GoldenLfsr
from tb.bench import settle
from tb.simulate import simulate

PERIOD = 0xFFFF


def test_lfsr(simulator):
    simulate(Lfsr(), __name__, simulator)


@cocotb.test()
async def beginning_equals_golden(dut):
    source = random.Random(1)
    for seed in [1, 0x8000, 0xFFFF, *(source.randrange(1, 1 << 16) for _ in range(500))]:
        golden = GoldenLfsr(seed)
        await settle(dut, seed=seed, last=0)
        assert dut.state.value == golden.state


@cocotb.test()
async def whole_period_equals_golden(dut):
    golden = GoldenLfsr(0xACE1)
    first = golden.state
    for step in range(PERIOD):
        await settle(dut, seed=0, last=golden.state)
        golden.step()
        assert dut.stepped.value == dut.state.value == golden.state, f"step {step}"
        assert (golden.state == first) == (step == PERIOD - 1)
