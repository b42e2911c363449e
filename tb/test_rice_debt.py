import random

import cocotb

from hdl.rice_debt import RiceDebt
from model.golden.rice_debt import CREDIT_GAP_CLIP, DEBT_LIMIT
from model.golden.rice_debt import RiceDebt as GoldenRiceDebt
from model.golden.rice_mean import K_MAX
from tb.bench import settle, tick
from tb.simulate import simulate


def test_rice_debt(simulator):
    simulate(RiceDebt(), __name__, simulator)


@cocotb.test()
async def k_equals_golden(dut):
    """Gaps about as long as debt and credit balance, so that the limit is reached and left again."""
    source = random.Random(1)
    golden = GoldenRiceDebt()
    limited = 0
    await settle(dut, rst=0, learn=0, restart=1)
    await tick(dut)
    for _ in range(5000):
        k, gap = source.randint(0, K_MAX), min(int(source.expovariate(1 / 12)), 0xFFFF)
        learn, restart = source.random() < 0.8, source.random() < 0.005
        await settle(dut, k_mean=k, gap=min(gap, CREDIT_GAP_CLIP), learn=learn, restart=restart)
        limited += golden.debt >= DEBT_LIMIT
        k = golden.limit(k)
        assert dut.k.value == k
        await tick(dut)
        if learn:
            golden.update(k, gap)
        golden = GoldenRiceDebt() if restart else golden
    assert 0 < limited < 5000


@cocotb.test()
async def reset_forgives(dut):
    """A debt beyond the limit, and no epoch's beginning after the reset."""
    await settle(dut, rst=0, k_mean=K_MAX, gap=0, learn=1, restart=1)
    await tick(dut)
    await settle(dut, restart=0)
    while dut.k.value != 0:
        await tick(dut)
    await settle(dut, rst=1, learn=0)
    await tick(dut)
    await settle(dut, rst=0)
    assert dut.k.value == K_MAX
