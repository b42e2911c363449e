import random

import cocotb
from cocotb.triggers import RisingEdge

from hdl.bit_unpacker import TAKE_MAX, WINDOW_BITS, BitUnpacker
from hdl.layouts import PAYLOAD_BYTE
from model.golden.bit_unpacker import BitUnpacker as GoldenBitUnpacker
from tb.bench import PAUSES, Bench, Item, Stream
from tb.simulate import simulate

PAYLOADS = 60


def test_bit_unpacker(simulator):
    simulate(BitUnpacker(), __name__, simulator)


def payload_items(source: random.Random, payload: bytes) -> list[Item]:
    """Return a payload's bytes; the end comes with the last one or by itself."""
    items = [{"data": byte, "present": 1, "end": 0} for byte in payload]
    if items and source.random() < 0.5:
        items[-1]["end"] = 1
        return items
    return [*items, {"data": source.randrange(256), "present": 0, "end": 1}]


async def take_all(dut, source: random.Random, payloads: list[bytes]) -> None:
    """Take each payload in random steps, or part of it, and compare every window with the golden bits."""
    edge = RisingEdge(dut.clk)
    for payload in payloads:
        golden = GoldenBitUnpacker(payload)
        left = 8 * len(payload)
        given_up = source.choice((0, 0, source.randint(0, left)))
        while left > given_up or not (dut.ended.value and int(dut.available.value) == left):
            available = int(dut.available.value)
            shown = int(dut.window.value) >> (WINDOW_BITS - available)
            step = min(source.randint(0, TAKE_MAX), available, left)
            assert int(dut.window.value) & ((1 << (WINDOW_BITS - available)) - 1) == 0, "bits behind the last one"
            assert golden.read(step) == shown >> (available - step)
            left -= step
            dut.take.value = step
            await edge
            dut.take.value = 0
            await edge
        dut.clear.value = 1
        await edge
        dut.clear.value = 0
        await edge


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def bits_equal_golden(dut, pauses):
    random_source = random.Random(pauses)
    payloads = [random_source.randbytes(random_source.choice((0, 1, 3, 20))) for _ in range(PAYLOADS)]
    items = [item for payload in payloads for item in payload_items(random_source, payload)]
    i = Stream.of_block(dut, "i", PAYLOAD_BYTE)
    dut.take.value = dut.clear.value = 0
    async with Bench(dut) as bench:
        bench.watch(i, items)
        bench.drive(i, items, PAUSES[pauses][0](1))
        await take_all(dut, random_source, payloads)
