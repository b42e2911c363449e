"""Fidelity: known errors give known measures."""

import math

import numpy as np
import pytest

from model import WaveformCodec
from model.codecs.fidelity import compare
from model.codecs.spike_detection import detect
from model.kernels.spike_peaks import count_matches
from model.synth import realistic_waveform

FS = 20_000.0


@pytest.fixture(scope="module")
def recording():
    return realistic_waveform(40_000, 6)


def column(samples):
    return samples[:, np.newaxis]


def test_errors_are_the_largest_and_the_mean():
    original = np.zeros((400, 2), np.int16)
    decoded = original.copy()
    decoded[7, 1] = -30
    fidelity = compare(original, decoded, FS)
    assert fidelity.worst_error == 30
    assert fidelity.rms_error == pytest.approx(math.sqrt(900 / 800))


def test_what_is_unchanged_is_perfect(recording):
    waveform = recording[0]
    fidelity = compare(waveform, waveform, FS)
    assert fidelity.lfp_snr_db == fidelity.snippet_snr_db == math.inf
    assert fidelity.precision == fidelity.recall == 1
    assert fidelity.worst_error == 0


def test_bands_are_kept_apart():
    time = np.arange(20_000) / FS
    low, high = np.sin(2 * np.pi * 50 * time), np.sin(2 * np.pi * 2000 * time)
    in_lfp = compare(column(low + high), column(1.1 * low + high), FS)
    assert in_lfp.lfp_snr_db == pytest.approx(20, abs=0.05)
    above = compare(column(low + high), column(low + 0.9 * high), FS)
    assert above.lfp_snr_db > 35


def test_a_drift_of_the_mean_is_no_signal():
    original = np.full((1000, 1), 512)
    assert math.isnan(compare(original, original + 1, FS).lfp_snr_db)


@pytest.mark.parametrize("offset", [0, 512])
def test_spikes_are_found_whatever_the_offset_and_the_field(offset, recording):
    waveform, truth = recording
    for channel in range(6):
        units = np.flatnonzero((truth.unit_channels == channel) & (truth.unit_peaks_lsb > 90))
        samples = waveform[:, [channel]].astype(np.float32) + offset
        fidelity = compare(samples, samples, FS)
        spikes = detect(samples, 4.5, FS).troughs.steps
        samples = truth.spike_samples[np.isin(truth.spike_units, units)]
        samples = samples[(samples > 100) & (samples < 39_900)]
        assert count_matches(samples, spikes, 10) >= 0.9 * samples.size
        assert fidelity.detected > 0.8 * samples.size


def test_lost_and_invented_spikes_are_counted():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 8, (20_000, 1))
    template = -100 * np.hanning(10)[:, np.newaxis]
    original, decoded = noise.copy(), noise.copy()
    for index, start in enumerate(range(1000, 19_000, 900)):
        if index % 4:
            original[start : start + 10] += template
        if index % 5:
            decoded[start : start + 10] += template
    fidelity = compare(original, decoded, FS)
    assert fidelity.detected == 15
    assert fidelity.detected_again == 16
    assert fidelity.matched == 12
    assert fidelity.recall == 12 / 15
    assert fidelity.precision == 12 / 16
    assert 0 < fidelity.snippet_snr_db < 10


@pytest.mark.parametrize(
    ("first", "second", "matches"), [([], [5], 0), ([5, 9], [5, 9], 2), ([5], [3, 8], 1), ([5, 6], [7], 1)]
)
def test_each_spike_is_of_one_pair(first, second, matches):
    assert count_matches(np.array(first, dtype=np.int64), np.array(second, dtype=np.int64), 2) == matches


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (90, 1)])
def test_pieces_too_short_for_spikes(shape):
    fidelity = compare(np.ones(shape), np.zeros(shape), FS)
    assert fidelity.worst_error == 1
    assert fidelity.detected == 0
    assert math.isnan(fidelity.recall)


def test_a_bounded_codec_states_the_fidelity_of_what_it_decodes(recording):
    waveform, _ = recording
    codec = WaveformCodec("bounded", "fast", max_error=4, lsb_microvolts=2.0, chunk_steps=40_000)
    data, result = codec.compress(waveform)
    expected = compare(waveform, codec.decompress(data), 20_000.0)
    assert vars(result.fidelity) == pytest.approx(vars(expected))
    assert result.fidelity.recall > 0.92
    assert result.fidelity.precision > 0.92
    assert result.fidelity.lfp_snr_db > 30
    assert result.fidelity.snippet_snr_db > 12
    assert "error at most 4 of 4" in result.summary()
    assert "(microvolts: 8, rms 5." in result.summary()
