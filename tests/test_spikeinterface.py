"""SpikeInterface's recordings in Zarr with this codec, its sortings in compressed recordings, NWB by hdmf-zarr."""

from datetime import UTC, datetime

import numpy as np
import pytest

si = pytest.importorskip("spikeinterface.core", reason="needs the extra spikeinterface")

from model.errors import CodecError  # noqa: E402
from model.files.compressed import CompressedRecording  # noqa: E402
from model.integrations.numcodecs_codecs import WaveformNumcodec  # noqa: E402
from model.integrations.sortings import compress_sorting, open_sorting  # noqa: E402


@pytest.fixture
def ground_truth():
    """A recording of 8 channels on a probe, two segments, int16 with gains and offsets, and its sorting."""
    recording, sorting = si.generate_ground_truth_recording(
        durations=[0.5, 0.3], sampling_frequency=30000, num_channels=8, num_units=5, seed=0
    )
    integers = si.NumpyRecording(
        [np.rint(recording.get_traces(segment_index=index) * 5).astype(np.int16) for index in (0, 1)],
        30000,
        channel_ids=[f"AP{index}" for index in range(8)],
    )
    integers.set_probe(recording.get_probe())
    integers.set_channel_gains(np.linspace(0.1, 0.2, 8))
    integers.set_channel_offsets(np.arange(8.0))
    return integers, sorting


@pytest.mark.parametrize("preset", ["fast", "best"])
def test_recording_in_zarr_and_back(ground_truth, tmp_path, preset):
    recording = ground_truth[0]
    times = np.arange(15000) / 30000 + 0.1 / 3
    times[7000:] += np.pi  # a pause
    recording.set_times(times, segment_index=0)
    recording.save(
        format="zarr",
        folder=tmp_path / "recording.zarr",
        compressor=WaveformNumcodec(preset=preset),
        channel_chunk_size=5,
        chunk_duration="0.1s",
        n_jobs=1,
        progress_bar=False,
    )
    found = si.load(tmp_path / "recording.zarr")
    for index in (0, 1):
        np.testing.assert_array_equal(found.get_traces(segment_index=index), recording.get_traces(segment_index=index))
    np.testing.assert_array_equal(found.get_times(segment_index=0), times)
    np.testing.assert_array_equal(found.get_times(segment_index=1), recording.get_times(segment_index=1))
    assert found.get_dtype() == np.int16
    assert list(found.channel_ids) == list(recording.channel_ids)
    np.testing.assert_array_equal(found.get_channel_gains(), recording.get_channel_gains())
    np.testing.assert_array_equal(found.get_channel_offsets(), recording.get_channel_offsets())
    np.testing.assert_array_equal(found.get_probe().contact_positions, recording.get_probe().contact_positions)
    part = found.get_traces(segment_index=0, start_frame=2990, end_frame=3010, channel_ids=["AP4", "AP5"])
    np.testing.assert_array_equal(part, recording.get_traces(segment_index=0)[2990:3010, 4:6])


def test_bounded_recording(ground_truth, tmp_path):
    """Times would change as samples do, so that they have a compressor of their own."""
    compressors = {
        "compressor": WaveformNumcodec("bounded", max_error=2),
        "compressor_by_dataset": {"times": WaveformNumcodec()},
    }
    ground_truth[0].save(format="zarr", folder=tmp_path / "r.zarr", n_jobs=1, progress_bar=False, **compressors)
    error = si.load(tmp_path / "r.zarr").get_traces(segment_index=0).astype(int) - ground_truth[0].get_traces(
        segment_index=0
    )
    assert 0 < np.abs(error).max() <= 2


def assert_same_spikes(found, sorting):
    assert list(found.unit_ids) == list(sorting.unit_ids)
    assert found.sampling_frequency == sorting.sampling_frequency
    assert found.get_num_segments() == sorting.get_num_segments()
    fields = ["sample_index", "unit_index", "segment_index"]
    for field in fields:
        np.testing.assert_array_equal(found.to_spike_vector()[field], sorting.to_spike_vector()[field])
    for index in range(sorting.get_num_segments()):
        for unit in sorting.unit_ids:
            train = sorting.get_unit_spike_train(unit, segment_index=index)
            np.testing.assert_array_equal(found.get_unit_spike_train(unit, segment_index=index), train)


@pytest.mark.parametrize("codec", ["isi", "predictive"])
def test_sorting_and_back(ground_truth, tmp_path, codec):
    sorting = ground_truth[1]
    compress_sorting(sorting, tmp_path / "s.ctcz", codec)
    assert_same_spikes(open_sorting(tmp_path / "s.ctcz"), sorting)


@pytest.mark.parametrize(
    "segments",
    [
        [{"a": [5, 5, 5, 9], "bb": [0, 5]}, {"a": [], "bb": []}, {"a": [3], "bb": []}],
        [{"a": [7], "bb": []}, {"a": [], "bb": []}],
        [{"a": [], "bb": []}],
        [{3: [2**25], 1: [0]}],
    ],
    ids=["repeated spikes", "last segment empty", "empty", "after blocks of silence"],
)
def test_odd_sortings(tmp_path, segments):
    trains = [{unit: np.array(train, np.int64) for unit, train in segment.items()} for segment in segments]
    sorting = si.NumpySorting.from_unit_dict(trains, 30000.5)
    missing = len(segments) - sorting.get_num_segments()
    for index in range(missing):
        vector = sorting.to_spike_vector()
        sorting.add_sorting_segment(
            type(sorting.segments[0])(vector, len(segments) - missing + index, sorting.unit_ids)
        )
    compress_sorting(sorting, tmp_path / "s.ctcz")
    assert_same_spikes(open_sorting(tmp_path / "s.ctcz"), sorting)


def test_other_recordings_are_no_sortings(tmp_path):
    from model.files.compress import compress
    from model.files.hints import Hints
    from model.files.open import open_recording
    from model.formats.chunk import WaveformCoder

    np.save(tmp_path / "a.npy", np.zeros((9, 2), np.int16))
    compress(open_recording(tmp_path / "a.npy", Hints()), tmp_path / "a.ctcz", WaveformCoder(), 1, lambda _: None)
    with pytest.raises(CodecError, match="holds no sorting"):
        open_sorting(tmp_path / "a.ctcz")


# NWB


@pytest.fixture
def nwb_file():
    pynwb = pytest.importorskip("pynwb", reason="needs the extra nwb")
    file = pynwb.NWBFile("session", "identifier", datetime.fromtimestamp(0, UTC))
    group = file.create_electrode_group("shank", "one", "somewhere", file.create_device("probe"))
    for _ in range(6):
        file.add_electrode(group=group, location="somewhere")
    return pynwb, file, file.create_electrode_table_region(list(range(6)), "all")


SAMPLES = np.random.default_rng(2).integers(-20, 21, (3000, 6)).cumsum(0).astype(np.int16)
TIMES = np.linspace(0.1, 0.2, 3000)


def series(pynwb, data, region, **clock):
    return pynwb.ecephys.ElectricalSeries(name="raw", data=data, electrodes=region, conversion=1.95e-7, **clock)


def test_nwb_by_hdmf_zarr(nwb_file, tmp_path):
    pynwb, file, region = nwb_file
    hdmf_zarr = pytest.importorskip("hdmf_zarr", reason="needs the extra nwb")
    compressor = WaveformNumcodec()
    data = hdmf_zarr.ZarrDataIO(SAMPLES, compressor=compressor, chunks=(1000, 4))
    times = hdmf_zarr.ZarrDataIO(TIMES, compressor=compressor)
    file.add_acquisition(series(pynwb, data, region, timestamps=times))
    with hdmf_zarr.NWBZarrIO(str(tmp_path / "a.zarr"), "w") as io:
        io.write(file)
    with hdmf_zarr.NWBZarrIO(str(tmp_path / "a.zarr"), "r") as io:
        found = io.read().acquisition["raw"]
        assert found.data.compressor == compressor
        np.testing.assert_array_equal(found.data[:], SAMPLES)
        np.testing.assert_array_equal(found.timestamps[:], TIMES)
        assert found.conversion == 1.95e-7


@pytest.mark.parametrize("clock", [{"rate": 24000.0}, {"timestamps": TIMES}], ids=["rate", "times"])
def test_nwb_is_compressed_and_written(nwb_file, tmp_path, clock):
    from model.files.compress import compress
    from model.files.decompress import decompress
    from model.files.hints import Hints
    from model.files.open import open_recording
    from model.formats.chunk import WaveformCoder

    pynwb, file, region = nwb_file
    file.add_acquisition(series(pynwb, SAMPLES, region, **clock))
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "w") as io:
        io.write(file)
    recording = open_recording(tmp_path / "a.nwb", Hints())
    assert recording.note.endswith("the series acquisition/raw is kept, and not the rest of the file")
    compress(recording, tmp_path / "a.ctcz", WaveformCoder(), 1, lambda _: None)
    packed = CompressedRecording(tmp_path / "a.ctcz")
    decompress(packed, tmp_path / "b.nwb", 0, 3000, 1, lambda _: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ctcz", "a.nwb", "b.nwb"]
    with pynwb.NWBHDF5IO(str(tmp_path / "b.nwb"), "r") as io:
        (found,) = io.read().acquisition.values()
        np.testing.assert_array_equal(found.data[:], SAMPLES)
        assert found.data.dtype == np.int16
        assert found.conversion == pytest.approx(1.95e-7, rel=1e-12)
        if "rate" in clock:
            assert found.rate == clock["rate"]
        else:
            np.testing.assert_array_equal(found.timestamps[:], TIMES)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "has a series /acquisition/raw that is not as NWB has it: "),
        ({"data": np.int16(5)}, "has a series /acquisition/raw that is not as NWB has it: "),
        ({"data": np.array([b"a"])}, r"must hold numbers, not |S1"),
        (
            {"data": SAMPLES, "conversion": "much"},
            "that is not as NWB has it: could not convert string to float: 'much'",
        ),
        ({"data": SAMPLES, "conversion": np.nan}, "must have finite gains and offsets"),
        ({"data": SAMPLES, "rate": np.nan}, "must have a sampling rate above 0, not nan Hz"),
        ({"data": SAMPLES, "rate": -1.0}, "must have a sampling rate above 0, not -1 Hz"),
        ({"data": SAMPLES, "channel_conversion": [1.0]}, "not as NWB has it: 1 channel_conversion for 6 channels"),
        ({"data": SAMPLES, "timestamps": TIMES[1:]}, r"NWB has it: timestamps of float64 \(2999,\) for 3000 samples"),
    ],
)
def test_nwb_that_is_none(tmp_path, content, sentence):
    h5py = pytest.importorskip("h5py", reason="needs the extra nwb")
    from model.files.hints import Hints
    from model.files.open import open_recording

    with h5py.File(tmp_path / "a.nwb", "w") as file:
        series = file.create_group("acquisition/raw")
        series.attrs["neurodata_type"] = "ElectricalSeries"
        series.create_dataset("starting_time", data=0.0).attrs["rate"] = content.pop("rate", 30000.0)
        conversion = content.pop("conversion", 1.0)
        for name, values in content.items():
            series.create_dataset(name, data=values).attrs["conversion"] = conversion
    with pytest.raises(ValueError, match=sentence):
        open_recording(tmp_path / "a.nwb", Hints())


def test_nwb_without_samples(tmp_path):
    pytest.importorskip("pynwb", reason="needs the extra nwb")
    from model.files.hints import Hints
    from model.files.nwb import write_nwb
    from model.files.open import open_recording
    from model.files.recording import Signal

    write_nwb(tmp_path / "a.nwb", Signal(0, 3, np.dtype("i2"), 30000.0), iter([]), None)
    assert open_recording(tmp_path / "a.nwb", Hints()).signal.steps == 0
