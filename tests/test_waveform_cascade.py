"""What the preset `best` has beside a linear predictor: a clipped past, a filter that learns, widths that repeat."""

import random

import numpy as np
import pytest
from test_waveform_codec import extremes
from test_waveform_parts import identity_grid

from bench import fuzz_waveform
from model import CodecError, WaveformCodec
from model.codecs import waveform_best
from model.codecs.cascade_fit import CLIPPED_LAGS, fit_clipped, limit_bits_of
from model.codecs.cascade_lists import Extras, encoded_extras, take_extras
from model.codecs.code_widths import find_periodic_levels
from model.codecs.waveform_best import EFFORT, BestEncoder
from model.codecs.waveform_channel import Channel, write_channels
from model.codecs.waveform_group import decode_group, encode_group, rows_for
from model.codecs.waveform_predictor import Predictor
from model.kernels import cascade
from model.kernels.adaptive_filter import TAPS_BITS_MAX, TAPS_BITS_MIN
from model.kernels.cascade import BLOCK_STEPS, Cascade
from model.kernels.linear_prediction import COEFFICIENT_BITS, ORDER_MAX

INT16 = (-32768, 32767)
WRAP = 1 << 32


@pytest.fixture
def everything(monkeypatch):
    """Whatever can predict is used, whether it saves anything or not."""
    monkeypatch.setattr(waveform_best, "CLIPPED_STEPS_MIN", 0)
    monkeypatch.setattr(waveform_best, "STEPS_A_TAP", 0)
    monkeypatch.setattr(waveform_best, "FILTER_GAIN_BITS", -1e6)
    monkeypatch.setattr(waveform_best, "COEFFICIENT_COST_BITS", -1e9)


def noise(steps: int, size: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, size, steps)


def humming(steps: int) -> np.ndarray:
    """Return noise and many tones, too close to each other for a short predictor, shape (steps, 1)."""
    tones = np.sin(np.arange(steps)[:, np.newaxis] * np.linspace(0.3, 2.9, 40) ** 1.1).sum(axis=1)
    return np.rint(noise(steps, 40) + 8 * tones)[:, np.newaxis].astype(np.int16)


def spiking(steps: int) -> np.ndarray:
    """Return a slow background and large, quick spikes, shape (steps, 1)."""
    background = np.convolve(noise(steps, 40), np.hanning(30))[:steps]
    trains = np.random.default_rng(2).random(steps) < 0.01
    spikes = np.convolve(trains * 3000.0, 0.8 ** np.arange(20) * np.cos(np.arange(20)))[:steps]
    return np.rint(background + spikes)[:, np.newaxis].astype(np.int16)


def rows_of(waveform: np.ndarray) -> np.ndarray:
    """Return samples, shape (channels, ORDER_MAX + steps), as `encode_group` takes them."""
    rows = rows_for(*waveform.T.shape)
    rows[:, ORDER_MAX:] = waveform.T
    return rows


def row_of(samples: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(ORDER_MAX), samples]).astype(np.int32)


# The kernels


def by_definition(parts: Cascade, row: np.ndarray, low: int, high: int) -> tuple[list[int], list[int]]:
    """Return predictions without and with the filter, in Python's numbers, as docs/waveform-streams.md has them."""
    samples = row.tolist()
    taps, octaves = 1 << parts.taps_bits, max(parts.spread - 8, 0)
    weights, past, gain = [0] * taps, [0] * (taps + 1), 0
    linear, filtered = [], []
    for step in range(len(samples) - ORDER_MAX):
        before = samples[: ORDER_MAX + step][::-1]
        total = int(parts.others[step])
        total += sum(c * s for c, s in zip(parts.own.tolist()[::-1], before, strict=False))
        total += sum(
            c * min(max(s, -parts.limit), parts.limit) for c, s in zip(parts.clipped.tolist(), before, strict=False)
        )
        linear.append(min(max(total >> COEFFICIENT_BITS, low), high))
        weights = [w + gain * x for w, x in zip(weights, past[:-1], strict=True)]
        weights = [(w + WRAP // 2) % WRAP - WRAP // 2 for w in weights]
        total = sum((w >> 20) * x for w, x in zip(weights, past[1:], strict=True))
        scale = 362 if octaves % 2 else 256
        filtered.append(min(max(linear[-1] + ((total * scale >> 10 << octaves // 2) >> 16), low), high))
        scale, sample = 181 if octaves % 2 else 256, samples[ORDER_MAX + step]
        past = [*past[1:], min(max((sample - linear[-1]) * scale >> octaves // 2, -1023), 1023)]
        gain = min(max((sample - filtered[-1]) * scale >> octaves // 2, -512), 512) >> max(parts.taps_bits - 7, 0)
    return linear, filtered


@pytest.mark.parametrize(
    ("steps", "limits", "spread", "taps_bits"),
    [
        (1, (-(10**6), 10**6), 20, TAPS_BITS_MIN),
        (700, (-(10**6), 10**6), 23, 5),
        (700, (-1500, 1400), 22, 8),
        (300, (-(1 << 29), 1 << 29), 58, TAPS_BITS_MAX),
        (BLOCK_STEPS + 1, (-40, 40), 0, 4),
        (6000, (0, 0), 19, TAPS_BITS_MIN),
    ],
    ids=["one sample", "ordinary", "clipped predictions", "widest", "narrowest", "weights wrap around"],
)
def test_predictions_are_those_of_the_definition(steps, limits, spread, taps_bits):
    rng = np.random.default_rng(steps)
    samples = np.full(steps, 5000) if limits == (0, 0) else rng.normal(0, min(limits[1], 1000), steps)
    row = row_of(samples)
    parts = Cascade(
        own=rng.integers(-2000, 2000, 32).astype(np.int32),
        clipped=rng.integers(-2000, 2000, CLIPPED_LAGS).astype(np.int32),
        limit=512,
        others=rng.integers(-(10**6), 10**6, steps),
        taps_bits=taps_bits,
        spread=spread,
    )
    linear, filtered = by_definition(parts, row, *limits)
    out = np.empty(steps, dtype=np.int32)
    cascade.predict_row(parts, row, *limits, out)
    np.testing.assert_array_equal(out, linear)
    cascade.filter_row(taps_bits, spread, row, *limits, out)
    np.testing.assert_array_equal(out, filtered)


# What is chosen


def encoder_of(waveform: np.ndarray) -> BestEncoder:
    return BestEncoder(rows_of(waveform), 0)


def test_a_hum_gets_a_filter_and_noise_none():
    assert encoder_of(humming(40_000)).channels[0].extras.taps_bits
    assert not encoder_of(np.rint(noise(40_000, 60))[:, np.newaxis]).channels[0].extras.taps_bits


def test_a_filter_makes_a_hum_smaller(monkeypatch):
    waveform, codec = humming(40_000), WaveformCodec("lossless")
    data, _ = codec.compress(waveform)
    np.testing.assert_array_equal(codec.decompress(data), waveform)
    monkeypatch.setattr(waveform_best, "TAPS_BITS", ())
    assert len(data) < 0.99 * len(codec.compress(waveform)[0])


def test_spikes_get_a_clipped_past_and_noise_none():
    waveform, codec = spiking(30_000), WaveformCodec("lossless")
    assert encoder_of(waveform).channels[0].extras.clipped.size == CLIPPED_LAGS
    assert not encoder_of(np.rint(noise(30_000, 60))[:, np.newaxis]).channels[0].extras.clipped.size
    data, _ = codec.compress(waveform)
    np.testing.assert_array_equal(codec.decompress(data), waveform)


def test_coefficients_on_a_clipped_past_are_found():
    row = np.zeros(ORDER_MAX + 30_000)
    for step, new in enumerate(np.random.default_rng(5).laplace(0, 1000, 30_000)):
        at = ORDER_MAX + step
        row[at] = 0.5 * row[at - 1] + 0.4 * row[at - 1].clip(-1024, 1024) - 0.3 * row[at - 5].clip(-1024, 1024) + new
    row = np.rint(row).astype(np.int32)
    assert limit_bits_of(row[ORDER_MAX:]) in (11, 12)
    predictor, clipped = fit_clipped(row[np.newaxis], 0, Predictor(np.empty(0, np.int32)), 10, 32, EFFORT)
    assert predictor.own[-1] / 4096 == pytest.approx(0.5, abs=0.05)
    assert clipped[0] / 4096 == pytest.approx(0.4, abs=0.08)
    assert clipped[4] / 4096 == pytest.approx(-0.3, abs=0.08)


def test_widths_that_repeat_are_found():
    edges = np.cumsum(np.resize([1.3, 0.8, 1.1, 0.8], 20_000))
    codes = np.searchsorted(edges, 10_000 + noise(60_000, 900)).astype(np.int32)
    levels = find_periodic_levels(codes, 300.0)
    assert np.abs(levels - [3, -3, 1, -3]).max() <= 1
    assert find_periodic_levels(codes, 3.0).size == 2
    assert find_periodic_levels(codes, 1.0).size == 0
    assert find_periodic_levels(np.rint(5000 + noise(60_000, 900)).astype(np.int32), 300.0).size == 0


def test_widths_that_repeat_make_a_waveform_smaller(monkeypatch):
    voltage = 8000 + 3000 * np.sin(np.arange(60_000) / 900) + noise(60_000, 50)
    waveform = np.searchsorted(np.cumsum(np.resize([1.3, 0.8, 1.1, 0.8], 16_000)), voltage)[:, np.newaxis]
    waveform, codec = waveform.astype(np.int16), WaveformCodec("lossless")
    data, _ = codec.compress(waveform)
    np.testing.assert_array_equal(codec.decompress(data), waveform)
    monkeypatch.setattr(waveform_best, "find_periodic_levels", lambda *_: np.empty(0, np.int64))
    assert len(data) < 0.997 * len(codec.compress(waveform)[0])


# How it is stored


def test_extras_come_back():
    extras = [Extras(), Extras(np.array([1, -2, 0, 3]), 13, np.arange(-4, 5, dtype=np.int32), 9), Extras(taps_bits=4)]
    data = np.frombuffer(encoded_extras(extras), np.uint8)
    decoded, size = take_extras(data, 3)
    assert size == data.size
    for got, expected in zip(decoded, extras, strict=True):
        assert (got.there, got.taps_bits) == (expected.there, expected.taps_bits)
        np.testing.assert_array_equal(got.periodic, expected.periodic)
        np.testing.assert_array_equal(got.clipped, expected.clipped)
    assert decoded[1].limit_bits == 13
    assert len(encoded_extras([Extras()] * 300)) == 1


@pytest.mark.parametrize(
    ("extras", "message"),
    [
        (Extras(taps_bits=3), "exponents out of range"),
        (Extras(taps_bits=10), "exponents out of range"),
        (Extras(np.zeros(512, int)), "exponents out of range"),
        (Extras(np.zeros(1, int)), "exponents out of range"),
        (Extras(clipped=np.zeros(CLIPPED_LAGS, np.int32), limit_bits=31), "exponents out of range"),
        (Extras(clipped=np.full(CLIPPED_LAGS, 1 << 20, np.int32)), "coefficients out of range"),
        (Extras(np.full(4, 33)), "widths out of range"),
        (Extras(np.zeros(4, int)), "widths of two kinds"),
    ],
)
def test_extras_that_make_no_sense_are_refused(extras, message):
    payload = write_channels([Channel(identity_grid(0, 4), widths=np.zeros(5, int), extras=extras)])
    with pytest.raises(CodecError, match=message):
        decode_group(np.frombuffer(payload, np.uint8), "best", True, INT16, (1, 5))


# All of it, on anything


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("name", extremes())
def test_extremes_come_back_whatever_predicts(name):
    waveform, codec = extremes()[name], WaveformCodec("lossless", chunk_steps=1777)
    np.testing.assert_array_equal(codec.decompress(codec.compress(waveform)[0]), waveform)


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("steps", [1, 2, 31, 33, BLOCK_STEPS, BLOCK_STEPS + 1, 2 * BLOCK_STEPS + 5])
def test_lengths_come_back_whatever_predicts(steps):
    waveform, codec = np.hstack([humming(steps), spiking(steps)]), WaveformCodec("lossless")
    data, _ = codec.compress(waveform)
    np.testing.assert_array_equal(codec.decompress(data), waveform)
    part = codec.decompress(data, start=steps // 3, stop=steps, channels=(1, 2))
    np.testing.assert_array_equal(part, waveform[steps // 3 :, 1:])


@pytest.mark.usefixtures("everything")
def test_a_bound_is_kept_whatever_predicts():
    waveform, codec = np.hstack([humming(2000), spiking(2000)]), WaveformCodec("bounded", max_error=3)
    errors = codec.decompress(codec.compress(waveform)[0]).astype(int) - waveform
    assert np.abs(errors).max() == 3


@pytest.mark.usefixtures("everything")
def test_forged_groups_are_refused_or_decoded_whatever_predicts():
    """Without checksums: what is decoded may be anything, but nothing else may happen."""
    rng = random.Random(5)
    payload, _ = encode_group(rows_of(np.hstack([humming(300), spiking(300)])), "best", 0, INT16)
    refused = 0
    for _ in range(600):
        forged = bytearray(payload)
        for _ in range(rng.randrange(1, 4)):
            forged[rng.randrange(min(len(forged), rng.choice([60, 10_000])))] = rng.randrange(256)
        try:
            decode_group(np.frombuffer(bytes(forged), np.uint8), "best", True, INT16, (2, 300))
        except CodecError:
            refused += 1
    assert refused > 560


def test_all_that_predicts_is_fuzzed():
    extras = encoder_of(fuzz_waveform.humming()).channels[0].extras
    assert extras.clipped.size
    assert extras.taps_bits
