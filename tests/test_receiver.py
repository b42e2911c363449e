"""The receiver delivers what was encoded, reports exactly what it does not deliver, and needs no more memory for it."""

import random
import re
import tracemalloc
from itertools import chain
from typing import get_args

import numpy as np
import pytest
from documents import DOCS, Document
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import all_settings, rasters

from bench import fuzz_receiver
from model import Receiver, Settings, encode_packets, frame_packets
from model.bounds import packet_bytes_max
from model.events import Damage, Duplicate, Epoch, Event, Gap, Late, Reason, Recovery, Start
from model.golden.deframer import Deframer as GoldenDeframer
from model.golden.framer import ESCAPE, FLAG, Framer
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.kernels.crc32c import crc32c
from model.kernels.deframer import Deframer
from model.synth import bernoulli_raster

CHANNELS, STEPS, EPOCH_STEPS, INTERVAL = 7, 400, 10, 5
SETTINGS = Settings(epoch_steps=EPOCH_STEPS, keyframe_interval=INTERVAL, alpha_q8=40, sharpness=4)
RASTER = bernoulli_raster(0.15, STEPS, CHANNELS)
PACKETS = encode_packets(RASTER, SETTINGS)
QUIET = (np.arange(STEPS) < EPOCH_STEPS).astype(np.int8)[:, np.newaxis]
"""Times a raster, it is that raster with silence behind the first epoch."""


def signed(body: bytes) -> bytes:
    return body + crc32c(body).to_bytes(4, "little")


def changed(packet: bytes, at: int, value: int, width: int) -> bytes:
    """Return a packet with another number at byte `at`, from its end if negative, and the checksum that belongs."""
    body = bytearray(packet)
    at %= len(packet)
    body[at : at + width] = value.to_bytes(width, "little")
    return signed(bytes(body[:-4]))


def renumbered(packets: list[bytes], sequence: int, step_index: int) -> list[bytes]:
    """Return packets as an encoder sends them that has sent so many before."""
    out = []
    for packet in packets:
        own_sequence, own_step = int.from_bytes(packet[2:4], "little"), int.from_bytes(packet[4:8], "little")
        packet = changed(packet, 2, (own_sequence + sequence) % 2**16, 2)
        out.append(changed(packet, 4, (own_step + step_index) % 2**32, 4))
    return out


def received(packets, framing="datagram", **arguments):
    receiver = Receiver(framing, **arguments)
    if framing == "serial":
        return receiver.receive(frame_packets(packets))
    return [event for packet in packets for event in receiver.receive(packet)]


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def assert_accounted(events, raster, end, start=0):
    """Every step of start..end was delivered, as it was, or reported missing; none twice, none out of order."""
    at = start
    for event in of((Epoch, Gap), events):
        assert event.step_index == at
        if isinstance(event, Epoch):
            np.testing.assert_array_equal(event.raster, raster[at : at + len(event.raster)])
            at += len(event.raster)
        else:
            assert event.steps >= 0
            at += event.steps
    assert at == end


def seen(events):
    """Events as they can be compared."""
    return [
        (event.step_index, event.sequence, event.keyframe, event.raster.tolist()) if isinstance(event, Epoch) else event
        for event in events
    ]


# Framing


@given(st.lists(st.binary(max_size=40) | st.lists(st.sampled_from([FLAG, ESCAPE, 0x5E])).map(bytes), max_size=6))
def test_frames_are_those_of_the_golden_framer(packets):
    assert frame_packets(packets) == b"".join(map(Framer().frame, packets))


line_bytes = st.sampled_from([FLAG, FLAG, ESCAPE, 0x5E, 0x5D, 0, 255]) | st.integers(0, 255)


@given(st.lists(st.lists(line_bytes, max_size=40).map(bytes), max_size=5), st.integers(1, 12))
@settings(max_examples=400)
def test_deframer_equals_the_golden_one(chunks, packet_bytes_max):
    golden, fast = GoldenDeframer(packet_bytes_max), Deframer(packet_bytes_max)
    expected = [packet for byte in b"".join(chunks) if (packet := golden.push(byte)) is not None]
    frames = [frame for chunk in chunks for frame in fast.push(chunk)]
    assert [frame.packet for frame in frames if frame.packet is not None] == expected
    assert sum(frame.packet is None for frame in frames) == golden.dropped


# Nothing goes wrong


@given(rasters(), all_settings)
@settings(max_examples=60)
def test_delivers_what_was_encoded(raster, chosen):
    packets = encode_packets(raster, chosen)
    events = received(packets, "serial")
    assert_accounted(events, raster, len(raster))
    assert not of((Gap, Damage, Recovery, Late, Duplicate), events)
    epochs = of(Epoch, events)
    assert [epoch.sequence for epoch in epochs] == list(range(len(packets)))
    assert [epoch.keyframe for epoch in epochs] == [
        number % chosen.keyframe_interval == 0 for number in range(len(packets))
    ]
    assert all(epoch.raster.dtype == np.int8 for epoch in epochs)


@given(st.data())
@settings(max_examples=60)
def test_chunks_do_not_matter(data):
    packets = list(PACKETS[:12])
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(packets) - 1))
        packets[at] = data.draw(st.sampled_from([b"", b"noise", packets[at][:-1], 2 * packets[at]]))
    stream = frame_packets(packets) + data.draw(st.binary(max_size=30))
    whole = seen(Receiver().receive(stream))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    receiver = Receiver()
    pieces = [receiver.receive(stream[a:b]) for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert seen(chain(*pieces)) == whole
    receiver = Receiver()
    assert seen(event for byte in stream for event in receiver.receive(bytes([byte]))) == whole


def test_example_of_the_document():
    text = (DOCS / "receiver.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    exec(compile(example, "receiver.md", "exec"), {})


def test_document_names_every_event_and_reason():
    events, reasons = Document("receiver.md").tables("In Python")
    assert {row["event"] for row in events} == {kind.__name__ for kind in get_args(Event)}
    assert [row["reason of a gap"] for row in reasons] == list(Reason)


def test_feed_returns_the_epochs():
    receiver = Receiver()
    epochs = receiver.feed(frame_packets([b"noise", *PACKETS]))
    np.testing.assert_array_equal(np.concatenate([epoch.raster for epoch in epochs]), RASTER)
    assert receiver.counters.damaged == 1
    assert receiver.next_step == STEPS


# What a link does


@st.composite
def links(draw: st.DrawFn) -> list[bytes]:
    """Packets after a link that loses, damages, repeats, swaps, cuts off, and adds."""
    packets = list(PACKETS)
    for _ in range(draw(st.integers(1, 12))):
        at = draw(st.integers(0, len(packets) - 1))
        fault = draw(st.sampled_from(["lose", "damage", "repeat", "swap", "cut", "add", "late"]))
        if fault == "lose":
            del packets[at]
        elif fault == "damage" and packets[at]:
            damaged = bytearray(packets[at])
            for _ in range(draw(st.integers(1, 8))):
                damaged[draw(st.integers(0, len(damaged) - 1))] ^= 1 << draw(st.integers(0, 7))
            packets[at] = bytes(damaged)
        elif fault == "repeat":
            packets.insert(at, packets[at])
        elif fault == "swap":
            other = min(at + draw(st.integers(1, 3)), len(packets) - 1)
            packets[at], packets[other] = packets[other], packets[at]
        elif fault == "cut":
            packets[at] = packets[at][: draw(st.integers(0, len(packets[at])))]
        elif fault == "add":
            packets.insert(at, draw(st.binary(max_size=60)))
        elif fault == "late":
            packets.insert(min(at + draw(st.integers(1, 12)), len(packets)), packets[at])
    return packets


@pytest.mark.parametrize("framing", ["serial", "datagram"])
@given(links())
@settings(max_examples=200)
def test_delivered_and_missing_are_everything(framing, packets):
    receiver = Receiver(framing)
    pieces = [frame_packets(packets)] if framing == "serial" else packets
    events = [event for piece in pieces for event in receiver.receive(piece)]
    starts = of(Start, events)
    # A first packet that comes behind the second is one of a new recording, by its numbers.
    assume(starts)
    last = events[events.index(starts[-1]) :]
    assert_accounted(last, RASTER, receiver.next_step, starts[-1].step_index)
    for epoch in of(Epoch, events):
        rows = slice(epoch.step_index, epoch.step_index + len(epoch.raster))
        np.testing.assert_array_equal(epoch.raster, RASTER[rows])
    counters = receiver.counters
    assert counters.epochs == len(of(Epoch, events))
    assert counters.steps + counters.missing_steps == sum(
        len(event.raster) if isinstance(event, Epoch) else event.steps for event in of((Epoch, Gap), events)
    )
    assert counters.packets == counters.epochs + counters.undecodable_packets + counters.duplicates + counters.late


def test_lost_packets():
    events = received([*PACKETS[:2], *PACKETS[4:12]])
    assert_accounted(events, RASTER, 120)
    assert of((Gap, Recovery), events) == [
        Gap(20, 20, 2, Reason.LOST),
        Gap(40, 10, 1, Reason.UNDECODABLE),
        Recovery(50, 5),
    ]


def test_lost_packets_before_a_keyframe():
    events = received([*PACKETS[:4], *PACKETS[5:8]])
    assert of((Gap, Recovery), events) == [Gap(40, 10, 1, Reason.LOST), Recovery(50, 5)]
    assert_accounted(events, RASTER, 80)


def test_damaged_packets():
    damaged = PACKETS[1][:-1] + b"?"
    events = received([PACKETS[0], damaged, PACKETS[3], *PACKETS[5:7]])
    assert seen(events)[2:3] == [Damage(len(damaged), "packet checksum does not match")]
    detail = "of 2 packets, 1 arrived damaged"
    assert of(Gap, events) == [
        Gap(10, 20, 2, Reason.DAMAGED, detail),
        Gap(30, 10, 1, Reason.UNDECODABLE),
        Gap(40, 10, 1, Reason.LOST),
    ]
    assert_accounted(events, RASTER, 70)


def test_garbage_costs_nothing():
    stream = b"".join(b"garbage before \x7d a flag" + frame_packets([packet]) for packet in PACKETS)
    events = Receiver().receive(stream)
    assert_accounted(events, RASTER, STEPS)
    assert len(of(Damage, events)) == len(PACKETS)
    assert not of(Gap, events)


def test_aborted_and_long_frames():
    receiver = Receiver(packet_bytes_max=200)
    flag = bytes([FLAG])
    events = receiver.receive(flag + b"a" * 300 + flag + b"aborted" + bytes([ESCAPE, FLAG]))
    assert events == [Damage(size, "frame is aborted, or longer than 200 bytes") for size in (300, 7)]
    assert len(receiver.feed(frame_packets(PACKETS))) == len(PACKETS)


@pytest.mark.parametrize("times", [1, 2, 40])
@pytest.mark.parametrize("number", [0, 1, 5])
def test_repeated_packets(number, times):
    events = received([*PACKETS[: number + 1], *times * [PACKETS[number]], *PACKETS[number + 1 :]])
    assert_accounted(events, RASTER, STEPS)
    assert not of((Gap, Late), events)
    assert of(Duplicate, events) == times * [Duplicate(number * EPOCH_STEPS, number)]
    assert len(of(Start, events)) == 1


def test_first_packet_repeated_a_little_later():
    events = received([*PACKETS[:4], PACKETS[0], *PACKETS[4:]])
    assert_accounted(events, RASTER, STEPS)
    assert of((Start, Duplicate), events) == [Start(0, 0), Duplicate(0, 0)]


def test_swapped_packets():
    events = received([*PACKETS[:2], PACKETS[3], PACKETS[2], *PACKETS[4:]])
    assert_accounted(events, RASTER, STEPS)
    assert of((Gap, Late, Recovery), events) == [
        Gap(20, 10, 1, Reason.LOST),
        Gap(30, 10, 1, Reason.UNDECODABLE),
        Late(20, 2),
        Gap(40, 10, 1, Reason.UNDECODABLE),
        Recovery(50, 5),
    ]


def test_late_packet_does_not_disturb():
    """A keyframe that was thought lost comes back after the next one."""
    events = received([*PACKETS[:5], *PACKETS[6:12], PACKETS[5], *PACKETS[12:]])
    assert_accounted(events, RASTER, STEPS)
    assert of(Late, events) == [Late(50, 5)]
    assert of(Gap, events)[-1].step_index == 90
    assert len(of(Recovery, events)) == 1


def test_receiver_that_comes_later():
    events = received(PACKETS[3:9])
    assert events[0] == Start(30, 3)
    assert of((Gap, Recovery), events) == [
        Gap(30, 10, 1, Reason.UNDECODABLE),
        Gap(40, 10, 1, Reason.UNDECODABLE),
        Recovery(50, 5),
    ]
    assert_accounted(events, RASTER, 90, start=30)


# State


def test_wrong_check_is_never_delivered():
    """As of an encoder whose state was upset."""
    wrong = changed(PACKETS[2], -TRAILER_BYTES + 2, 0x1234, 2)
    events = received([*PACKETS[:2], wrong, *PACKETS[3:]])
    first, *others = of(Gap, events)
    assert (first.step_index, first.steps, first.packets, first.reason) == (20, 10, 1, Reason.MISMATCH)
    assert "do not match their check" in first.detail
    assert [(gap.step_index, gap.reason) for gap in others] == [(30, Reason.UNDECODABLE), (40, Reason.UNDECODABLE)]
    assert of(Recovery, events) == [Recovery(50, 5)]
    assert_accounted(events, RASTER, STEPS)


@pytest.mark.parametrize(("number", "next_keyframe"), [(2, 5), (5, 10)])
def test_errors_of_a_refused_payload_do_not_stay(number, next_keyframe):
    packet = PACKETS[number]
    start = HEADER_BYTES + (SETTINGS_BYTES if packet[1] & 1 else 0)
    forged = signed(packet[:start] + b"\xff" * 12 + packet[-TRAILER_BYTES:-4])
    events = received([*PACKETS[:number], forged, *PACKETS[number + 1 :]])
    mismatch = of(Gap, events)[0]
    assert (mismatch.reason, mismatch.detail) == (Reason.MISMATCH, "payload has an error beyond the packet's last bin")
    assert_accounted(events, RASTER, STEPS)
    assert of((Gap, Recovery), events)[-1] == Recovery(next_keyframe * EPOCH_STEPS, next_keyframe)


def test_epoch_longer_than_its_format_allows():
    events = received([changed(PACKETS[0], -TRAILER_BYTES, 11, 2)])
    assert events[1:] == [Gap(0, 11, 1, Reason.MISMATCH, "packet has 11 steps in an epoch of 10")]


def test_large_packets_are_refused_before_memory_is_taken():
    body = changed(changed(PACKETS[0], 10, 4096, 2), 12, 65535, 2)
    forged = changed(body, -TRAILER_BYTES, 65535, 2)
    receiver = Receiver("datagram")
    tracemalloc.start()
    events = receiver.receive(forged)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000
    assert events[1].reason == Reason.REFUSED
    assert "65535 x 4096 bins; max_bins allows 16777216" in events[1].detail
    assert receiver.feed(PACKETS[5])
    assert not Receiver("datagram", max_bins=EPOCH_STEPS * CHANNELS - 1).feed(PACKETS[0])
    assert Receiver("datagram", max_bins=EPOCH_STEPS * CHANNELS).feed(PACKETS[0])


def test_format_may_change_to_longer_packets():
    """No limit of the format in force keeps the keyframe of a new one out."""
    dense = np.ones((40, 500), dtype=np.int8)
    larger = encode_packets(dense, Settings(epoch_steps=4, keyframe_interval=2, coder="leb128", alpha_q8=0))
    assert len(larger[0]) > packet_bytes_max(EPOCH_STEPS * CHANNELS, "rice")
    events = received([*PACKETS[:4], *renumbered(larger, 4, 40)], "serial")
    assert_accounted(events[:5], RASTER, 40)
    assert [epoch.raster.shape for epoch in of(Epoch, events)[4:]] == 10 * [(4, 500)]
    assert not of(Gap, events)


# Numbers


@pytest.mark.parametrize("lost", [0, 1, 7])
def test_numbers_wrap(lost):
    first_sequence, first_step = 2**16 - 10, 2**32 - 105
    packets = renumbered(PACKETS, first_sequence, first_step)
    receiver = Receiver("datagram")
    events = [event for packet in [*packets[:8], *packets[8 + lost :]] for event in receiver.receive(packet)]
    shifted = np.empty((0, CHANNELS))
    for event in of(Epoch, events):
        at = event.step_index - first_step
        np.testing.assert_array_equal(event.raster, RASTER[at : at + EPOCH_STEPS])
        assert event.sequence - first_sequence == at // EPOCH_STEPS
        shifted = np.concatenate([shifted, event.raster])
    assert len(shifted) + sum(gap.steps for gap in of(Gap, events)) == STEPS
    assert receiver.next_step == first_step + STEPS > 2**32
    assert (of(Gap, events)[:1] == [Gap(first_step + 80, 10 * lost, lost, Reason.LOST)]) == (lost > 0)
    assert len(of(Start, events)) == 1


def test_second_wrap_of_the_sequence():
    packets = encode_packets(np.zeros((140_000, 1), dtype=np.int8), Settings(epoch_steps=1, keyframe_interval=1000))
    receiver = Receiver()
    last = receiver.feed(frame_packets(packets))[-1]
    assert (last.sequence, last.step_index) == (139_999, 139_999)
    assert receiver.counters.missing_steps == 0


def test_restart_of_the_encoder():
    events = received([*PACKETS[:20], *PACKETS])
    starts = [number for number, event in enumerate(events) if isinstance(event, Start)]
    assert len(starts) == 2
    assert_accounted(events[: starts[1]], RASTER, 200)
    assert_accounted(events[starts[1] :], RASTER, STEPS)
    assert not of((Gap, Late), events)


def test_restart_whose_first_keyframe_is_lost():
    """Its packets seem to be late, at first; the keyframe behind LATE_PACKETS_MAX of them shows that no others come."""
    other = bernoulli_raster(0.15, STEPS, CHANNELS, seed=2)
    events = received([*PACKETS[:30], *encode_packets(other, SETTINGS)[1:]])
    starts = of(Start, events)
    assert starts == [Start(0, 0), Start(200, 20)]
    assert_accounted(events[events.index(starts[1]) :], other, STEPS, start=200)
    assert len(of(Late, events)) == 19


def test_restart_forgets_the_packets_before():
    """A silent keyframe is the same in both recordings, but no repeat."""
    one, other = (encode_packets(raster, SETTINGS) for raster in (RASTER * QUIET, (1 - RASTER) * QUIET))
    assert one[5] == other[5]
    events = received([*one[:8], other[0], *other[5:]])
    assert not of(Duplicate, events)
    assert of((Gap, Recovery), events) == [Gap(10, 40, 4, Reason.LOST), Recovery(50, 5)]


def test_restart_far_on():
    """Step 0 is ahead of step 3 * 2^30, as far as 32 bits tell."""
    events = received([*renumbered(PACKETS[:5], 100, 3 * 2**30), *PACKETS])
    assert len(of(Start, events)) == 2
    assert_accounted(events[6:], RASTER, STEPS)


@pytest.mark.parametrize(("sequence", "step_index"), [(3, 0), (0, 5), (0, 2**32 - 60), (2**16 - 3, 0)])
def test_upset_of_the_encoders_numbers_heals_at_the_next_keyframe(sequence, step_index):
    """Nothing is delivered from the upset on, and all is from the next keyframe on; only what it is called changes."""
    events = received([*PACKETS[:7], *renumbered(PACKETS[7:], sequence, step_index)])
    epochs = of(Epoch, events)
    expected = [*range(0, 70, EPOCH_STEPS), *range(100, STEPS, EPOCH_STEPS)]
    for epoch, at in zip(epochs, expected, strict=True):
        np.testing.assert_array_equal(epoch.raster, RASTER[at : at + EPOCH_STEPS])


# Anything


@given(st.binary(max_size=2000))
@settings(max_examples=100)
def test_random_bytes(data):
    for framing in ("serial", "datagram"):
        assert not Receiver(framing).feed(data)


def test_anything_at_all():
    """A slice of what `make fuzz` runs."""
    found, growth = fuzz_receiver.run(random_bytes=600_000, mutations=1500, seed=3)
    assert found.random_bytes >= 600_000
    assert found.epochs_right > 5000
    assert found.steps_missing > 20_000
    assert found.forged_streams > 50
    assert growth < 20_000_000


def test_a_good_stream_that_is_not_delivered_is_noticed(monkeypatch):
    monkeypatch.setattr(Receiver, "_is_restart", lambda self, packet: False)
    with pytest.raises(AssertionError, match="a good stream is not delivered after a bad one"):
        fuzz_receiver.feed_streams(50, seed=1)


def test_memory_does_not_grow():
    stream = frame_packets(PACKETS)
    rng = random.Random(1)
    receiver = Receiver(packet_bytes_max=10_000)

    def run(rounds):
        for _ in range(rounds):
            mutated = bytearray(stream)
            for _ in range(rng.randrange(10)):
                mutated[rng.randrange(len(mutated))] = rng.randrange(256)
            receiver.feed(bytes(mutated))
            receiver.feed(rng.randbytes(200))

    run(50)
    tracemalloc.start()
    run(20)
    before = tracemalloc.get_traced_memory()[0]
    run(300)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 20_000
    assert receiver.counters.starts > 300


def test_endless_frame_takes_no_memory():
    receiver = Receiver(packet_bytes_max=1000)
    receiver.feed(b"x" * 1000)
    tracemalloc.start()
    for _ in range(1000):
        assert not receiver.receive(b"x" * 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000
    assert receiver.receive(bytes([FLAG]))[0].size == 1_001_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Receiver("uart"), "framing must be 'serial' or 'datagram', not 'uart'"),
        (lambda: Receiver(max_bins=0), "max_bins must be an integer in 1..9223372036854775807, not 0"),
        (lambda: Receiver(packet_bytes_max=1.5), "packet_bytes_max must be an integer in 1..9223372036854775807"),
        (lambda: Receiver().feed("text"), "data must be bytes, not str"),
        (lambda: frame_packets(["text"]), "each of packets must be bytes, not str"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        call()
