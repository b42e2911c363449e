"""AER-over-UDP packets: the documented layout, its limits, and what is refused."""

import struct

import numpy as np
import pytest

from model import CodecError
from model.formats import aer_udp
from model.formats.aer_udp import export_spikes, import_spikes
from model.synth import bernoulli_raster

RASTER = bernoulli_raster(0.05, 300, 40)
PACKETS = export_spikes(RASTER)


def packet(*events: tuple[int, int, int], sequence: int = 0) -> bytes:
    """Return a packet written from the documented layout, by no code of the module."""
    return struct.pack(">4H", 0xAE01, sequence, len(events), 0) + b"".join(
        struct.pack(">IHH", *event) for event in events
    )


def test_the_documented_layout():
    raster = np.zeros((5, 70), dtype=bool)
    raster[1, 3] = raster[4, 0] = raster[4, 69] = True
    assert export_spikes(raster) == [packet((1, 3, 0), (4, 0, 0), (4, 69, 0))]
    assert export_spikes(raster, first_timestamp=2**31, first_sequence=65535) == [
        packet((2**31 + 1, 3, 0), (2**31 + 4, 0, 0), (2**31 + 4, 69, 0), sequence=65535)
    ]


@pytest.mark.parametrize(("events", "sizes"), [(0, []), (186, [1496]), (187, [1496, 16]), (372, [1496, 1496])])
def test_a_packet_holds_up_to_186_events(events, sizes):
    raster = np.zeros((400, 1), dtype=np.int8)
    raster[:events] = 1
    assert [len(data) for data in export_spikes(raster)] == sizes


def test_rasters_come_back():
    np.testing.assert_array_equal(import_spikes(PACKETS, *RASTER.shape), RASTER)
    shifted = export_spikes(RASTER, first_timestamp=77, first_sequence=65534)
    assert [struct.unpack_from(">H", data, 2)[0] for data in shifted[:4]] == [65534, 65535, 0, 1]
    np.testing.assert_array_equal(import_spikes(shifted, *RASTER.shape, first_timestamp=77), RASTER)
    assert import_spikes([], 3, 2).tolist() == [[0, 0]] * 3


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_nothing_makes_no_packet(shape):
    assert export_spikes(np.zeros(shape, dtype=np.int8)) == []
    assert import_spikes([], *shape).shape == shape


def test_limits_of_neurons_and_timestamps():
    widest = np.zeros((1, 65_536), dtype=np.int8)
    widest[0, -1] = 1
    assert export_spikes(widest, first_timestamp=2**32 - 1) == [packet((2**32 - 1, 65_535, 0))]
    with pytest.raises(ValueError, match=r"spikes must have at most 65536 channels .* not 65537"):
        export_spikes(np.zeros((1, 65_537), dtype=np.int8))
    with pytest.raises(ValueError, match="first_timestamp must be at most 4294967294 for 2 steps"):
        export_spikes(np.zeros((2, 1), dtype=np.int8), first_timestamp=2**32 - 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first_timestamp": -1}, r"first_timestamp must be an integer in 0\.\.4294967295, not -1"),
        ({"first_timestamp": 0.5}, "first_timestamp must be an integer"),
        ({"first_sequence": 65_536}, r"first_sequence must be an integer in 0\.\.65535, not 65536"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        export_spikes([[1]], **arguments)


@pytest.mark.parametrize("spikes", [[[2]], [[0.5]], [[float("nan")]], [1, 0], [["1"]]])
def test_what_is_no_raster_is_refused(spikes):
    with pytest.raises(ValueError, match="spikes must"):
        export_spikes(spikes)


@pytest.mark.parametrize(
    ("packets", "message"),
    [
        ([b""], "packet 0 has 0 bytes; its header takes 8"),
        ([b"\xae\x02" + packet((0, 0, 0))[2:]], "packet 0 starts with 0xAE02, not 0xAE01"),
        ([packet((0, 0, 0))[:6] + b"\0\1" + packet((0, 0, 0))[8:]], "1 in its reserved field"),
        ([packet((0, 0, 0))[:-1]], "has 15 bytes, which is not what 1 events take"),
        ([packet((0, 0, 0)) + b"\0"], "has 17 bytes"),
        ([packet(*[(time, 0, 0) for time in range(187)])], "claims 187 events; at most 186 fit"),
        ([packet((0, 0, 0)), packet((1, 0, 0))], "packet 1 has sequence number 0 where 1 is due"),
        ([packet((0, 0, 7))], "event 0 carries data 7"),
        ([packet((10, 0, 0))], r"event 0 has step 10; the raster has steps 0\.\.9"),
        ([packet((0, 0, 0), (0, 3, 0))], r"event 1 has neuron 3; the raster has neurons 0\.\.2"),
        ([packet((2, 2, 0), (2, 2, 0))], "1 events repeat an earlier one"),
    ],
)
def test_what_is_no_recording_is_refused(packets, message):
    with pytest.raises(CodecError, match=message):
        import_spikes(packets, 10, 3)


def test_events_before_the_first_timestamp_are_refused():
    with pytest.raises(CodecError, match="event 0 has step -4"):
        import_spikes([packet((1, 0, 0))], 10, 3, first_timestamp=5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 3), "T must be an integer"),
        ((3, None), "N must be an integer"),
        ((2**40, 2**20), r"T x N must be at most max_bins, 4294967296, not 1099511627776 x 1048576"),
    ],
)
def test_shapes_of_an_import_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        import_spikes([], *arguments)


def test_packets_must_be_bytes():
    with pytest.raises(ValueError, match="each of packets must be bytes, not str"):
        import_spikes(["AE01"], 10, 3)
    with pytest.raises(ValueError, match="packets must be an iterable of bytes, not NoneType"):
        import_spikes(None, 10, 3)


def test_events_are_found_across_the_chunks_in_which_a_raster_is_read(monkeypatch):
    monkeypatch.setattr("model.formats.events.CHUNK_BINS", 7 * RASTER.shape[1])
    assert aer_udp.export_spikes(RASTER) == PACKETS
