import random

import cocotb

from hdl.rate_updater import ACC_BITS, RateUpdater
from model.golden.rate_updater import RateUpdater as GoldenRateUpdater
from model.golden.settings import ALPHA_Q8_MAX
from tb.bench import settle, tick
from tb.simulate import simulate

EDGES = (0, 0xFF, 0x100, 0x7FFFFF, 0x800000, 0xFFFEFF, 0xFFFF00, 0xFFFFFF)


def test_rate_updater(simulator):
    simulate(RateUpdater(), __name__, simulator)


def golden_next(alpha_q8: int, acc: int, spike: int) -> int:
    golden = GoldenRateUpdater(alpha_q8)
    golden.acc = acc
    golden.update(spike)
    return golden.acc


@cocotb.test()
@cocotb.parametrize(alpha_q8=[0, 1, 3, 64, 255, ALPHA_Q8_MAX])
async def next_equals_golden(dut, alpha_q8):
    source = random.Random(alpha_q8)
    accs = [*EDGES, *(source.randrange(1 << ACC_BITS) for _ in range(500))]
    for acc in accs:
        for spike in (0, 1):
            await settle(dut, kept_q8=ALPHA_Q8_MAX - alpha_q8, spike=spike, acc=acc)
            await tick(dut)
            assert dut.next.value == golden_next(alpha_q8, acc, spike)
