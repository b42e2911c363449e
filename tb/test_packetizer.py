import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cocotb
import pytest

from hdl.layouts import CLOSING, PACKET_BYTE, PAYLOAD_BYTE, SETTINGS
from hdl.packetizer import Packetizer
from model.golden.packetizer import Packetizer as GoldenPacketizer
from model.golden.settings import EPOCH_STEPS_MAX, Settings
from tb.bench import PAUSES, Bench, Item, Packing, Stream
from tb.requests import random_settings, request
from tb.simulate import parameters, simulate


@pytest.mark.parametrize("channels", [1, 4096])
def test_packetizer(simulator, channels):
    simulate(Packetizer(channels), __name__, simulator, channels=channels)


@dataclass(frozen=True)
class Content:
    """What a packet is made of."""

    keyframe: bool
    settings: Settings
    payload: bytes
    steps: int
    check: int
    ends_with_byte: bool


def random_content(source: random.Random) -> Content:
    payload = source.randbytes(source.choice((0, 1, source.randint(2, 40))))
    return Content(
        keyframe=source.random() < 0.5,
        settings=random_settings(source),
        payload=payload,
        steps=source.choice((1, EPOCH_STEPS_MAX, source.randint(1, EPOCH_STEPS_MAX))),
        check=source.randrange(1 << 16),
        ends_with_byte=bool(payload) and source.random() < 0.7,
    )


def payload_items(source: random.Random, content: Content) -> Iterator[Item]:
    last = len(content.payload) - 1
    for place, byte in enumerate(content.payload):
        yield {"data": byte, "present": 1, "end": int(place == last and content.ends_with_byte)}
    if not content.ends_with_byte:
        yield {"data": source.randrange(256), "present": 0, "end": 1}


def expected_packets(channels: int, contents: Sequence[Content]) -> Iterator[bytes]:
    golden = GoldenPacketizer(channels, contents[0].settings)
    for content in contents:
        golden.settings = content.settings
        yield golden.packet(content.keyframe, content.payload, content.steps, content.check)


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def packets_equal_golden(dut, pauses):
    channels = parameters()["channels"]
    random_source = random.Random(pauses)
    contents = [random_content(random_source) for _ in range(60)]
    payload_bytes = [item for content in contents for item in payload_items(random_source, content)]
    packing = Packing(SETTINGS)

    def put_settings(index: int) -> None:
        dut.settings.value = packing.pack(request(contents[index].settings))

    source, sink = PAUSES[pauses]
    opening = Stream.of_block(dut, "opening", 1)
    payload = Stream.of_block(dut, "i", PAYLOAD_BYTE)
    closing = Stream.of_block(dut, "closing", CLOSING)
    o = Stream.of_block(dut, "o", PACKET_BYTE)
    async with Bench(dut) as bench:
        for stream in (opening, payload, closing):
            bench.watch(stream)
        bench.watch_bytes(o, "last", expected_packets(channels, contents))
        bench.drive(opening, [int(content.keyframe) for content in contents], source(1), put_settings)
        bench.drive(payload, payload_bytes, source(2))
        closings = [{"steps": content.steps, "check": content.check} for content in contents]
        bench.drive(closing, closings, source(3))
        bench.drain(o, sink(o, 4))
