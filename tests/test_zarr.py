"""The codecs in Zarr arrays: of format 2 with any version of zarr, of format 3 with zarr 3.1 or newer."""

import json
import subprocess
import sys

import numpy as np
import pytest

zarr = pytest.importorskip("zarr", reason="needs the extra zarr")

from model.errors import CodecError  # noqa: E402
from model.integrations.numcodecs_codecs import SpikeNumcodec, WaveformNumcodec  # noqa: E402

ZARR_3 = int(zarr.__version__.split(".")[0]) >= 3
needs_zarr_3 = pytest.mark.skipif(not ZARR_3, reason="needs zarr 3.1 or newer, which make test-zarr installs")

RANDOM = np.random.default_rng(4)
SAMPLES = RANDOM.integers(-20, 21, (1000, 12)).cumsum(0).astype(np.int16)
RASTER = RANDOM.random((1000, 12)) < 0.02


def create_2(path, array, compressor, **options):
    """Create an array of format 2 and store `array`."""
    if ZARR_3:
        options["compressors"] = compressor
        stored = zarr.create_array(path, shape=array.shape, dtype=array.dtype, zarr_format=2, **options)
    else:
        options["compressor"] = compressor
        stored = zarr.open(path, "w", shape=array.shape, dtype=array.dtype, **options)
    stored[...] = array


def create_3(path, array, name, **options):
    """Create an array of format 3 in shards of 400 steps and store `array`."""
    serializer = {"name": name, "configuration": options}
    stored = zarr.create_array(
        path,
        shape=array.shape,
        dtype=array.dtype,
        chunks=(100, 4),
        shards=(400, 12),
        serializer=serializer,
        compressors=None,
    )
    stored[...] = array


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("array", "codec"),
    [
        (SAMPLES, WaveformNumcodec()),
        (SAMPLES.astype(">i4"), WaveformNumcodec("lossless", "best")),
        (RASTER, SpikeNumcodec()),
    ],
    ids=repr,
)
def test_format_2(tmp_path, array, codec, order):
    create_2(tmp_path / "array", array, codec, chunks=(300, 5), order=order)
    found = zarr.open(tmp_path / "array", mode="r")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found[...], array)
    np.testing.assert_array_equal(found[290:310, 3:7], array[290:310, 3:7])
    metadata = json.loads((tmp_path / "array" / ".zarray").read_text())
    assert metadata["compressor"] == codec.get_config()


def test_format_2_bounded(tmp_path):
    create_2(tmp_path / "array", SAMPLES, WaveformNumcodec("bounded", max_error=3), chunks=(300, 5))
    error = np.abs(zarr.open(tmp_path / "array", mode="r")[...].astype(int) - SAMPLES)
    assert error.max() == 3


def test_times_and_names_in_the_same_store(tmp_path):
    """Whatever else a store holds goes through the same compressor."""
    for index, array in enumerate([np.linspace(0, 1, 500), np.array(["AP0", "AP1"]), np.array([2.5])]):
        create_2(tmp_path / str(index), array, WaveformNumcodec(), chunks=array.shape)
        np.testing.assert_array_equal(zarr.open(tmp_path / str(index), mode="r")[...], array)


def test_damaged_chunk_of_format_2(tmp_path):
    create_2(tmp_path / "array", SAMPLES, WaveformNumcodec(), chunks=(500, 12))
    damage(tmp_path / "array" / "1.0")
    found = zarr.open(tmp_path / "array", mode="r")
    np.testing.assert_array_equal(found[:500], SAMPLES[:500])
    with pytest.raises(CodecError, match="checksum does not match"):
        found[500:]


@needs_zarr_3
@pytest.mark.parametrize(
    ("array", "name", "options"),
    [
        (SAMPLES, "corticodec_waveform", {}),
        (SAMPLES.astype("f8"), "corticodec_waveform", {"preset": "best"}),
        (RANDOM.normal(size=(500, 12)), "corticodec_waveform", {}),
        (RASTER, "corticodec_spikes", {}),
        (RASTER.astype("u1"), "corticodec_spikes", {"codec": "predictive"}),
    ],
)
def test_format_3_in_shards(tmp_path, array, name, options):
    create_3(tmp_path / "array", array, name, **options)
    found = zarr.open_array(tmp_path / "array", mode="r")
    np.testing.assert_array_equal(found[...], array)
    np.testing.assert_array_equal(found[395:405, 3:5], array[395:405, 3:5])
    assert found[7, 7] == array[7, 7]


@needs_zarr_3
def test_random_access_reads_one_chunk_of_a_shard(tmp_path):
    """Damage in a shard stays in its chunk: the others are neither read nor decoded."""
    create_3(tmp_path / "array", SAMPLES, "corticodec_waveform")
    damage(tmp_path / "array" / "c" / "0" / "0", at=40)
    found = zarr.open_array(tmp_path / "array", mode="r")
    with pytest.raises(CodecError, match="checksum does not match"):
        found[:100, :4]
    np.testing.assert_array_equal(found[100:], SAMPLES[100:])
    np.testing.assert_array_equal(found[:, 4:], SAMPLES[:, 4:])


@needs_zarr_3
@pytest.mark.filterwarnings("ignore:The data type")
def test_format_3_of_structures(tmp_path):
    array = np.array([(0.5, 1), (1.5, 2)], [("time", "<f8"), ("unit", "u1")])
    options = {"serializer": {"name": "corticodec_waveform"}, "compressors": None}
    zarr.create_array(tmp_path / "array", shape=2, dtype=array.dtype, **options)[:] = array
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "array", mode="r")[:], array)


@needs_zarr_3
def test_format_3_bounded(tmp_path):
    create_3(tmp_path / "array", SAMPLES, "corticodec_waveform", mode="bounded", max_error=2)
    error = np.abs(zarr.open_array(tmp_path / "array", mode="r")[...].astype(int) - SAMPLES)
    assert error.max() == 2


@needs_zarr_3
def test_format_3_opens_without_an_import(tmp_path):
    create_3(tmp_path / "array", SAMPLES, "corticodec_waveform")
    code = f"import zarr; print(zarr.open_array({str(tmp_path / 'array')!r})[:].sum())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == SAMPLES.sum(dtype=int)


@needs_zarr_3
def test_chunks_of_another_array_are_refused(tmp_path):
    """A shard from an array of another type."""
    for name, array in (("array", SAMPLES), ("other", SAMPLES.view(np.uint16))):
        create_3(tmp_path / name, array, "corticodec_waveform")
    (tmp_path / "other" / "c" / "0" / "0").replace(tmp_path / "array" / "c" / "0" / "0")
    with pytest.raises(CodecError, match=r"chunk is uint16 .* but the array wants int16"):
        zarr.open_array(tmp_path / "array", mode="r")[:10]


def damage(path, at=-10):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
