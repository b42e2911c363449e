import random
from collections.abc import Iterator

import cocotb
import pytest

from hdl.layouts import gap_bits
from hdl.rice_mean import RiceMean
from model.golden.rice_mean import COUNT_LIMIT, GAP_CLIP, K_MAX
from model.golden.rice_mean import RiceMean as GoldenRiceMean
from model.golden.settings import EPOCH_STEPS_MAX
from tb.bench import settle, tick
from tb.simulate import parameters, simulate


@pytest.mark.parametrize("channels", [1, 1000])
def test_rice_mean(simulator, channels):
    simulate(RiceMean(channels), __name__, simulator, channels=channels)


def gaps_of_many_scales(source: random.Random, channels: int) -> Iterator[int]:
    """Yield gaps that are of one scale long enough for the mean to follow, then of another."""
    scales = list(range(gap_bits(channels)))
    source.shuffle(scales)
    for scale in scales:
        longest = min((2 << scale) - 2, channels * EPOCH_STEPS_MAX - 1)
        yield from (source.randint(0, longest) for _ in range(600))


@cocotb.test()
async def k_equals_golden(dut):
    source = random.Random(1)
    golden = GoldenRiceMean()
    met = set()
    await settle(dut, rst=0, learn=0, restart=1)
    await tick(dut)
    for gap in gaps_of_many_scales(source, parameters()["channels"]):
        learn, restart = source.random() < 0.8, source.random() < 0.001
        await settle(dut, gap=gap, learn=learn, restart=restart)
        assert dut.k.value == golden.k
        met.add(golden.k)
        await tick(dut)
        if learn:
            golden.update(gap)
        golden = GoldenRiceMean() if restart else golden
    assert met == set(range(K_MAX + 1))


def gap_to_the_edge(source: random.Random, golden: GoldenRiceMean) -> int:
    """Return a gap by which the mean comes to where some k is just allowed, or just not yet; any if there is none."""
    halves = golden.count == COUNT_LIMIT - 1
    count = COUNT_LIMIT // 2 if halves else golden.count + 1
    edges = [(count << k) - (49 * count >> 7) - source.randint(0, 1) for k in range(K_MAX + 1)]
    gaps = [(2 * edge if halves else edge) - golden.sum for edge in edges]
    return source.choice([gap for gap in gaps if 0 <= gap <= GAP_CLIP] or [0])


@cocotb.test()
async def k_equals_golden_at_its_edges(dut):
    source = random.Random(2)
    golden = GoldenRiceMean()
    met = set()
    await settle(dut, rst=0, learn=0, restart=1)
    await tick(dut)
    for _ in range(10_000):
        restart = source.random() < 0.01
        gap = gap_to_the_edge(source, golden)
        await settle(dut, gap=gap, learn=1, restart=restart)
        assert dut.k.value == golden.k
        met.add((golden.count, golden.k))
        await tick(dut)
        golden.update(gap)
        golden = GoldenRiceMean() if restart else golden
    assert {count for count, _ in met} == set(range(1, COUNT_LIMIT))
