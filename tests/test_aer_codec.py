"""The event list: its size at every density, the bytes of small ones, and what is no list."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import CodecError
from model.bounds import combination_bits
from model.codecs.aer import BITMAP, SILENCES, SPIKES, AERSpikeCodec
from model.codecs.stream import Header, join
from model.kernels.event_list import GROUP, K_BITS
from model.synth import bernoulli_raster

CODEC = AERSpikeCodec()
DENSITIES = (0, 0.0001, 0.001, 0.01, 0.03, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97, 0.99, 0.999, 1)


def stream_of(payload: bytes, steps: int, channels: int, parameters: bytes = b"") -> bytes:
    """Return a stream of one chunk, checksum right."""
    return join(Header("aer", steps, channels, max(1, steps), parameters), [payload])


def bits(text: str) -> bytes:
    text = text.replace(" ", "")
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


@pytest.mark.parametrize("density", DENSITIES)
def test_no_density_exceeds_the_stated_size(density):
    raster = bernoulli_raster(density, 3000, 257)
    data, result = CODEC.compress(raster)
    assert len(data) <= AERSpikeCodec.bytes_max(*raster.shape) <= raster.size / 8 + 43
    assert result.n_events == min(raster.sum(), raster.size - raster.sum())
    np.testing.assert_array_equal(CODEC.decompress(data), raster)


@pytest.mark.parametrize(("name", "shape"), [("n_steps", (-1, 5)), ("n_steps", (5.5, 2)), ("n_channels", (1, 1 << 27))])
def test_no_size_is_stated_of_shapes_that_there_cannot_be(name, shape):
    with pytest.raises(ValueError, match=f"{name} must be an integer in 0"):
        AERSpikeCodec.bytes_max(*shape)


@pytest.mark.parametrize("density", [0.001, 0.01, 0.05, 0.1, 0.3, 0.7, 0.95])
def test_random_rasters_come_near_their_bound(density):
    raster = bernoulli_raster(density, 5000, 256)
    _, result = CODEC.compress(raster)
    assert 8 * result.compressed_bytes < 1.02 * combination_bits(raster.size, int(raster.sum())) + 160


@given(st.data())
def test_hostile_rasters_do_not_exceed_the_stated_size_either(data):
    runs = data.draw(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 400)), min_size=1, max_size=60))
    bins = np.concatenate([np.full(count, value, dtype=np.int8) for value, count in runs])
    raster = bins.reshape(-1, 1)
    stream, _ = CODEC.compress(raster)
    assert len(stream) <= AERSpikeCodec.bytes_max(*raster.shape)
    np.testing.assert_array_equal(CODEC.decompress(stream), raster)


def test_the_bound_holds_over_many_chunks(monkeypatch):
    monkeypatch.setattr(AERSpikeCodec, "chunk_bins", 64)
    raster = bernoulli_raster(0.5, 900, 5)
    data, _ = CODEC.compress(raster)
    assert len(data) <= AERSpikeCodec.bytes_max(*raster.shape)
    np.testing.assert_array_equal(CODEC.decompress(data, start=77, stop=803), raster[77:803])


@pytest.mark.parametrize("events", [1, GROUP - 1, GROUP, GROUP + 1, 16 * GROUP + 64, 20 * GROUP])
def test_groups_of_events(events):
    raster = np.zeros((40 * GROUP, 3), dtype=np.int8)
    raster.flat[np.arange(events) * 5 + 2] = 1
    data, result = CODEC.compress(raster)
    assert result.n_events == events
    np.testing.assert_array_equal(CODEC.decompress(data), raster)


def test_the_bytes_of_a_small_list():
    raster = np.zeros((4, 3), dtype=np.int8)
    raster[0, 1] = raster[2, 1] = 1
    assert CODEC.compress(raster)[0] == stream_of(bytes([SPIKES]) + bits("00001 11 0011"), 4, 3)
    assert CODEC.compress(1 - raster)[0] == stream_of(bytes([SILENCES]) + bits("00001 11 0011"), 4, 3)
    raster.flat[:] = [0, 1] * 6
    assert CODEC.compress(raster)[0] == stream_of(bytes([BITMAP]) + np.packbits(raster).tobytes(), 4, 3)
    assert CODEC.compress(0 * raster)[0] == stream_of(b"", 4, 3)


def test_a_long_difference_takes_a_large_parameter():
    raster = np.zeros((1 << 20, 4), dtype=np.int8)
    raster[-1, -1] = 1
    data, _ = CODEC.compress(raster)
    assert len(data) < 25
    np.testing.assert_array_equal(CODEC.decompress(data), raster)


def test_memory_follows_the_events():
    raster = bernoulli_raster(0.3, 20_000, 1024)
    CODEC.compress(raster[:100])
    tracemalloc.start()
    data, result = CODEC.compress(raster)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(data) < 2 * result.n_events


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (bytes([3]), "events of the unknown kind 3"),
        (bytes([SPIKES]) + bits("00000 01 00000000001"), "an event beyond the chunk's last bin"),
        (bytes([SILENCES]) + bits("00000 01 00000000001"), "an event beyond the chunk's last bin"),
        (bytes([SPIKES]) + bits("11010 1"), "ends within an event"),
        (bytes([SPIKES]) + bits("11111 1") + bytes(20), "ends within an event"),
        (bytes([SPIKES]) + bits("00000 01") + bytes(2), "a byte or more of padding"),
        (bytes([SPIKES]) + bits("00001 00"), "a byte or more of padding"),
        (bytes([BITMAP, 0]), "bitmap of 1 bytes is not one of 12 bins"),
        (bytes([BITMAP, 0, 0, 0]), "bitmap of 3 bytes is not one of 12 bins"),
        (bytes([BITMAP, 0, 8]), "bitmap has ones behind its last bin"),
    ],
)
def test_what_is_no_list_is_refused(payload, message):
    with pytest.raises(CodecError, match=message):
        CODEC.decompress(stream_of(payload, 4, 3))


def test_parameters_are_refused():
    with pytest.raises(CodecError, match="an event list has none"):
        CODEC.decompress(stream_of(b"", 4, 3, parameters=b"\0"))


@pytest.mark.parametrize("zeros", range(8))
def test_padding_behind_a_full_group(zeros):
    """Seven bits behind a full group hold a parameter and no event: only a parameter of 0 is padding."""
    raster = np.zeros((2 * GROUP, 1), dtype=np.int8)
    raster[: GROUP - 1] = raster[GROUP - 1 + zeros] = 1
    group = "0" * K_BITS + "1" * (GROUP - 1) + "0" * zeros + "1"
    payload = bytes([SPIKES]) + bits(group)
    np.testing.assert_array_equal(CODEC.decompress(stream_of(payload, *raster.shape)), raster)
    if -len(group) % 8 >= K_BITS:
        with pytest.raises(CodecError, match="padding"):
            CODEC.decompress(stream_of(bytes([SPIKES]) + bits(group + "00001"), *raster.shape))


def test_the_result_in_one_line():
    _, result = CODEC.compress([[0, 1, 0], [0, 0, 0], [1, 0, 0]])
    assert result.bytes_per_event == result.compressed_bytes / 2
    assert result.summary().endswith(f", 2 events, {result.bytes_per_event:.2f} bytes an event")
