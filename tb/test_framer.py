import random

import cocotb

from hdl.framer import Framer
from hdl.layouts import PACKET_BYTE
from model.golden.framer import ESCAPE, FLAG
from model.golden.framer import Framer as GoldenFramer
from tb.bench import PAUSES, Bench, Stream
from tb.simulate import simulate


def test_framer(simulator):
    simulate(Framer(), __name__, simulator)


def random_packets(source: random.Random, count: int) -> list[bytes]:
    """Return packets, many of whose bytes must be escaped."""
    alphabet = [FLAG, ESCAPE, FLAG ^ 0x20, ESCAPE ^ 0x20, *range(256)]
    return [bytes(source.choices(alphabet, k=source.choice((1, 2, source.randint(3, 60))))) for _ in range(count)]


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def line_equals_golden(dut, pauses):
    packets = random_packets(random.Random(pauses), 150)
    items = [
        {"data": byte, "last": int(place == len(packet) - 1)} for packet in packets for place, byte in enumerate(packet)
    ]
    line = b"".join(GoldenFramer().frame(packet) for packet in packets)
    source, sink = PAUSES[pauses]
    i, o = Stream.of_block(dut, "i", PACKET_BYTE), Stream.of_block(dut, "o", 8)
    async with Bench(dut) as bench:
        bench.watch(i)
        bench.watch(o, line)
        bench.drive(i, items, source(1))
        bench.drain(o, sink(o, 2))
