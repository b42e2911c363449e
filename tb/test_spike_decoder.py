"""The whole decoder: rasters come back, and nothing that went wrong on the way becomes a spike."""

import random
from collections.abc import Iterable, Iterator, Sequence

import cocotb
import pytest

from hdl.layouts import PACKET_BYTE, decoded_word
from hdl.spike_decoder import SpikeDecoder
from model.errors import CodecError
from model.golden import Settings, SpikeEncoder
from model.golden.depacketizer import Depacketizer
from model.golden.packetizer import TRAILER_BYTES
from model.golden.settings import CODER_IDS
from tb.bench import PAUSES, Bench, Item, Stream
from tb.decoded import with_checksum
from tb.simulate import parameters, simulate
from tb.words import Row, random_row, row_words

BUFFER_BYTES = 1024


@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (7, 3), (16, 16), (64, 8)])
def test_spike_decoder(simulator, channels, lanes):
    decoder = SpikeDecoder(channels, lanes, BUFFER_BYTES)
    simulate(decoder, __name__, simulator, channels=channels, lanes=lanes)


def random_settings(source: random.Random) -> Settings:
    return Settings(
        alpha_q8=source.choice((0, 1, 3, 64, 256)),
        sharpness=source.choice((0, 7, 15)),
        seed=source.randrange(1 << 16),
        coder=source.choice(tuple(CODER_IDS)),
        epoch_steps=source.choice((1, 3, 8)),
        keyframe_interval=source.choice((1, 2, 5)),
    )


def random_recording(source: random.Random, steps: int) -> tuple[list[Row], list[bytes]]:
    """Return a raster of rows of many densities, and its packets."""
    channels = parameters()["channels"]
    rows = [random_row(source, channels, source.choice((0, 0.01, 0.2, 0.5))) for _ in range(steps)]
    return rows, SpikeEncoder(channels, random_settings(source)).encode(rows)


def packet_bytes(packets: Iterable[bytes]) -> Iterator[Item]:
    for packet in packets:
        for place, byte in enumerate(packet):
            yield {"data": byte, "last": int(place == len(packet) - 1)}


def words_of(rows: Sequence[Row], step_index: int, bad: bool = False) -> Iterator[Item]:
    """Yield the words of a packet that holds `rows`."""
    for step, row in enumerate(rows):
        words = row_words(row, parameters()["lanes"])
        for place, spikes in enumerate(words):
            row_last = place == len(words) - 1
            last = row_last and step == len(rows) - 1
            yield {
                "spikes": spikes,
                "row_last": int(row_last),
                "last": int(last),
                "bad": int(last and bad),
                "step_index": step_index + step,
            }


def shown_words(rows: Sequence[Row], packets: Iterable[bytes]) -> Iterator[Item]:
    """Yield the words of the packets that follow each other from a keyframe on; `rows` is the whole raster."""
    last: tuple[int, int, bytes] | None = None
    due: tuple[int, int] | None = None
    lost = True
    for data in packets:
        try:
            packet = Depacketizer().packet(data)
        except CodecError:
            continue
        this = (packet.sequence, packet.step_index, data[-4:])
        if this == last or (last is None and packet.format is None):
            continue
        lost = packet.format is None and (lost or due != this[:2])
        last, due = this, (packet.sequence + 1, packet.step_index + packet.steps)
        if not lost:
            yield from words_of(rows[packet.step_index : packet.step_index + packet.steps], packet.step_index)


async def decode(dut, packets: Sequence[bytes], expected: Iterable[Item], pauses: str = "none") -> None:
    """Send packets to the decoder and expect these words."""
    source, sink = PAUSES[pauses]
    i, o = Stream.of_block(dut, "i", PACKET_BYTE), Stream.of_block(dut, "o", decoded_word(parameters()["lanes"]))
    async with Bench(dut) as bench:
        bench.watch(i)
        bench.watch(o, expected)
        bench.drive(i, packet_bytes(packets), source(1))
        bench.drain(o, sink(o, 2))


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def rasters_come_back(dut, pauses):
    source = random.Random(pauses)
    for _ in range(8):
        rows, packets = random_recording(source, steps=30)
        words = list(words_of(rows, 0))
        ends = {Depacketizer().packet(packet).step_index + Depacketizer().packet(packet).steps for packet in packets}
        for word in words:
            word["last"] = int(word["row_last"] and word["step_index"] + 1 in ends)
        await decode(dut, packets, words, pauses)


def damaged(source: random.Random, packet: bytes) -> list[bytes]:
    """Return what becomes of a packet on a bad link."""
    fault = source.choice(("lost", "repeated", "flipped", "cut", "garbage before", "too long", "none", "none", "none"))
    if fault == "lost":
        return []
    if fault == "repeated":
        return [packet] * source.randint(2, 3)
    if fault == "flipped":
        bits = int.from_bytes(packet, "little")
        for _ in range(source.randint(1, 32)):
            bits ^= 1 << source.randrange(8 * len(packet))
        return [bits.to_bytes(len(packet), "little")]
    if fault == "cut":
        return [packet[: source.randint(1, len(packet))]]
    if fault == "garbage before":
        return [source.randbytes(source.randint(1, 60)), packet]
    if fault == "too long":
        return [source.randbytes(BUFFER_BYTES + source.randint(0, 100)), packet]
    return [packet]


def on_a_bad_link(source: random.Random, packets: Sequence[bytes]) -> list[bytes]:
    arrived = [piece for packet in packets for piece in damaged(source, packet)]
    for place in range(len(arrived) - 1):
        if source.random() < 0.05:
            arrived[place : place + 2] = reversed(arrived[place : place + 2])
    return arrived


@cocotb.test()
@cocotb.parametrize(pauses=["none", "both"])
async def bad_links_make_no_spikes(dut, pauses):
    source = random.Random(pauses)
    for _ in range(12):
        rows, packets = random_recording(source, steps=120)
        arrived = on_a_bad_link(source, packets)
        expected = list(shown_words(rows, arrived))
        if expected:
            await decode(dut, arrived, expected, pauses)


@cocotb.test()
async def mismatch_of_the_check_shows_at_the_packets_end(dut):
    source = random.Random(1)
    channels = parameters()["channels"]
    rows = [random_row(source, channels, 0.3) for _ in range(12)]
    packets = SpikeEncoder(channels, Settings(epoch_steps=2, keyframe_interval=3)).encode(rows)
    body = bytearray(packets[1][:-4])
    body[-TRAILER_BYTES + 4 + 2] ^= 1
    packets[1] = with_checksum(bytes(body))
    expected = [
        *words_of(rows[0:2], 0),
        *words_of(rows[2:4], 2, bad=True),
        *(word for step in (6, 8, 10) for word in words_of(rows[step : step + 2], step)),
    ]
    await decode(dut, packets, expected)


@cocotb.test()
async def payloads_that_no_encoder_writes_are_bad(dut):
    source = random.Random(1)
    channels = parameters()["channels"]
    for coder in CODER_IDS:
        for payload in (b"\0", bytes(14), b"\x01", b"\x80", b"\x80\0", b"\xff\xff\xff\xff\x7f", bytes(9) + b"\xff"):
            rows = [random_row(source, channels, 0.3) for _ in range(4)]
            settings = Settings(alpha_q8=0, coder=coder, epoch_steps=2, keyframe_interval=1)
            packets = SpikeEncoder(channels, settings).encode(rows)
            packets[0] = with_checksum(packets[0][:20] + payload + packets[0][-TRAILER_BYTES:-4])
            async with Bench(dut) as bench:
                i = Stream.of_block(dut, "i", PACKET_BYTE)
                o = Stream.of_block(dut, "o", decoded_word(parameters()["lanes"]))
                words: list[Item] = []
                bench.watch(o).listeners.append(words.append)
                bench.watch(i, packet_bytes(packets))
                bench.drive(i, packet_bytes(packets))
                bench.drain(o)
            first = [word for word in words if word["step_index"] < 2]
            assert [word["bad"] for word in first if word["last"]] == [1], f"{coder} {payload.hex()}"
            assert [word for word in words if word["step_index"] >= 2] == list(words_of(rows[2:4], 2))
