"""Rasters from files: what is read, and what is said of files that cannot be."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from sim.loaders import Window, load

RASTER = (np.random.default_rng(1).random((50, 6)) < 0.2).astype(np.int8)


def save_phy(folder, times, clusters):
    np.save(folder / "spike_times.npy", times)
    np.save(folder / "spike_clusters.npy", clusters)
    return folder


def save_npy(folder, array):
    np.save(folder / "raster.npy", array)
    return folder / "raster.npy"


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_npy_of_any_type_is_read(tmp_path, dtype):
    assert np.array_equal(load(save_npy(tmp_path, RASTER.astype(dtype))).raster, RASTER)


def test_npz_with_one_array_or_one_named_raster_is_read(tmp_path):
    np.savez(tmp_path / "one.npz", anything=RASTER)
    np.savez(tmp_path / "two.npz", raster=RASTER, other=np.zeros(3))
    assert np.array_equal(load(tmp_path / "one.npz").raster, RASTER)
    assert np.array_equal(load(tmp_path / "two.npz").raster, RASTER)


def test_csv_keeps_the_columns_of_units_and_names_the_others(tmp_path):
    rows = [",".join(["0.5", *map(str, row), "-3"]) for row in RASTER]
    header = ",".join(["time", *(f"unit_{unit}" for unit in range(6)), "hand"])
    (tmp_path / "trial.csv").write_text("\n".join([header, *rows]))
    recording = load(tmp_path / "trial.csv")
    assert np.array_equal(recording.raster, RASTER)
    assert recording.notes == ("2 columns are not channels: time, hand",)


def test_spike_times_become_bins_of_sorted_clusters_and_merged_spikes_are_counted(tmp_path):
    # At 30 kHz: clusters 4 and 9; samples 0 and 29 share the first millisecond, 30 begins the second.
    folder = save_phy(tmp_path, np.array([[0], [29], [30], [95]], np.uint64), np.array([9, 9, 9, 4], np.int32))
    recording = load(folder)
    assert recording.raster.tolist() == [[0, 1], [0, 1], [0, 0], [1, 0]]
    assert recording.notes == ("1 of 4 spikes share a bin with another of their unit and are merged with it",)


def test_every_sample_on_the_edge_of_a_bin_begins_it(tmp_path):
    steps = np.arange(20_000)
    recording = load(save_phy(tmp_path, 30 * steps, np.zeros_like(steps)))
    assert recording.raster.all()
    assert not recording.notes


def test_sample_rate_and_bin_width_scale_the_steps(tmp_path):
    folder = save_phy(tmp_path, np.array([0, 1000, 4000]), np.array([0, 1, 0]))
    recording = load(folder, Window(bin_ms=50), fs_hz=20_000)
    assert np.argwhere(recording.raster).tolist() == [[0, 0], [1, 1], [4, 0]]


def test_window_is_a_part_of_the_whole(tmp_path):
    window = Window(start_s=0.01, duration_s=0.025, channels=4)
    assert np.array_equal(load(save_npy(tmp_path, RASTER), window).raster, RASTER[10:35, :4])
    times, clusters = np.nonzero(RASTER)
    folder = save_phy(tmp_path, 30 * times, clusters)
    assert np.array_equal(load(folder, window).raster, RASTER[10:35, :4])


def test_hdf5_and_mat_of_spike_times_are_read(tmp_path):
    trains = [np.array([0.0, 0.0021]), np.array([0.0011])]
    expected = [[1, 0], [0, 1], [1, 0]]
    with h5py.File(tmp_path / "array.h5", "w") as file:
        file["spikes"], file["sCount"] = np.concatenate(trains), [2, 1]
    cells = np.empty((1, 2), object)
    cells[0, :] = trains
    savemat(tmp_path / "units.mat", {"unit_t": cells})
    nested = np.empty((1, 3), object)
    nested[0, 0] = {"time": trains[0] + 7, "timerange": [7.0, 8.0]}
    nested[0, 1] = []
    nested[0, 2] = {"time": trains[1] + 7, "timerange": [7.0, 8.0]}
    savemat(tmp_path / "cells.mat", {"spikes": nested})
    for name in ("array.h5", "units.mat", "cells.mat"):
        assert load(tmp_path / name).raster.tolist() == expected, name


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros(5), r"must have two dimensions \(steps, channels\), not shape \(5,\)"),
        (np.zeros((2, 2, 2)), "must have two dimensions"),
        (np.zeros((0, 4)), r"at least 1 step and 1..4096 channels, not shape \(0, 4\)"),
        (np.zeros((4, 0)), "at least 1 step"),
        (np.zeros((1, 4097)), "1..4096 channels"),
        (np.full((3, 2), 255, np.uint8), "must be 0 or 1 everywhere, not 255 at step 0, channel 0"),
        (np.array([[0, 1], [0, -1]]), "not -1 at step 1, channel 1"),
        (np.array([[0, 2]]), "not 2 at step 0, channel 1"),
        (np.array([[0, 256]]), "not 256 at step 0, channel 1"),
        (np.array([[0, 0.5]]), "not 0.5 at step 0, channel 1"),
        (np.array([[np.nan]]), "not nan at step 0, channel 0"),
        (np.array([["a"]]), "must hold numbers, not <U1"),
        (np.array([[None]], object), "cannot read"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, array, sentence):
    with pytest.raises(ValueError, match=sentence):
        load(save_npy(tmp_path, array))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.npy", b"no array", r"cannot read .*a\.npy is neither a \.npy nor a \.npz file"),
        ("a.npz", b"no archive", r"cannot read .*a\.npz is neither a \.npy nor a \.npz file"),
        ("a.h5", b"no HDF5", "cannot read"),
        ("a.mat", b"no MATLAB", "cannot read"),
        ("a.txt", b"", "must be a folder or end in .npy, .npz, .csv, .h5, .hdf5, .mat"),
        ("a.csv", b"", "must begin with a header"),
        ("a.csv", b"0,1\n1,0\n", "must begin with a header"),
        ("a.csv", b"unit_1,unit_2\n0,x\n", "cannot read .*could not convert"),
        ("a.csv", b"unit_1,unit_2\n0,1\n0\n", "cannot read"),
        ("a.csv", b"unit_1\n0\n2\n", "not 2.0 at step 1, channel 0"),
    ],
)
def test_wrong_files_are_named(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=sentence) as raised:
        load(tmp_path / name)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("times", "clusters", "sentence"),
    [
        ([], [], "must hold integer samples"),
        (np.array([], int), np.array([], int), "has no spikes"),
        ([1, 2], [0], "must hold a cluster for each spike: 2 times, 1 clusters"),
        ([1.5], [0], "must hold integer samples and clusters, not float64 and int64"),
        ([-1], [0], "before its start"),
        (np.zeros(5000, int), np.arange(5000), "channels must be in 1..4096 for a recording of 5000 channels, not all"),
    ],
)
def test_wrong_spike_times_are_named(tmp_path, times, clusters, sentence):
    with pytest.raises(ValueError, match=sentence):
        load(save_phy(tmp_path, np.asarray(times), np.asarray(clusters)))


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ({"bin_ms": 0}, "bin_ms must be a number above 0, not 0"),
        ({"bin_ms": float("inf")}, "bin_ms must be a number above 0, not inf"),
        ({"start_s": -1}, "start must be a number of seconds from 0 on, not -1"),
        ({"duration_s": 0}, "duration must be a number above 0, not 0"),
        ({"start_s": 0.05}, "must lie within the recording, which is 0.05 s long"),
        ({"start_s": 0.02, "duration_s": 0.031}, "must lie within the recording"),
        ({"channels": 7}, "channels must be in 1..6 for a recording of 6 channels, not 7"),
        ({"channels": 0}, "channels must be in 1..6"),
    ],
)
def test_wrong_windows_are_named(tmp_path, window, sentence):
    with pytest.raises(ValueError, match=sentence):
        load(save_npy(tmp_path, RASTER), Window(**window))


def test_missing_paths_and_needless_sample_rates_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"data path .*nothing does not exist"):
        load(tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"must hold spike_times.npy and spike_clusters.npy"):
        load(tmp_path)
    with pytest.raises(ValueError, match="has no sample rate"):
        load(save_npy(tmp_path, RASTER), fs_hz=20_000)


@pytest.mark.parametrize(
    ("path", "shape", "spikes"),
    [
        ("neuropixels", (119_844, 404), 377_834),
        ("mc_maze/trial_748_data.csv", (3236, 182), 1654),
        ("retina/Sun2008_X026P11R-MEME1.h5", (780_693, 108), 380_172),
        ("hippocampus/linear-track_spikes.mat", (1_968_150, 31), 28_829),
        ("hippocampus/all_unit.mat", (998_177, 16), 35_092),
    ],
)
def test_real_recordings_are_read(data_folder, path, shape, spikes):
    source = data_folder / "spikes" / path
    if not source.exists():
        pytest.skip(f"no recording at {source}")
    raster = load(source).raster
    assert raster.shape == shape
    assert np.count_nonzero(raster) == spikes


def test_recordings_without_end_are_refused(tmp_path):
    np.save(tmp_path / "spike_times.npy", np.array([1, 2, 10**17]))
    np.save(tmp_path / "spike_clusters.npy", np.array([0, 1, 0]))
    with pytest.raises(ValueError, match=r"duration must leave at most 4294967296 bins, not 3.33333e\+12 s"):
        load(tmp_path)


def test_a_table_without_rows_is_named(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("unit_1,unit_2\n")
    with pytest.raises(ValueError, match="nothing below its header"):
        load(path)
