"""No damaged or forged stream is decoded to a wrong raster, or takes time or memory that it has not paid for."""

import re
import resource
import tracemalloc
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import all_settings, rasters

from model import CodecError, Settings, decode_packets, decode_raster, encode_packets, encode_raster
from model.golden import SpikeDecoder, container
from model.golden.depacketizer import Depacketizer
from model.golden.isi_decoder import IsiDecoder
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.golden.spike_check import SpikeCheck
from model.kernels.crc32c import crc32c
from model.kernels.spike_decoder import TRUSTED_BINS, TRUSTED_BINS_A_BYTE
from model.synth import bernoulli_raster

SMALL = encode_raster(bernoulli_raster(0.15, 24, 7), Settings(epoch_steps=10, keyframe_interval=2))
SMALL_PACKETS = container.split(SMALL)
BINS_MAX = 20_000
"""Forged streams of more bins are not given to the golden model, which would take too long."""


def with_checksum(data: bytes) -> bytes:
    return data + crc32c(data).to_bytes(4, "little")


def forged(packet: bytes, at: int, value: int, width: int = 1) -> bytes:
    """Return `packet` with another number at byte `at`, and the checksum that belongs to it."""
    body = bytearray(packet[:-4])
    at %= len(packet)
    body[at : at + width] = value.to_bytes(width, "little")
    return with_checksum(bytes(body))


def golden_outcome(packets: list[bytes]) -> list[list[int]] | None:
    try:
        return SpikeDecoder().decode(packets) or None
    except CodecError:
        return None


def fast_outcome(packets: list[bytes]) -> list[list[int]] | None:
    try:
        return decode_packets(packets, max_bins=BINS_MAX).tolist()
    except CodecError as error:
        assume("max_bins" not in str(error))
        return None


# Damage


@pytest.mark.parametrize("length", range(len(SMALL)))
def test_every_truncation(length):
    with pytest.raises(CodecError):
        decode_raster(SMALL[:length])
    with pytest.raises(CodecError):
        container.split(SMALL[:length])


def test_every_flipped_bit():
    for position in range(8 * len(SMALL)):
        flipped = bytearray(SMALL)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(CodecError):
            decode_raster(bytes(flipped))


@pytest.mark.parametrize("number", range(len(SMALL_PACKETS)))
def test_every_flipped_bit_and_truncation_of_a_packet(number):
    packet = SMALL_PACKETS[number]
    damaged = [packet[:length] for length in range(len(packet))]
    for position in range(8 * len(packet)):
        flipped = bytearray(packet)
        flipped[position // 8] ^= 1 << position % 8
        damaged.append(bytes(flipped))
    for wrong in damaged:
        with pytest.raises(CodecError):
            decode_packets([*SMALL_PACKETS[:number], wrong, *SMALL_PACKETS[number + 1 :]])


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 5, b"\xff" * 100, SMALL])
def test_bytes_after_the_end(tail):
    with pytest.raises(CodecError):
        decode_raster(SMALL + tail)
    with pytest.raises(CodecError):
        decode_raster(with_checksum(SMALL[:-4] + tail))


@given(st.binary(max_size=300), st.sampled_from([b"", container.MAGIC, container.HEADER]))
@settings(max_examples=300)
def test_random_bytes(data, start):
    with pytest.raises(CodecError):
        decode_raster(start + data)
    with pytest.raises(CodecError):
        decode_packets([start + data])


@given(st.binary(max_size=60))
@settings(max_examples=300)
def test_random_bodies_of_containers(body):
    """A checksum that is right does not make a body valid, and both decoders give the same reason."""
    data = with_checksum(container.HEADER + body)
    message = r"packet|stream holds no packets"
    try:
        assert golden_outcome(container.split(data)) is None
    except CodecError as error:
        message = f"^{re.escape(str(error))}$"
    with pytest.raises(CodecError, match=message):
        decode_raster(data)


# Forgery: the checksums are right


class Lenient(SpikeDecoder):
    """A decoder that takes any check of the spikes, and remembers the right one."""

    def _rows(self, packet):
        if packet.steps * self.format.channels > BINS_MAX:
            raise CodecError("too large for this test")
        return super()._rows(packet)

    def _verify(self, rows, packet):
        check = SpikeCheck()
        for spike in chain(*rows):
            check.push(spike)
        self.check = check.value


def with_checks(packets: list[bytes]) -> list[bytes]:
    """Return packets with the check that their spikes have, as far as they can be decoded."""
    decoder = Lenient()
    checked = []
    for packet in packets:
        try:
            decoder.decode_packet(packet)
            checked.append(forged(packet, -TRAILER_BYTES + 2, decoder.check, 2))
        except CodecError:
            checked.append(packet)
    return checked


@st.composite
def forgeries(draw: st.DrawFn) -> list[bytes]:
    """Packets of which one or two are changed, in bytes, length or order, with a checksum that is right."""
    raster, chosen = draw(rasters(max_steps=20, max_channels=12)), draw(all_settings)
    packets = encode_packets(raster, chosen)
    for _ in range(draw(st.integers(1, 2))):
        index = draw(st.integers(0, len(packets) - 1))
        packet = packets[index]
        body = packet[:-4]
        at = draw(st.integers(0, len(body)))
        change = draw(st.sampled_from(["byte", "steps", "insert", "cut", "payload", "drop", "swap", "repeat"]))
        if change == "byte" and at < len(body):
            packets[index] = forged(packet, at, draw(st.integers(0, 255)))
        elif change == "steps":
            packets[index] = forged(packet, -TRAILER_BYTES, draw(st.integers(0, 30)), 2)
        elif change == "insert":
            packets[index] = with_checksum(body[:at] + draw(st.binary(min_size=1, max_size=3)) + body[at:])
        elif change == "cut":
            packets[index] = with_checksum(body[:at] + body[at + draw(st.integers(1, 3)) :])
        elif change == "payload":
            start = HEADER_BYTES + (SETTINGS_BYTES if packet[1] & 1 else 0)
            payload = draw(st.binary(max_size=40))
            packets[index] = with_checksum(packet[:start] + payload + packet[-TRAILER_BYTES:-4])
        elif change == "drop" and len(packets) > 1:
            del packets[index]
        elif change == "swap":
            other = draw(st.integers(0, len(packets) - 1))
            packets[index], packets[other] = packets[other], packets[index]
        elif change == "repeat":
            packets.insert(index, packet)
    return with_checks(packets) if draw(st.integers(0, 3)) else packets


@given(forgeries())
@settings(max_examples=600)
def test_fast_path_takes_what_the_golden_model_takes(packets):
    fast = fast_outcome(packets)
    assert fast == golden_outcome(packets)


@pytest.mark.parametrize("coder", ["rice", "leb128"])
@given(payload=st.binary(max_size=8), zeros=st.integers(0, 13))
@settings(max_examples=500)
def test_payloads_at_random_mean_the_same_to_both_decoders(coder, payload, zeros):
    payload = bytes(zeros) + payload
    rows, channels = 40, 4096
    errors = np.zeros((rows, channels), dtype=np.int8)
    (packet,) = encode_packets(errors, Settings(alpha_q8=0, coder=coder))
    packet = with_checksum(packet[:20] + payload + packet[-TRAILER_BYTES:-4])
    try:
        errors.flat[IsiDecoder(coder).decode(payload, errors.size)] = 1
    except CodecError:
        with pytest.raises(CodecError, match=r"payload|LEB128"):
            decode_packets([packet])
    else:
        (own,) = encode_packets(errors, Settings(alpha_q8=0, coder=coder))
        packet = with_checksum(packet[:-TRAILER_BYTES] + own[-TRAILER_BYTES:-4])
        np.testing.assert_array_equal(decode_packets([packet]), errors)


def test_forgeries_are_of_both_kinds():
    """The test above would mean little if every forgery were refused, or none."""
    outcomes = []

    @given(forgeries())
    @settings(max_examples=100, database=None)
    def collect(packets):
        outcomes.append(fast_outcome(packets) is None)

    collect()
    assert 10 <= sum(outcomes) <= len(outcomes) - 5


@pytest.mark.parametrize(
    ("packets", "message"),
    [
        ([], "stream holds no packets"),
        ([b""], "packet has 0 bytes; the shortest has 16"),
        ([SMALL_PACKETS[0][:-1]], "packet checksum does not match"),
        ([forged(SMALL_PACKETS[0], 0, 0xC8)], "starts with 0xC8, not 0xC7"),
        ([forged(SMALL_PACKETS[0], 1, 0x21)], "format version 2"),
        ([forged(SMALL_PACKETS[0], 1, 0x13)], "unknown flags 0x3"),
        ([forged(SMALL_PACKETS[0], -TRAILER_BYTES, 0, 2)], "packet has 0 steps"),
        ([with_checksum(SMALL_PACKETS[0][:19] + b"\1\0\0\0")], "keyframe is too short for its settings"),
        ([forged(SMALL_PACKETS[0], 8, 0x10)], "unknown predictor 1"),
        ([forged(SMALL_PACKETS[0], 8, 0x02)], "unknown coder 2"),
        ([forged(SMALL_PACKETS[0], 9, 16)], "sharpness must be an integer in 0..15, not 16"),
        ([forged(SMALL_PACKETS[0], 10, 0, 2)], "keyframe has 0 channels"),
        ([forged(SMALL_PACKETS[0], 10, 4097, 2)], "keyframe has 4097 channels"),
        ([forged(SMALL_PACKETS[0], 12, 0, 2)], "epoch_steps must be an integer in 1..65535, not 0"),
        ([forged(SMALL_PACKETS[0], 14, 0, 2)], "keyframe_interval must be an integer in 1..65535, not 0"),
        ([forged(SMALL_PACKETS[0], 16, 257, 2)], "alpha_q8 must be an integer in 0..256, not 257"),
        (SMALL_PACKETS[1:], "packet cannot be decoded before a keyframe"),
        ([SMALL_PACKETS[0], SMALL_PACKETS[2]], "packet 2 comes where packet 1 is due"),
        ([SMALL_PACKETS[0], forged(SMALL_PACKETS[1], 4, 11, 4)], "packet starts at step 11 where step 10 is due"),
        ([forged(SMALL_PACKETS[0], -TRAILER_BYTES, 11, 2)], "packet has 11 steps in an epoch of 10"),
        ([*SMALL_PACKETS[:2], forged(SMALL_PACKETS[2], 10, 8, 2)], "recording changes from 7 to 8 channels"),
        ([forged(SMALL_PACKETS[0], -TRAILER_BYTES, 1, 2)], "payload has an error beyond the packet's last bin"),
        ([with_checksum(SMALL_PACKETS[0][:20] + b"\x01\1\0\0\0")], "payload ends within a codeword"),
        ([with_checksum(SMALL_PACKETS[0][:20] + bytes(12) + b"\1\0\0\0")], "more than 92 leading zeros"),
        (
            [with_checksum(SMALL_PACKETS[0][:20] + bytes(11) + b"\4" + bytes(6) + b"\1\0\0\0")],
            "more than 92 leading zeros",
        ),
        ([forged(SMALL_PACKETS[0], -TRAILER_BYTES + 2, 0xABCD, 2)], "spikes do not match their check"),
        ([with_checksum(SMALL_PACKETS[0][:20] + bytes(1) + b"\1\0\0\0")], "a byte or more of padding"),
    ],
)
def test_errors_say_what_is_wrong(packets, message):
    with pytest.raises(CodecError, match=message) as caught:
        decode_packets(packets)
    assert "\n" not in str(caught.value)
    assert golden_outcome(packets) is None


def test_errors_say_which_packet():
    with pytest.raises(CodecError, match=r"packet number 2 of the stream, from 0"):
        decode_packets([*SMALL_PACKETS[:2], SMALL_PACKETS[2][:-1]])


def leb128_packet(payload: str) -> bytes:
    (packet,) = encode_packets([[0] * 7], Settings(coder="leb128"))
    return with_checksum(packet[:20] + bytes.fromhex(payload) + b"\1\0\0\0")


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("80", "payload ends within a codeword"),
        ("8000", "needless last byte"),
        ("8080808001", "longer than 28 bits"),
        ("07", "beyond the packet's last bin"),
        ("0006", "beyond the packet's last bin"),
    ],
)
def test_errors_of_leb128_payloads(payload, message):
    with pytest.raises(CodecError, match=message):
        decode_packets([leb128_packet(payload)])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "does not start with CTCD"),
        (b"PK\3\4" + SMALL[4:], "does not start with CTCD"),
        (SMALL[:8], "stream is cut off"),
        (SMALL[:-1], "checksum does not match"),
        (with_checksum(b"CTCD\2\1\0"), "container version 2"),
        (with_checksum(b"CTCD\1\2\0"), "kind 2"),
        (with_checksum(b"CTCD\1\1\x05abc\0"), "reaches beyond its end"),
        (with_checksum(b"CTCD\1\1\xff\xff\xff\xff\x7f"), "reaches beyond its end"),
        (with_checksum(b"CTCD\1\1\xff\xff\xff\xff\xff\x7f"), "length that does not end"),
        (with_checksum(b"CTCD\1\1\x80\0\0"), "needless last byte"),
        (with_checksum(SMALL[:-5] + b"\x80\0"), "needless last byte"),
        (with_checksum(b"CTCD\1\1\0\0"), "1 bytes after its last packet"),
        (with_checksum(b"CTCD\1\1\0"), "stream holds no packets"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_errors_of_containers(data, message):
    with pytest.raises(CodecError, match=message):
        decode_raster(data)


# Memory


def silent_giants(packets: int) -> list[bytes]:
    """Packets of about 16 bytes that stand for 65,535 silent steps of 4,096 channels each."""
    first = with_checksum(
        encode_packets(np.zeros((1, 4096), np.int8), Settings(epoch_steps=0xFFFF))[0][:20] + b"\xff\xff\0\0"
    )
    giants = [first]
    for number in range(1, packets):
        header = b"\xc7\x10" + number.to_bytes(2, "little") + (number * 0xFFFF).to_bytes(4, "little")
        giants.append(with_checksum(header + b"\xff\xff\0\0"))
    return giants


def test_max_bins_is_checked_before_memory_is_taken():
    one, many = (container.join(silent_giants(packets)) for packets in (1, 300))
    for _ in range(2):  # the first round compiles
        tracemalloc.start()
        with pytest.raises(CodecError, match=r"stream holds 65535 x 4096 bins; max_bins allows 268431359"):
            decode_raster(one, max_bins=65535 * 4096 - 1)
        with pytest.raises(CodecError, match=r"stream holds 19660500 x 4096 bins; max_bins allows 4294967296"):
            decode_raster(many)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 50_000


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from Linux's /proc")
@pytest.mark.parametrize("alpha_q8", [0, 1])
def test_silence_takes_no_memory(alpha_q8):
    (packet,) = silent_giants(1)
    packet = forged(packet, 16, alpha_q8, 2)
    before = resident_bytes()
    raster = decode_packets([packet])
    assert raster.shape == (0xFFFF, 4096)
    assert resident_bytes() - before < 10_000_000
    assert not raster[-1].any()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from Linux's /proc")
def test_a_forged_crowd_takes_no_memory():
    """Where every channel is predicted to fire, a few bytes claim as many spikes as there are bins."""
    chosen = Settings(alpha_q8=256, epoch_steps=0xFFFF)
    (packet,) = encode_packets(np.ones((20, 4096), np.int8), chosen)
    packet = forged(packet, -TRAILER_BYTES, 0xFFFF, 2)
    before = resident_bytes()
    with pytest.raises(CodecError, match="do not match their check"):
        decode_packets([packet])
    assert resident_bytes() - before < 10_000_000


def test_a_crowd_that_is_no_forgery_comes_back():
    raster = np.ones((20_000, 4096), np.int8)
    stream = encode_raster(raster, Settings(alpha_q8=256, epoch_steps=0xFFFF))
    assert raster.size > max(TRUSTED_BINS, TRUSTED_BINS_A_BYTE * len(stream))
    assert np.array_equal(decode_raster(stream), raster)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("length", [0xFFFFFFF, 0x7FFFFFFFF])
def test_forged_lengths_take_no_memory(length):
    groups = [length >> 7 * group & 0x7F for group in range(5)]
    data = with_checksum(container.HEADER + bytes([*(group | 0x80 for group in groups[:4]), groups[4] or 1]))
    tracemalloc.start()
    with pytest.raises(CodecError, match="reaches beyond its end"):
        decode_raster(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000


def test_depacketizer_and_decoder_agree_on_what_a_packet_holds():
    for data in SMALL_PACKETS:
        assert Depacketizer(crc32c).packet(data) == Depacketizer().packet(data)
