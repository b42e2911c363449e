"""EIEIO packets, judged by SpiNNMan's own classes where these are installed."""

import numpy as np
import pytest

from model import CodecError
from model.formats.eieio import export_spikes, import_spikes
from model.synth import bernoulli_raster

RASTER = bernoulli_raster(0.2, 60, 700)
"""Steps of more than 126 spikes, so that some take two packets."""


@pytest.fixture(scope="module")
def spinnman():
    return pytest.importorskip("spinnman.messages.eieio", reason="SpiNNMan is not installed: pip install spinnman")


@pytest.fixture(scope="module")
def messages(spinnman):
    from spinnman.messages.eieio import data_messages

    return data_messages


def read_by_spinnman(messages, packets):
    """Return time and key of each event, as SpiNNMan reads them."""
    events = []
    for packet in packets:
        header = messages.EIEIODataHeader.from_bytestring(packet, 0)
        message = messages.EIEIODataMessage(header, packet, header.size)
        assert message.size == len(packet) <= 256
        assert header.count <= message.max_n_elements
        while message.is_next_element:
            element = message.next_element
            assert element.payload_is_timestamp
            events.append((element.payload, element.key))
    return events


@pytest.mark.parametrize(
    ("first_key", "first_timestamp", "width"),
    [(0, 0, 16), (65_536 - 700, 65_536 - 60, 16), (2**32 - 700, 2**32 - 60, 32)],
)
def test_spinnman_reads_what_is_written(messages, first_key, first_timestamp, width):
    packets = export_spikes(RASTER, first_key=first_key, first_timestamp=first_timestamp)
    steps, channels = np.nonzero(RASTER)
    expected = zip((steps + first_timestamp).tolist(), (channels + first_key).tolist(), strict=True)
    assert read_by_spinnman(messages, packets) == list(expected)
    assert max(map(len, packets)) == (256 if width == 16 else 254)


def one_packet_a_step(spinnman, messages, kind, prefix, upper, own_times):
    """Return the packets that SpiNNMan writes of `RASTER`, each element with its time or each packet with one."""
    packets = []
    for step, row in enumerate(RASTER):
        # Elements of 8 bytes fit 31 times into a packet.
        for part in np.array_split(np.flatnonzero(row), 12):
            header = messages.EIEIODataHeader(
                spinnman.EIEIOType(kind),
                tag=step % 4,
                prefix=prefix,
                prefix_type=spinnman.EIEIOPrefix(upper),
                payload_base=None if own_times else step,
                is_time=True,
            )
            message = messages.EIEIODataMessage(header)
            for key in part.tolist():
                if kind % 2:
                    message.add_key_and_payload(key, step if own_times else 0)
                else:
                    message.add_key(key)
            assert message.n_elements <= message.max_n_elements
            packets.append(message.bytestring)
    return packets


@pytest.mark.parametrize(
    ("kind", "own_times"), [(0, False), (1, False), (1, True), (2, False), (3, False), (3, True)], ids=str
)
@pytest.mark.parametrize(
    ("prefix", "upper", "first_key"), [(None, 0, 0), (0x7000, 0, 0x7000), (0x7000, 1, 0x7000_0000)]
)
def test_what_spinnman_writes_is_read(spinnman, messages, kind, own_times, prefix, upper, first_key):
    packets = one_packet_a_step(spinnman, messages, kind, prefix, upper, own_times)
    np.testing.assert_array_equal(import_spikes(packets, *RASTER.shape, first_key=first_key), RASTER)


def test_the_bytes_of_a_small_raster():
    assert export_spikes([[0, 1], [0, 0], [1, 1]]) == [
        bytes.fromhex("01 30 0000 0100"),
        bytes.fromhex("02 30 0200 0000 0100"),
    ]
    assert export_spikes([[0, 1]], first_key=0x10000) == [bytes.fromhex("01 38 00000000 01000100")]


@pytest.mark.parametrize(("channels", "sizes"), [(126, [256]), (127, [256, 6])])
def test_a_packet_holds_up_to_126_keys(channels, sizes):
    assert [len(packet) for packet in export_spikes(np.ones((1, channels), np.int8))] == sizes


@pytest.mark.parametrize(("first_key", "first_timestamp"), [(0, 0), (123, 2**32 - 60), (2**32 - 700, 5)])
def test_rasters_come_back(first_key, first_timestamp):
    bases = {"first_key": first_key, "first_timestamp": first_timestamp}
    np.testing.assert_array_equal(import_spikes(export_spikes(RASTER, **bases), *RASTER.shape, **bases), RASTER)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (3, 4)])
def test_silence_makes_no_packet(shape):
    assert export_spikes(np.zeros(shape, dtype=np.int8)) == []
    np.testing.assert_array_equal(import_spikes([], *shape), np.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first_key": 2**32 - 1}, "first_key must be at most 4294967294 for 2 channels"),
        ({"first_timestamp": 2**32 - 2}, "first_timestamp must be at most 4294967293 for 3 steps"),
        ({"first_key": -1}, r"first_key must be an integer in 0\.\.4294967295, not -1"),
        ({"first_timestamp": 2**32}, r"first_timestamp must be an integer in 0\.\.4294967295"),
    ],
)
def test_limits_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        export_spikes([[0, 1]] * 3, **arguments)


@pytest.mark.parametrize(
    ("packet", "message"),
    [
        ("01", "packet 0 has 1 bytes; its header takes at least 2"),
        ("01 40 0000", "packet 0 is a command, not data"),
        ("01 00 0100", "packet 0 has no timestamps"),
        ("01 10 0100", "packet 0 has no timestamps"),
        ("01 20 0000 0100", "packet 0 has no timestamps"),
        ("02 30 0000 0100", "packet 0 has 6 bytes, which is not what its 2 elements take"),
        ("01 30 0000 0100 00", "packet 0 has 7 bytes"),
        ("00 b0 00", "packet 0 has 3 bytes"),
        ("01 30 0a00 0100", r"event 0 has step 10; the raster has steps 0\.\.9"),
        ("01 30 0000 0300", r"event 0 has neuron 3; the raster has neurons 0\.\.2"),
        ("02 30 0000 0100 0100", "1 events repeat"),
    ],
)
def test_what_is_no_recording_is_refused(packet, message):
    with pytest.raises(CodecError, match=message):
        import_spikes([bytes.fromhex(packet)], 10, 3)


def test_packets_must_be_bytes():
    with pytest.raises(ValueError, match="each of packets must be bytes, not str"):
        import_spikes(["01 30"], 10, 3)
    with pytest.raises(ValueError, match="packets must be an iterable of bytes, not int"):
        import_spikes(5, 10, 3)
