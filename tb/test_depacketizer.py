import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import cocotb
from cocotb.triggers import RisingEdge

from hdl.depacketizer import Depacketizer
from hdl.layouts import CLOSING, CODING, PACKET_BYTE, PACKET_INFO, PAYLOAD_BYTE, SETTINGS, TAG_BITS
from hdl.packet_buffer import TRAILER
from model.errors import CodecError
from model.golden.depacketizer import Depacketizer as GoldenDepacketizer
from model.golden.depacketizer import Format, Packet
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.golden.packetizer import Packetizer as GoldenPacketizer
from model.golden.settings import CODER_IDS
from tb.bench import PAUSES, Bench, Item, Stream
from tb.decoded import with_checksum
from tb.requests import random_settings, request
from tb.simulate import simulate
from tb.test_packet_buffer import packet_items

CHANNELS = 64
PACKETS = 300

EDGES = [
    (0, b"\x00"),  # magic
    (1, b"\x01"),  # version
    (1, b"\x13"),  # flags
    (8, b"\x10"),  # predictor
    (8, b"\x02"),  # coder
    (9, b"\x10"),  # sharpness
    (10, b"\x41\x00"),  # channels
    (12, b"\x00\x00"),  # steps of an epoch
    (14, b"\x00\x00"),  # keyframe interval
    (16, b"\x01\x01"),  # alpha_q8
    (-TRAILER_BYTES, b"\x00\x00"),  # steps
]
"""Places in a keyframe, and the nearest values there that are refused; those of the header hold for any packet."""


def test_depacketizer(simulator):
    simulate(Depacketizer(CHANNELS), __name__, simulator)


def overwritten(packet: bytes, place: int, value: bytes) -> bytes:
    body = bytearray(packet)
    place %= len(packet)
    body[place : place + len(value)] = value
    return with_checksum(bytes(body[:-4]))


def cut(packet: bytes, length: int) -> bytes:
    """Return a packet of which only `length` bytes are left between start and trailer."""
    return with_checksum(packet[:length] + packet[-TRAILER_BYTES:-4])


def random_packets(source: random.Random) -> Iterator[bytes]:
    """Yield packets that follow each other, and such that do not, are repeated, or have a field that is refused."""
    packetizer = GoldenPacketizer(CHANNELS, replace(random_settings(source), epoch_steps=9))
    packetizer.sequence, packetizer.step_index = 0xFFF0, 2**32 - 60
    yield packetizer.packet(False, b"before any keyframe", 1, 0)
    for number in range(PACKETS):
        keyframe = source.random() < 0.3
        if keyframe:
            steps_max = source.choice((1, 9, 65535))
            packetizer.settings = replace(random_settings(source), epoch_steps=steps_max)
        payload = source.randbytes(source.choice((0, 1, source.randint(2, 20))))
        steps = source.choice((1, packetizer.settings.epoch_steps))
        packet = packetizer.packet(keyframe, payload, steps, source.randrange(1 << 16))
        place, value = EDGES[number % len(EDGES)]
        unlike = (
            [packet, packet],
            [packet, overwritten(packet, -6, source.randbytes(2))],
            [packet, overwritten(packet, 2, source.randbytes(2))],
            [packet, overwritten(packet, 4, source.randbytes(4))],
            [overwritten(packet, source.randrange(len(packet) - 4), source.randbytes(1)), packet],
            [cut(packet, source.randint(1, len(packet) - TRAILER_BYTES)), packet],
            [overwritten(packet, -TRAILER_BYTES, (steps % 65535 + 1).to_bytes(2, "little")), packet],
            [],
        )
        yield from source.choice(unlike) if source.random() < 0.5 else [packet]
        if keyframe:
            yield overwritten(packet, place, value)


class Judge:
    """What a packet is for a decoder that has had those before it: by its own fields, then by the ones before it."""

    def __init__(self) -> None:
        self.format: Format | None = None
        self.last: tuple[Packet, bytes] | None = None

    def judge(self, data: bytes) -> str | Packet:
        """Return "rejected", "repeated" or the packet."""
        try:
            packet = GoldenDepacketizer().packet(data)
        except CodecError:
            return "rejected"
        format = packet.format or self.format
        if format is None or format.channels != CHANNELS or packet.steps > format.settings.epoch_steps:
            return "rejected"
        if self.last and (packet.sequence, packet.step_index, data[-4:]) == (*self.last[0][:2], self.last[1]):
            return "repeated"
        self.format, self.last = format, (packet, data[-4:])
        return packet

    def info(self, packet: Packet, before: Packet | None) -> Item:
        """Return what is passed on of a packet that was just judged; `before` is the one passed on before it."""
        assert self.format is not None
        due = before and ((before.sequence + 1) % (1 << 16), (before.step_index + before.steps) % (1 << 32))
        closing = CLOSING.const({"steps": packet.steps, "check": packet.check})
        return {
            "tag": packet.sequence % (1 << TAG_BITS),
            "keyframe": int(packet.format is not None),
            "continues": int(packet[:2] == due),
            "step_index": packet.step_index,
            "closing": closing.as_value().value,
            "settings": SETTINGS.const(request(self.format.settings)).as_value().value,
        }


def judged(packets: Sequence[bytes]) -> tuple[list[Item], list[Item], list[bytes], list[str]]:
    """Return info, coding and payload of the packets that are passed on, and why the others are not."""
    judge, passed, infos, codings, left_out = Judge(), [], [], [], []
    for data in packets:
        verdict = judge.judge(data)
        if isinstance(verdict, str):
            left_out.append(verdict)
            continue
        infos.append(judge.info(verdict, passed[-1] if passed else None))
        coder = CODER_IDS[judge.format.settings.coder]
        codings.append({name: infos[-1][name] for name in ("tag", "keyframe")} | {"coder": coder})
        passed.append(verdict)
    return infos, codings, [packet.payload for packet in passed], left_out


def test_edges_are_refused_and_only_just():
    keyframe = GoldenPacketizer(CHANNELS, replace(random_settings(random.Random(1)), epoch_steps=9)).packet(
        True, b"", 9, 0
    )
    assert isinstance(Judge().judge(keyframe), Packet)
    assert len(keyframe) == HEADER_BYTES + SETTINGS_BYTES + TRAILER_BYTES
    for place, value in EDGES:
        assert Judge().judge(overwritten(keyframe, place, value)) == "rejected", place


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def packets_equal_golden(dut, pauses):
    packets = list(random_packets(random.Random(pauses)))
    infos, codings, payloads, left_out = judged(packets)
    assert set(left_out) == {"rejected", "repeated"}
    assert {info["continues"] for info in infos} == {0, 1}
    seen: list[str] = []

    async def note_left_out() -> None:
        while True:
            await RisingEdge(dut.clk)
            seen.extend(name for name in ("rejected", "repeated") if getattr(dut, name).value)

    source, sink = PAUSES[pauses]
    i, trailer = Stream.of_block(dut, "i", PACKET_BYTE), Stream.of_block(dut, "trailer", TRAILER)
    info, coding = Stream.of_block(dut, "info", PACKET_INFO), Stream.of_block(dut, "coding", CODING)
    o = Stream.of_block(dut, "o", PAYLOAD_BYTE)
    async with Bench(dut) as bench:
        bench.start(note_left_out())
        bench.watch(i)
        bench.watch(trailer)
        bench.watch(info, infos)
        bench.watch(coding, codings)
        bench.watch_bytes(o, "end", payloads)
        bench.drive(i, [item for data in packets for item in packet_items(data[:-TRAILER_BYTES])], source(1))
        trailers = [int.from_bytes(data[-TRAILER_BYTES:], "little") for data in packets]
        bench.drive(trailer, [{"closing": each % (1 << 32), "crc": each >> 32} for each in trailers], source(2))
        for seed, stream in enumerate((info, coding, o), 3):
            bench.drain(stream, sink(stream, seed))
    assert seen == left_out
