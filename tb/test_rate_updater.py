import random
from collections import deque

import cocotb
import pytest

from hdl.rate_updater import ACC_BITS, STAGES_MAX, RateUpdater
from model.golden.rate_updater import RateUpdater as GoldenRateUpdater
from model.golden.settings import ALPHA_Q8_MAX
from tb.bench import settle, tick
from tb.simulate import parameters, simulate

EDGES = (0, 0xFF, 0x100, 0x7FFFFF, 0x800000, 0xFFFEFF, 0xFFFF00, 0xFFFFFF)


@pytest.mark.parametrize("stages", range(STAGES_MAX + 1))
def test_rate_updater(simulator, stages):
    simulate(RateUpdater(stages), __name__, simulator, stages=stages)


def golden_next(alpha_q8: int, acc: int, spike: int, restart: int) -> int:
    golden = GoldenRateUpdater(alpha_q8)
    golden.acc = 0 if restart else acc
    golden.update(spike)
    return golden.acc


@cocotb.test()
@cocotb.parametrize(alpha_q8=[0, 1, 3, 64, 255, ALPHA_Q8_MAX])
async def next_equals_golden(dut, alpha_q8):
    """A new accumulator and spike in every cycle; `alpha_q8` is constant, as within a keyframe interval."""
    stages = parameters()["stages"]
    source = random.Random(alpha_q8)
    accs = [*EDGES, *(source.randrange(1 << ACC_BITS) for _ in range(500))]
    if stages:
        await settle(dut, rst=0)
    due: deque[int] = deque()
    compared = 0
    for acc in accs:
        for spike, restart in ((0, 0), (1, 0), (0, 1), (1, 1)):
            await settle(dut, alpha_q8=alpha_q8, spike=spike, restart=restart, acc=acc)
            due.append(golden_next(alpha_q8, acc, spike, restart))
            if len(due) > stages:
                assert dut.next.value == due.popleft()
                compared += 1
            if stages:
                await tick(dut)
    assert compared == 4 * len(accs) - stages
