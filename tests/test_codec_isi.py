"""SpikeCodec: the size that was promised, the smallest coder, spikes that move no further than they may."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import peak_bytes
from strategies import rasters

from model import CodecError, SpikeCodec
from model.codecs import gaps, huffman, intervals
from model.codecs.gaps import Gaps
from model.kernels.gap_token import TOKENS
from model.kernels.rans import reciprocals_of
from model.kernels.rans_symbol import STATE_BITS
from model.synth import bernoulli_raster

ENTROPIES = ["varint", "huffman", "rice", "arithmetic"]


def published_table():
    """The published density table: one generator, densities in percent."""
    generator = np.random.RandomState(42)
    densities = (0.1, 0.5, 1, 3, 5, 10, 20, 30)
    return [(percent, (generator.random((2000, 64)) < percent / 100).astype(np.int8)) for percent in densities]


def bci_raster():
    generator = np.random.RandomState(42)
    spikes = np.zeros((20_000, 1024), dtype=np.int8)
    for channel in range(1024):
        count = int(generator.uniform(0.5, 5.0))
        spikes[generator.choice(20_000, count, replace=False), channel] = 1
    return spikes


def assert_at_bound(spikes):
    data, result = SpikeCodec().compress(spikes)
    assert 8 * len(data) <= 1.01 * result.entropy_bound_bits + 8 * 20
    np.testing.assert_array_equal(SpikeCodec().decompress(data), spikes)


@pytest.mark.parametrize(("percent", "spikes"), published_table(), ids=lambda value: str(value)[:4].strip())
def test_published_table_is_at_its_bound(percent, spikes):
    assert_at_bound(spikes)


@pytest.mark.parametrize("density", [0.001, 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.999])
def test_random_rasters_are_at_their_bound(density):
    assert_at_bound(bernoulli_raster(density, 3000, 512))


def test_brain_interface_is_at_its_bound():
    assert_at_bound(bci_raster())


@pytest.mark.parametrize(("units", "steps", "spikes"), [(10, 60_000, 63), (50, 60_000, 160), (100, 30_000, 520)])
def test_few_spikes_of_long_recordings_are_at_their_bound(units, steps, spikes):
    raster = np.zeros((steps, units), dtype=np.int8)
    raster.flat[np.random.default_rng(1).choice(raster.size, spikes, replace=False)] = 1
    assert_at_bound(raster)


@pytest.mark.parametrize("spikes", [0, 1, 2, 5])
def test_small_rasters_take_twenty_bytes_more_than_their_spikes(spikes):
    raster = np.zeros((2000, 64), dtype=np.int8)
    raster.flat[np.random.default_rng(2).choice(raster.size, spikes, replace=False)] = 1
    assert_at_bound(raster)


@given(rasters())
@settings(max_examples=60)
def test_auto_is_never_larger(spikes):
    for order in ("scan", "neuron"):
        sizes = {entropy: len(SpikeCodec(entropy, order).compress(spikes)[0]) for entropy in ENTROPIES}
        assert len(SpikeCodec("auto", order).compress(spikes)[0]) == min(sizes.values())


@given(rasters())
@settings(max_examples=30)
def test_auto_takes_the_smaller_order(spikes):
    sizes = [len(SpikeCodec(order=order).compress(spikes)[0]) for order in ("scan", "neuron")]
    data, _ = SpikeCodec(order="auto").compress(spikes)
    assert len(data) == min(sizes)
    np.testing.assert_array_equal(SpikeCodec().decompress(data), spikes)


@pytest.mark.parametrize(
    ("winner", "spikes"),
    [
        ("rice", np.concatenate([bernoulli_raster(0.2, 100, 10), bernoulli_raster(0.001, 3000, 10)])),
        ("arithmetic", bernoulli_raster(0.1, 200, 50)),
        ("varint", np.eye(1, 100)),
    ],
)
def test_auto_finds_each_winner(winner, spikes):
    sizes = {entropy: len(SpikeCodec(entropy).compress(spikes)[0]) for entropy in ENTROPIES}
    assert len(SpikeCodec().compress(spikes)[0]) == sizes[winner] == min(sizes.values())


def test_auto_weighs_huffman_exactly():
    """Gaps of two sizes suit Huffman's code, if they are enough to pay for its table."""
    winners = []
    for n_spikes in range(1, 60):
        gaps = np.random.default_rng(n_spikes).choice([0, 9], n_spikes)
        spikes = np.zeros((np.sum(gaps + 1), 1), dtype=np.int8)
        spikes[np.cumsum(gaps + 1) - 1] = 1
        sizes = {entropy: len(SpikeCodec(entropy).compress(spikes)[0]) for entropy in ENTROPIES}
        assert len(SpikeCodec().compress(spikes)[0]) == min(sizes.values())
        winners.append(min(sizes, key=sizes.get))
    assert {"huffman", "arithmetic"} < set(winners)


@pytest.mark.parametrize("entropy", [*ENTROPIES, "auto"])
@given(spikes=rasters())
@settings(max_examples=30)
def test_round_trip(entropy, spikes):
    for order in ("scan", "neuron"):
        data, _ = SpikeCodec(entropy, order).compress(spikes)
        np.testing.assert_array_equal(SpikeCodec().decompress(data), spikes)


@pytest.mark.parametrize("entropy", ENTROPIES)
@pytest.mark.parametrize("density", [0.05, 0.4, 0.9])
def test_gaps_in_pieces(entropy, density, monkeypatch):
    """Where gaps do not all fit into the memory that is set aside for them, they are found again."""
    spikes = (np.random.default_rng(3).random((100, 77)) < density).astype(np.int8)
    expected, _ = SpikeCodec(entropy).compress(spikes)
    monkeypatch.setattr(gaps, "ROOM_MIN", 1)
    assert len(Gaps(spikes.reshape(-1).view(np.uint8))._starts) == (1 if density == 0.05 or density == 0.9 else 4)
    data, _ = SpikeCodec(entropy).compress(spikes)
    assert data == expected
    np.testing.assert_array_equal(SpikeCodec().decompress(data), spikes)


def test_longest_gap():
    spikes = np.zeros((1 << 14, 1 << 13), dtype=np.int8)
    spikes[-1, -1] = 1
    codec = SpikeCodec()
    assert intervals.encode(spikes, "arithmetic")[2] == TOKENS
    rows = np.zeros_like(spikes)
    intervals.decode(np.frombuffer(bytearray(intervals.encode(spikes, "arithmetic")), dtype=np.uint8), rows)
    assert rows[-1, -1] == 1
    assert rows.sum() == 1
    assert len(codec.compress(spikes)[0]) < 40 + 8 * 10


@pytest.mark.parametrize("density", [0.001, 0.1, 0.5, 0.9])
def test_memory(density):
    """Compression: no more than the raster's size and the stream's. Decompression: its result and the stream twice."""
    spikes = bernoulli_raster(density, 4000, 1024)
    data, _ = SpikeCodec().compress(spikes)
    SpikeCodec().decompress(data)
    assert peak_bytes(lambda: SpikeCodec().compress(spikes)) <= spikes.size + 1.1 * len(data) + 100_000
    assert peak_bytes(lambda: SpikeCodec().decompress(data)) <= spikes.size + 2.2 * len(data) + 100_000


# Payloads that are none


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("", "cut off"),
        ("05", "unknown kind 5"),
        ("20", "unknown kind 32"),
        ("02", "cut off"),
        ("02 00 01", "claims 0 gaps in 15 bins"),
        ("02 10 01", "claims 16 gaps in 15 bins"),
        ("02 02 00", "claims 0 tokens"),
        ("02 02 c9", "claims 201 tokens"),
        ("02 02 02 11 00 00", "padding"),
        ("02 02 02 11", "ends within a codeword"),
        ("02 02 02 22 00", "fill 0.500 of a code"),
        ("02 02 03 11 01 00", "fill 1.500 of a code"),
        ("02 02 01 01 c0", "ends within a codeword"),
        ("02 02 01 11 00", "length for no symbol"),
        ("03 02 07", "starts with the state 0"),
        ("03 02 07 ff ff ff ff ff ff ff ff", "starts with the state 18446744073709551615"),
        ("03 02 07 c2 54 01", "."),
        ("03 02 07 c1 54 01 00 00 00 00 00 00", "."),
        ("04 02 02 80 40 80 40 05", "add up to 16384, not 16384|."),
        ("04 02 02 80 40 81 40 05", "add up to 16385, not 16384"),
        ("01 0f", "beyond"),
        ("01 80", "within a codeword"),
        ("01 80 00", "needless last byte"),
        ("00 00 00", "padding"),
    ],
)
def test_payloads_that_are_none(payload, message):
    rows = np.zeros((5, 3), dtype=np.int8)
    with pytest.raises(CodecError, match=message):
        intervals.decode(np.frombuffer(bytearray.fromhex(payload), dtype=np.uint8), rows)


@given(st.binary(max_size=30), st.sampled_from(range(32)))
@settings(max_examples=500)
def test_payloads_at_random(body, head):
    """A payload either decodes to what encodes as many events, or is refused; it never reaches beyond the rows."""
    guarded = np.zeros((11, 7), dtype=np.int8)
    with suppress(CodecError):
        intervals.decode(np.frombuffer(bytearray([head]) + body, dtype=np.uint8), guarded[1:-1])
    assert not guarded[0].any()
    assert not guarded[-1].any()
    assert set(np.unique(guarded)) <= {0, 1}


# Parts


@pytest.mark.parametrize("counts", [[5], [0, 0, 3], [1, 1], [1, 2, 4, 8], [1] * 200, [0, 7, 0, 1, 1, 100]])
def test_huffman_code(counts):
    counts = np.array(counts)
    lengths = huffman.code_lengths(counts)
    assert ((lengths > 0) == (counts > 0)).all()
    huffman.decoding_table(lengths)
    if np.count_nonzero(counts) > 1:
        assert np.sum(2.0 ** -lengths[lengths > 0]) == 1
        entropy = np.sum(counts[counts > 0] * np.log2(counts.sum() / counts[counts > 0]))
        assert entropy <= np.sum(counts * lengths) < entropy + counts.sum()


def test_huffman_code_of_limited_length():
    fibonacci = [1, 1]
    while len(fibonacci) < 40:
        fibonacci.append(sum(fibonacci[-2:]))
    lengths = huffman.code_lengths(np.array(fibonacci))
    assert lengths.max() == 15
    assert np.sum(2.0**-lengths) == 1


def test_division_by_multiplication():
    divisors = np.array([0, 1, 2, 3, 5, 7, 1000, 4095, 4096, 16381, 16383, 16384])
    multipliers, shifts = reciprocals_of(divisors)
    for divisor, multiplier, shift in zip(divisors[1:].tolist(), multipliers[1:], shifts[1:], strict=True):
        top = (1 << STATE_BITS) - 1
        for state in (0, 1, divisor - 1, divisor, top, top // divisor * divisor, top // divisor * divisor - 1):
            assert state * int(multiplier) >> int(shift) == state // divisor


# Lossy


@pytest.mark.parametrize("precision", [1, 2, 3, 10, 1000])
@given(spikes=rasters())
@settings(max_examples=20)
def test_lossy_moves_spikes_no_further_than_stated(precision, spikes):
    data, result = SpikeCodec(mode="lossy", timing_precision=precision).compress(spikes)
    found = SpikeCodec().decompress(data)
    assert found.shape == spikes.shape
    assert result.n_spikes == found.sum() == spikes.sum() - result.n_merged
    assert result.max_shift_steps == precision // 2
    for channel in range(spikes.shape[1]):
        was, now = np.flatnonzero(spikes[:, channel]), np.flatnonzero(found[:, channel])
        assert (was.size == 0) == (now.size == 0)
        if was.size:
            distances = np.abs(was[:, np.newaxis] - now)
            assert distances.min(axis=1).max() <= result.max_shift_steps
            assert distances.min(axis=0).max() <= result.max_shift_steps


def test_lossy_keeps_the_tail_and_the_shape():
    spikes = np.zeros((1005, 2), dtype=np.int8)
    spikes[[0, 1004], 0] = 1
    data, result = SpikeCodec(mode="lossy", timing_precision=10).compress(spikes)
    assert np.argwhere(SpikeCodec().decompress(data)).tolist() == [[4, 0], [1002, 0]]
    assert "moved by up to 5 steps" in result.summary()


def test_lossy_is_smaller():
    spikes = bernoulli_raster(0.01, 5000, 64)
    sizes = [len(SpikeCodec(mode="lossy", timing_precision=p).compress(spikes)[0]) for p in (1, 4, 16)]
    assert sizes[0] > 1.2 * sizes[1] > 1.4 * sizes[2]


def test_lossy_in_chunks(monkeypatch):
    monkeypatch.setattr(SpikeCodec, "chunk_bins", 250)
    spikes = bernoulli_raster(0.05, 100, 11)
    lossy = SpikeCodec(mode="lossy", timing_precision=7)
    data, _ = lossy.compress(spikes)
    whole = lossy.decompress(data)
    assert whole.sum() > 0
    np.testing.assert_array_equal(lossy.decompress(data, start=13, stop=64), whole[13:64])


def test_lossy_steps_longer_than_a_chunk_may_be():
    """More than 2**27 bins fall in one step of the precision: they take several chunks, and still come back."""
    spikes = np.zeros((33_000, 4096), dtype=np.int8)
    spikes[[0, 32_999], [7, 4095]] = 1
    data, result = SpikeCodec(mode="lossy", timing_precision=1 << 20).compress(spikes)
    found = SpikeCodec().decompress(data)
    assert found.shape == spikes.shape
    moved = np.abs(np.argwhere(found) - np.argwhere(spikes))
    assert moved[:, 1].tolist() == [0, 0]
    assert moved[:, 0].max() <= result.max_shift_steps


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"entropy": "zip"}, "entropy must be one of varint, huffman, rice, arithmetic, auto, not 'zip'"),
        ({"order": "time"}, "order must be one of scan, neuron, auto, not 'time'"),
        ({"mode": None}, "mode must be one of lossless, lossy, not None"),
        ({"mode": "lossy", "timing_precision": 0}, r"timing_precision must be an integer in 1\.\.1048576, not 0"),
        ({"mode": "lossy", "timing_precision": 1.5}, "timing_precision must be an integer"),
        ({"timing_precision": 2}, "timing_precision must be 1 in lossless mode, not 2"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpikeCodec(**arguments)
