"""The context predictor's kernels equal their specification, byte for byte, and undo themselves."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import rasters

from model import CodecError
from model.golden import context_coder as golden
from model.golden.context_model import CONTEXT_BITS_MAX, CONTEXT_BITS_MIN, LAGS, RECENCIES, SOURCES_MAX, ContextModel
from model.golden.intensity import LOG_BITS, LOG_MAX, LOG_MIN, intensity_of, probability_of
from model.kernels import context_coder, context_model
from model.synth import bernoulli_raster, physiological_raster

RATE_LOG = -4 << LOG_BITS


def sources_of(channels: int, count: int) -> list[list[int]]:
    """Some sources of each channel: before it and behind it."""
    return [
        sorted({(channel + 1 + 3 * place) % channels for place in range(count)} - {channel})
        for channel in range(channels)
    ]


def fast_model(context_bits: int, sources: list[list[int]]) -> context_model.ContextModel:
    counts = np.array([len(of_channel) for of_channel in sources])
    listed = np.array([source for of_channel in sources for source in of_channel], dtype=np.int64)
    return context_model.new(context_bits, RATE_LOG, counts, listed)


def coded(raster: np.ndarray, context_bits: int = 8, n_sources: int = 0) -> tuple[bytes, bytes | None]:
    """The bytes of the specification, and of the kernels."""
    sources = sources_of(raster.shape[1], n_sources)
    expected = golden.encode(raster.tolist(), ContextModel(context_bits, RATE_LOG, sources))
    return expected, context_coder.encode(raster, fast_model(context_bits, sources))


def decoded(data: bytes, shape: tuple[int, int], context_bits: int = 8, n_sources: int = 0) -> np.ndarray:
    rows = np.zeros(shape, dtype=np.int8)
    model = fast_model(context_bits, sources_of(shape[1], n_sources))
    context_coder.decode(np.frombuffer(bytearray(data), dtype=np.uint8), model, rows)
    return rows


@given(
    raster=rasters(max_steps=60, max_channels=20),
    context_bits=st.integers(CONTEXT_BITS_MIN, CONTEXT_BITS_MAX),
    n_sources=st.integers(0, SOURCES_MAX),
)
@settings(max_examples=60)
@example(np.ones((40, 3), np.int8), 8, 2)
@example(np.eye(32, dtype=np.int8), 5, 8)
@example(np.zeros((9, 1), np.int8), 9, 0)
def test_kernels_write_and_read_the_golden_bytes(raster, context_bits, n_sources):
    expected, found = coded(raster, context_bits, n_sources)
    if found is None:
        assert 8 * len(expected) > raster.size  # only what is larger than a bit a bin is given up
    else:
        assert found == expected
    np.testing.assert_array_equal(decoded(expected, raster.shape, context_bits, n_sources), raster)


@given(raster=rasters(max_steps=30, max_channels=9), n_sources=st.integers(0, 3))
@settings(max_examples=30)
def test_golden_decoder_reads_the_bytes(raster, n_sources):
    expected, _ = coded(raster, 7, n_sources)
    model = ContextModel(7, RATE_LOG, sources_of(raster.shape[1], n_sources))
    assert golden.decode(expected, *raster.shape, model) == raster.tolist()


@pytest.mark.parametrize(("steps", "channels"), [(RECENCIES[-1] + 20, 1), (3 * LAGS[-1], 4)])
def test_long_silences_pass_every_class_of_context(steps, channels):
    raster = np.zeros((steps, channels), dtype=np.int8)
    raster[[3, 5, 20, -9, -1], [0, channels // 2, -1, 0, -1]] = 1
    expected, found = coded(raster, 6, 2)
    assert found == expected
    np.testing.assert_array_equal(decoded(expected, raster.shape, 6, 2), raster)


@pytest.mark.parametrize("channels", [1, 2, 3, 64, 65, 1000])
@pytest.mark.parametrize("density", [0, 0.001, 0.05, 0.5, 1])
def test_round_trips(channels, density):
    raster = bernoulli_raster(density, 300, channels) if 0 < density < 1 else np.full((300, channels), density, np.int8)
    data = context_coder.encode(raster, fast_model(8, sources_of(channels, 4)))
    if data is not None:
        np.testing.assert_array_equal(decoded(data, raster.shape, 8, 4), raster)
    assert data is not None or density == 0.5


def test_bins_of_independent_channels_cost_little_more_than_their_entropy():
    raster = bernoulli_raster(0.02, 20_000, 40)
    density = raster.mean()
    bound = raster.size * -(density * math.log2(density) + (1 - density) * math.log2(1 - density))
    assert 8 * len(context_coder.encode(raster, fast_model(5, [[]] * 40))) < 1.02 * bound


def test_history_and_sources_save_bits():
    raster = physiological_raster(n_channels=20, n_steps=50_000)
    raster[1:, 10:] = raster[:-1, :10]  # each of the last ten follows one of the first by a step
    alone = context_coder.encode(raster, fast_model(8, [[]] * 20))
    coupled = context_coder.encode(raster, fast_model(8, [[]] * 10 + [[channel] for channel in range(10)]))
    assert len(coupled) < 0.75 * len(alone)


@given(data=st.binary(max_size=40), n_sources=st.integers(0, 8))
def test_any_bytes_decode_to_a_raster_or_to_an_error(data, n_sources):
    try:
        rows = decoded(data, (40, 11), 8, n_sources)
    except CodecError:
        return
    model = ContextModel(8, RATE_LOG, sources_of(11, n_sources))
    assert golden.decode(data, 40, 11, model) == rows.tolist()


def test_intensities_are_exponentials():
    for log in range(LOG_MIN, LOG_MAX, 1_234_567):
        assert intensity_of(log) == pytest.approx(2 ** (log / 2**LOG_BITS) * 2**32, rel=5e-4, abs=2)
    assert intensity_of(LOG_MIN - 1) == intensity_of(LOG_MIN) > 0
    assert intensity_of(LOG_MAX + 1) == intensity_of(LOG_MAX)


def test_probabilities_are_those_of_poisson_counts():
    for exponent in range(0, 370):
        intensity = int(2 ** (exponent / 10))
        assert probability_of(intensity) == pytest.approx(-math.expm1(-intensity / 2**32) * 2**32, rel=1e-4, abs=2)
    assert probability_of(0) == 0
    assert probability_of(1 << 60) == 2**32 - 1


def test_classes_start_where_the_calendars_can_hold_them():
    assert max(np.diff(RECENCIES)) < context_model.RECENCY_SLOTS
    assert max(np.diff(LAGS)) < context_model.LAG_SLOTS
