"""How small streams are on rasters at random, and that no raster makes them large."""

import functools
from itertools import cycle, islice

import numpy as np
import pytest
from adversary import gap_bits, greedy_gaps
from hypothesis import given
from hypothesis import strategies as st

from model import Settings, decode_raster, encode_packets, encode_raster
from model.bounds import entropy_bits, packet_bytes_max, payload_bits_max, shannon_bound_bits
from model.golden import rice_debt
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.golden.rice_parameter import RiceParameter
from model.synth import bernoulli_raster

ADVERSARY_BINS = 10_000


@functools.cache
def adversary() -> tuple[list[int], list[int]]:
    return greedy_gaps(ADVERSARY_BINS)


def raster_of_gaps(gaps, bins: int, channels: int = 1) -> np.ndarray:
    """Return the raster whose bins in scan order are 1 after each of `gaps`, as far as it has bins."""
    flat = np.zeros(bins, dtype=np.int8)
    errors = np.cumsum(np.fromiter(gaps, dtype=np.int64) + 1) - 1
    flat[errors[errors < bins]] = 1
    return flat.reshape(-1, channels)


# Rasters at random


@pytest.mark.parametrize("density", [0.001, 0.01, 0.05, 0.1, 0.3])
def test_rice_is_within_2_percent_of_the_shannon_bound(density):
    raster = bernoulli_raster(density)
    stream = encode_raster(raster, Settings(epoch_steps=20_000))
    assert 8 * len(stream) <= 1.02 * shannon_bound_bits(raster)
    np.testing.assert_array_equal(decode_raster(stream), raster)


@pytest.mark.parametrize(("probability", "bits"), [(0, 0), (0.5, 1), (1, 0), (0.25, 0.811278), (0.01, 0.0807931)])
def test_entropy_of_a_bin(probability, bits):
    assert entropy_bits(probability) == pytest.approx(bits, rel=1e-6)
    assert entropy_bits(1 - probability) == pytest.approx(bits, rel=1e-6)


def test_shannon_bound_pools_the_whole_raster():
    raster = np.zeros((100, 8), dtype=bool)
    raster[:, 0] = raster[:, 1] = True
    assert shannon_bound_bits(raster) == pytest.approx(800 * 0.811278, rel=1e-6)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_entropy_refuses_what_is_no_probability(probability):
    with pytest.raises(ValueError, match=r"probability must be in 0\.\.1"):
        entropy_bits(probability)


def test_shannon_bound_refuses_an_empty_raster():
    with pytest.raises(ValueError, match=r"at least one bin, not shape \(0, 4\)"):
        shannon_bound_bits(np.zeros((0, 4), dtype=np.int8))


# Rasters made to mislead


def test_adversary_never_exceeds_the_bound_at_any_bin():
    gaps, bits = adversary()
    bins = np.cumsum(np.array(gaps) + 1)
    assert bins[-1] == ADVERSARY_BINS
    assert all(spent <= payload_bits_max(int(at), "rice") for at, spent in zip(bins, np.cumsum(bits), strict=True))


def test_adversary_comes_close_to_the_bound():
    """An adversary that did not mislead the encoder would show nothing."""
    excess = sum(adversary()[1]) - ADVERSARY_BINS
    assert excess > 0.8 * (payload_bits_max(ADVERSARY_BINS, "rice") - ADVERSARY_BINS)


def test_without_the_debt_the_adversary_exceeds_the_bound(monkeypatch):
    monkeypatch.setattr(rice_debt, "DEBT_LIMIT", 10**9)
    bits = greedy_gaps(3000)[1]
    assert sum(bits) > payload_bits_max(3000, "rice")


@given(st.lists(st.integers(0, 4) | st.sampled_from([15, 31, 63, 64, 65, 66, 67, 126, 127, 200, 4000, 70_000])))
def test_no_gaps_exceed_the_bound(gaps):
    parameter, spent, bins = RiceParameter(), 0, 0
    for gap in gaps:
        spent, bins = spent + gap_bits(gap, parameter), bins + gap + 1
        assert spent <= payload_bits_max(bins, "rice")


MISLEADING = {
    "adversary": lambda: adversary()[0],
    "all ones": lambda: cycle([0]),
    "alternating": lambda: cycle([1]),
    "every third": lambda: cycle([2]),
    "long gap, then dense": lambda: cycle([4000] + [0] * 60),
    "very long gap, then dense": lambda: iter([9000] + [0] * 1000),
    "lure and strike": lambda: cycle([126] * 8 + [0] * 40),
    "rising and falling": lambda: cycle([2**bits for bits in [*range(11), *range(10, 0, -1)]]),
    "just above the escape": lambda: cycle([0] * 64 + [65, 66, 67]),
    "sparse": lambda: cycle([1500]),
}


@pytest.mark.parametrize("name", MISLEADING)
@pytest.mark.parametrize(("bins", "channels"), [(10_000, 1), (10_000, 1000), (65_536, 64), (1_000_000, 1000)])
def test_no_stream_takes_more_than_a_tenth_over_one_bit_a_bin(name, bins, channels):
    raster = raster_of_gaps(islice(MISLEADING[name](), bins), bins, channels)
    chosen = Settings(alpha_q8=0, epoch_steps=min(len(raster), 0xFFFF))
    stream = encode_raster(raster, chosen)
    assert 8 * len(stream) <= 1.1 * bins
    (packet,) = encode_packets(raster, chosen)
    payload_bytes = len(packet) - HEADER_BYTES - SETTINGS_BYTES - TRAILER_BYTES
    assert payload_bytes <= -(-payload_bits_max(bins, "rice") // 8)
    np.testing.assert_array_equal(decode_raster(stream), raster)


@pytest.mark.parametrize("alpha_q8", [1, 3, 64, 256])
@pytest.mark.parametrize("sharpness", [0, 7, 15])
@pytest.mark.parametrize("density", [0.3, 0.5, 0.7, 1.0])
def test_no_prediction_takes_more_than_a_tenth_over_one_bit_a_bin(alpha_q8, sharpness, density):
    raster = bernoulli_raster(density, 500, 64)
    stream = encode_raster(raster, Settings(alpha_q8=alpha_q8, sharpness=sharpness, epoch_steps=500))
    assert 8 * len(stream) <= 1.1 * raster.size


@pytest.mark.parametrize("bound", [payload_bits_max, packet_bytes_max])
@pytest.mark.parametrize(
    ("bins", "coder", "message"),
    [
        (-1, "rice", "bins must be an integer in 0"),
        (1.5, "rice", "bins must be an integer in 0"),
        (100, "huffman", "coder must be one of rice, leb128, not 'huffman'"),
    ],
)
def test_no_size_is_stated_of_packets_that_there_cannot_be(bound, bins, coder, message):
    with pytest.raises(ValueError, match=message):
        bound(bins, coder)
