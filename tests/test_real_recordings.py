"""Whole real recordings through the fast path; a slice of each through the specification too."""

from pathlib import Path

import numpy as np
import pytest

from model import Settings, decode_raster, encode_packets, encode_raster
from model.golden import SpikeEncoder
from sim.loaders import load

SOURCES = {
    "neuropixels": "spikes/neuropixels",
    "mc_maze": "spikes/mc_maze/trial_748_data.csv",
    "hippocampus": "spikes/hippocampus/linear-track_spikes.mat",
    "retina": "spikes/retina/Sun2008_X026P11R-MEME1.h5",
}
CHOICES = {
    "defaults": Settings(),
    "without prediction": Settings(alpha_q8=0, epoch_steps=1000),
    "stochastic prediction": Settings(alpha_q8=3, sharpness=0, epoch_steps=20, keyframe_interval=1),
    "leb128": Settings(coder="leb128", epoch_steps=1000, keyframe_interval=50),
}


@pytest.fixture(scope="module", params=SOURCES)
def raster(request, data_folder) -> np.ndarray:
    path: Path = data_folder / SOURCES[request.param]
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    return load(path).raster


@pytest.mark.parametrize("choice", CHOICES)
def test_whole_recordings_come_back(raster, choice):
    np.testing.assert_array_equal(decode_raster(encode_raster(raster, CHOICES[choice])), raster)


@pytest.mark.parametrize("choice", CHOICES)
def test_slices_equal_the_golden_bytes(raster, choice):
    busiest = int(np.argmax(np.convolve(raster.sum(axis=1), np.ones(250), mode="valid")))
    part = raster[busiest : busiest + 250]
    golden = SpikeEncoder(part.shape[1], CHOICES[choice]).encode(part.tolist())
    assert encode_packets(part, CHOICES[choice]) == golden


def test_neuropixels_is_the_recording_that_it_should_be(data_folder):
    path = data_folder / SOURCES["neuropixels"]
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    raster = load(path).raster
    assert raster.shape[1] == 404
    assert 119_000 < raster.shape[0] < 120_000
    assert 0.98 * 379_321 < raster.sum() <= 379_321
