import random

import cocotb
import pytest
from cocotb.triggers import RisingEdge

from hdl.layouts import PACKET_BYTE
from hdl.packet_buffer import TRAILER, PacketBuffer
from model.golden.crc32c import crc32c
from model.golden.packet_buffer import PacketBuffer as GoldenPacketBuffer
from tb.bench import PAUSES, Bench, Item, Stream
from tb.simulate import parameters, simulate

PACKETS = 120


@pytest.mark.parametrize("depth", [32, 256])
def test_packet_buffer(simulator, depth):
    simulate(PacketBuffer(depth), __name__, simulator, depth=depth)


def random_packet(source: random.Random, depth: int) -> bytes:
    """Return a packet of any length, as short and as long as may be and beyond; one in three is damaged."""
    length = source.choice((1, 7, 8, 15, 16, 17, source.randint(16, depth), depth + 8, depth + 9, depth + 20))
    body = source.randbytes(max(0, length - 4))
    packet = bytearray((body + crc32c(body).to_bytes(4, "little"))[:length])
    if source.random() < 0.3:
        packet[source.randrange(length)] ^= 1 << source.randrange(8)
    return bytes(packet)


def packet_items(packet: bytes) -> list[Item]:
    return [{"data": byte, "last": int(place == len(packet) - 1)} for place, byte in enumerate(packet)]


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def packets_equal_golden(dut, pauses):
    depth = parameters()["depth"]
    random_source = random.Random(pauses)
    packets = [random_packet(random_source, depth) for _ in range(PACKETS)]
    golden = GoldenPacketBuffer(depth)
    held = [good for packet in packets if (good := golden.hold(packet)) is not None]
    dropped = 0

    async def count_dropped() -> None:
        nonlocal dropped
        while True:
            await RisingEdge(dut.clk)
            dropped += int(dut.dropped.value)

    source, sink = PAUSES[pauses]
    i, o = Stream.of_block(dut, "i", PACKET_BYTE), Stream.of_block(dut, "o", PACKET_BYTE)
    trailer = Stream.of_block(dut, "trailer", TRAILER, lambda item: item)
    sent = [item for packet in packets for item in packet_items(packet)]
    async with Bench(dut) as bench:
        bench.start(count_dropped())
        bench.watch(i, sent)
        bench.watch_bytes(o, "last", [good.data for good in held])
        trailers = bench.watch(trailer)
        seen: list[int] = []
        trailers.listeners.append(lambda _: seen.append(int(dut.trailer__payload.value)))
        bench.drive(i, sent, source(1))
        bench.drain(o, sink(o, 2))
        bench.drain(trailer, sink(trailer, 3))
    assert seen == [int.from_bytes(good.trailer, "little") for good in held]
    assert dropped == PACKETS - len(held) > 0
