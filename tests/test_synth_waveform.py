"""Synthetic waveforms: the same for everyone, and made of what they claim."""

from itertools import pairwise

import numpy as np
import pytest

from model.synth import demo_waveform, realistic_waveform

FS = 20_000


@pytest.fixture(scope="module")
def realistic():
    return realistic_waveform(5 * FS, 24)


def test_realistic_is_the_same_for_the_same_seed():
    waveform, truth = realistic_waveform(1000, 70)
    again, truth_again = realistic_waveform(1000, 70, seed=42)
    assert waveform.dtype == np.int16
    assert waveform.shape == (1000, 70)
    np.testing.assert_array_equal(waveform, again)
    np.testing.assert_array_equal(truth.spike_samples, truth_again.spike_samples)
    assert (realistic_waveform(1000, 70, seed=43)[0] != waveform).any()


def test_noise_has_the_size_the_truth_states():
    waveform, truth = realistic_waveform(FS, 8, units_per_channel=0, lfp_rms_lsb=0)
    np.testing.assert_allclose(waveform.std(axis=0), truth.noise_rms_lsb, rtol=0.03)
    assert truth.noise_rms_lsb.min() >= 5
    assert truth.noise_rms_lsb.max() <= 8
    assert truth.spike_samples.size == 0


def test_field_has_its_size_band_and_correlation(realistic):
    waveform, _ = realistic
    spectrum = np.abs(np.fft.rfft(waveform, axis=0)) ** 2
    frequencies = np.fft.rfftfreq(len(waveform), 1 / FS)
    power = spectrum.mean(axis=1)
    assert np.sqrt(2 * power[(frequencies > 0) & (frequencies < 300)].sum()) / len(waveform) == pytest.approx(60, 0.2)
    octaves = [power[(frequencies >= f) & (frequencies < 2 * f)].mean() for f in (2, 4, 8, 16, 32)]
    assert all(2.5 < low / high < 6 for low, high in pairwise(octaves))
    assert power[(frequencies > 310) & (frequencies < 600)].mean() < 0.1 * power[frequencies < 300].mean()
    neighbours = np.mean([np.corrcoef(waveform[:, c], waveform[:, c + 1])[0, 1] for c in range(23)])
    distant = np.mean([np.corrcoef(waveform[:, c], waveform[:, c + 6])[0, 1] for c in range(18)])
    assert neighbours == pytest.approx(0.9, abs=0.05)
    assert distant == pytest.approx(0.9**6, abs=0.2)


def test_spikes_are_where_and_as_large_as_the_truth_states():
    waveform, truth = realistic_waveform(5 * FS, 24, lfp_rms_lsb=0)
    for unit in range(truth.unit_channels.size):
        samples = truth.spike_samples[truth.spike_units == unit]
        if samples.size >= 20:
            trough = np.median(waveform[samples, truth.unit_channels[unit]])
            assert trough == pytest.approx(-truth.unit_peaks_lsb[unit], abs=8)


def test_units_are_refractory_and_fire_at_log_normal_rates():
    _, truth = realistic_waveform(20 * FS, 4, units_per_channel=500)
    intervals = np.concatenate([np.diff(truth.spike_samples[truth.spike_units == unit]) for unit in range(2000)])
    assert intervals.min() >= 0.002 * FS - 1
    rates_hz = np.bincount(truth.spike_units, minlength=2000) / 20
    assert np.median(rates_hz) == pytest.approx(2, rel=0.15)
    assert rates_hz.mean() == pytest.approx(4, rel=0.15)
    assert (np.diff(truth.spike_samples) >= 0).all()
    assert (truth.unit_peaks_lsb >= 40).all()
    assert (truth.unit_peaks_lsb <= 200).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (50, 65)])
def test_the_smallest_recordings_can_be_made(shape):
    waveform, _ = realistic_waveform(*shape)
    assert waveform.shape == shape


def test_a_saturating_field_stays_on_the_adc():
    waveform, _ = realistic_waveform(1000, 2, lfp_rms_lsb=5000)
    assert waveform.min() == -512
    assert waveform.max() == 511


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_channels": 0}, "n_channels must be an integer in 1..4096, not 0"),
        ({"n_steps": -1}, "n_steps must be an integer in 1"),
        ({"sampling_hz": 999}, "sampling_hz must be at least 1000, and finite, not 999"),
        ({"units_per_channel": -1}, "units_per_channel must be at least 0"),
        ({"lfp_rms_lsb": float("nan")}, "lfp_rms_lsb must be at least 0, and finite, not nan"),
        ({"lfp_correlation": 1.5}, r"lfp_correlation must be in 0\.\.1, not 1.5"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        realistic_waveform(**arguments)


def test_demo_is_the_published_one():
    waveform, spikes = demo_waveform()
    assert waveform.shape == (20_000, 1024)
    assert waveform.dtype == np.float32
    assert sum(times.size for times in spikes) == 2412
    noise = np.random.RandomState(42).randn(1, 1024).astype(np.float32) * 50
    np.testing.assert_array_equal(waveform[:1], noise)


def test_demo_needs_room_for_its_spikes():
    assert demo_waveform(204, 2)[0].shape == (204, 2)
    with pytest.raises(ValueError, match="n_steps must be at least 204, not 203"):
        demo_waveform(203, 2)
