import random
from collections.abc import Iterator

import cocotb

from hdl.deframer import Deframer
from hdl.layouts import PACKET_BYTE
from model.golden.deframer import Deframer as GoldenDeframer
from model.golden.framer import ESCAPE, FLAG, Framer
from tb.bench import PAUSES, Bench, Stream
from tb.simulate import simulate
from tb.test_framer import random_packets

FLAG_BYTE = bytes([FLAG])


def test_deframer(simulator):
    simulate(Deframer(), __name__, simulator)


def random_line(source: random.Random) -> Iterator[bytes]:
    """Yield frames, and garbage that is no aborted frame: an aborted one leaves something to the checksum."""
    for packet in random_packets(source, 150):
        yield Framer().frame(packet)
        if source.random() < 0.3:
            garbage = bytes(byte for byte in source.randbytes(source.randint(0, 20)) if byte != ESCAPE)
            yield source.choice((b"", FLAG_BYTE)) + garbage + FLAG_BYTE


@cocotb.test()
async def aborted_frames_are_spoilt(dut):
    source = random.Random(1)
    packets = [bytes(byte & 0x5F for byte in source.randbytes(source.randint(1, 30))) for _ in range(50)]
    aborted = [source.random() < 0.5 for _ in packets]
    pairs = list(zip(packets, aborted, strict=True))
    line = b"".join(packet + bytes([ESCAPE]) * source.randint(1, 3) * aborts + FLAG_BYTE for packet, aborts in pairs)
    expected = [packet[:-1] + bytes([packet[-1] ^ 0xFF]) if aborts else packet for packet, aborts in pairs]
    i, o = Stream.of_block(dut, "i", 8), Stream.of_block(dut, "o", PACKET_BYTE)
    async with Bench(dut) as bench:
        bench.watch(i)
        bench.watch_bytes(o, "last", expected)
        bench.drive(i, line)
        bench.drain(o)


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def packets_equal_golden(dut, pauses):
    line = b"".join(random_line(random.Random(pauses)))
    golden = GoldenDeframer(packet_bytes_max=1000)
    packets = [packet for byte in line if (packet := golden.push(byte))]
    source, sink = PAUSES[pauses]
    i, o = Stream.of_block(dut, "i", 8), Stream.of_block(dut, "o", PACKET_BYTE)
    async with Bench(dut) as bench:
        bench.watch(i)
        bench.watch_bytes(o, "last", packets)
        bench.drive(i, line, source(1))
        bench.drain(o, sink(o, 2))
