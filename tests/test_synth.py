"""Synthetic rasters: the same for everyone, and with the habits they claim."""

import time

import numpy as np
import pytest

from model.synth import bernoulli_raster, physiological_raster


def intervals(raster: np.ndarray) -> np.ndarray:
    """Return the steps from each spike to the next of its channel, of all channels."""
    return np.concatenate([np.diff(np.flatnonzero(channel)) for channel in raster.T])


def test_bernoulli_is_the_published_workload():
    expected = np.random.default_rng(42).random((20_000, 1024), dtype=np.float32) < 0.01
    np.testing.assert_array_equal(bernoulli_raster(0.01), expected)


@pytest.mark.parametrize("density", [0, 0.3, 1])
def test_bernoulli_has_its_density(density):
    raster = bernoulli_raster(density, 1000, 100)
    assert raster.dtype == np.int8
    assert raster.mean() == pytest.approx(density, abs=0.005)


def test_physiological_is_the_same_for_the_same_seed():
    raster = physiological_raster()
    assert raster.shape == (2000, 256)
    assert raster.dtype == np.int8
    assert set(np.unique(raster)) == {0, 1}
    np.testing.assert_array_equal(physiological_raster(seed=42), raster)
    assert (physiological_raster(seed=43) != raster).any()


def test_rates_are_log_normal():
    raster = physiological_raster(1000, 50_000, burst_chance=0, event_rate_hz=0)
    rates_hz = raster.mean(axis=0) * 1000
    assert np.median(rates_hz) == pytest.approx(2, rel=0.1)
    assert rates_hz.mean() == pytest.approx(4, rel=0.1)
    assert np.log(rates_hz[rates_hz > 0]).std() == pytest.approx(np.sqrt(2 * np.log(2)), rel=0.1)


@pytest.mark.parametrize(("bin_ms", "refractory_ms", "least"), [(1, 2, 2), (1, 4.5, 5), (0.1, 2, 20), (5, 2, 1)])
def test_refractory_period_is_absolute(bin_ms, refractory_ms, least):
    raster = physiological_raster(
        100, 20_000, bin_ms, rate_median_hz=40, rate_mean_hz=60, refractory_ms=refractory_ms, burst_chance=0.5
    )
    assert intervals(raster).min() == least


def test_bursts_are_of_spikes_about_5_ms_apart():
    with_bursts, without = (
        intervals(physiological_raster(300, 20_000, burst_chance=chance, event_rate_hz=0)) for chance in (0.2, 0)
    )
    share_of_4_to_6_ms = [np.isin(steps, [4, 5, 6]).mean() for steps in (with_bursts, without)]
    assert share_of_4_to_6_ms[0] > 0.3
    assert share_of_4_to_6_ms[1] < 0.1


def test_population_events_make_channels_fire_together():
    def fano_factor(event_rate_hz: float) -> float:
        raster = physiological_raster(300, 20_000, burst_chance=0, event_rate_hz=event_rate_hz)
        counts = raster.sum(axis=1).reshape(-1, 50).sum(axis=1)
        return counts.var() / counts.mean()

    assert fano_factor(0) == pytest.approx(1, abs=0.25)
    assert fano_factor(1) > 5


def test_a_thousand_channels_are_made_in_seconds():
    start = time.perf_counter()
    physiological_raster(1024, 20_000)
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_channels": 0}, "n_channels must be an integer in 1..4096, not 0"),
        ({"n_channels": 4097}, "n_channels must be an integer in 1..4096, not 4097"),
        ({"n_steps": 0}, "n_steps must be an integer in 1"),
        ({"n_steps": 2.0}, "n_steps must be an integer in 1"),
        ({"seed": -1}, "seed must be an integer in 0"),
        ({"bin_ms": 0}, "bin_ms must be at least 1e-09, and finite, not 0"),
        ({"bin_ms": float("nan")}, "bin_ms must be at least 1e-09, and finite, not nan"),
        ({"rate_median_hz": float("inf")}, "rate_median_hz must be at least .* finite, not inf"),
        ({"rate_mean_hz": 1.9}, "rate_mean_hz must be at least 2, and finite, not 1.9"),
        ({"refractory_ms": -1}, "refractory_ms must be at least 0, and finite, not -1"),
        ({"burst_chance": 1.1}, r"burst_chance must be in 0\.\.1, not 1.1"),
        ({"event_rate_hz": -1}, "event_rate_hz must be at least 0, and finite, not -1"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        physiological_raster(**arguments)


@pytest.mark.parametrize("density", [-0.1, 1.1, float("nan")])
def test_density_is_a_probability(density):
    with pytest.raises(ValueError, match=r"density must be in 0\.\.1"):
        bernoulli_raster(density)
