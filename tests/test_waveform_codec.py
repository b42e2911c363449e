"""WaveformCodec: what goes in comes out, exactly or within the bound, whatever it is."""

import tracemalloc
import wave

import numpy as np
import pytest
from documents import Document
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model import CodecError, WaveformCodec, get_codec
from model.codecs import waveform_best
from model.codecs.stream import Stream
from model.codecs.waveform import _least_near
from model.codecs.waveform_input import DTYPES
from model.synth import realistic_waveform

PRESETS = ("fast", "best")
on_presets = pytest.mark.parametrize("preset", PRESETS)


@pytest.fixture(scope="module")
def realistic():
    return realistic_waveform(3000, 20)[0]


def assert_comes_back(codec: WaveformCodec, waveform: np.ndarray) -> bytes:
    data, result = codec.compress(waveform)
    decoded = codec.decompress(data)
    assert decoded.dtype == waveform.dtype.newbyteorder("<")
    np.testing.assert_array_equal(decoded, waveform)
    assert result.compressed_bytes == len(data)
    assert result.worst_error == result.rms_error == 0
    return data


@on_presets
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (2, 3), (31, 1), (1000, 17), (0, 3), (3, 0), (0, 0)])
def test_shapes_down_to_nothing(preset, shape):
    noise = np.random.default_rng(1).normal(0, 20, shape).astype(np.int16)
    assert_comes_back(get_codec("waveform", mode="lossless", preset=preset), noise)


@on_presets
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_type_of_samples(preset, dtype):
    noise = np.random.default_rng(1).normal(60, 12, (300, 3)).round().clip(0, 127)
    assert_comes_back(WaveformCodec("lossless", preset=preset), noise.astype(dtype))


@on_presets
@pytest.mark.parametrize("order", ["F", "strided", "big-endian", "read-only"])
def test_every_memory_layout(preset, order, realistic):
    waveform = {
        "F": np.asfortranarray(realistic),
        "strided": np.repeat(realistic, 2, axis=1)[::-1, ::2],
        "big-endian": realistic.astype(">i2"),
        "read-only": np.frombuffer(realistic.tobytes(), np.int16).reshape(realistic.shape),
    }[order]
    assert_comes_back(WaveformCodec("lossless", preset=preset), waveform)


def extremes() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    square = np.where(np.arange(500) // 7 % 2, -32768, 32767).astype(np.int16)
    jump = rng.normal(0, 3, (2000, 2)).astype(np.int16)
    jump[1000] = -32768, 32767
    return {
        "constant": np.full((100, 4), -32768, np.int16),
        "one dead channel": np.column_stack([np.zeros(300), rng.normal(0, 9, 300)]).astype(np.int16),
        "between the extremes": np.column_stack([square, square]),
        "all of int16 at random": rng.integers(-32768, 32768, (3000, 3)).astype(np.int16),
        "all of uint16 at random": rng.integers(0, 65536, (3000, 3)).astype(np.uint16),
        "all of int32 at random": rng.integers(-(2**31), 2**31, (3000, 3)).astype(np.int32),
        "int32 extremes": np.array([[-(2**31)], [2**31 - 1]] * 50, np.int32),
        "wide ramp": np.arange(0, 2**31 - 1, 2**20, dtype=np.int32)[:, np.newaxis],
        "one artefact": jump,
        "saturated": rng.normal(0, 900, (3000, 2)).clip(-512, 511).astype(np.int16),
        "offset binary": realistic_waveform(2000, 3)[0].astype(np.uint16) + 512,
    }


@on_presets
@pytest.mark.parametrize("name", extremes())
def test_extremes(preset, name):
    assert_comes_back(WaveformCodec("lossless", preset=preset), extremes()[name])


@on_presets
@given(waveform=arrays(np.int16, st.tuples(st.integers(1, 30), st.integers(1, 4))))
def test_anything_comes_back(preset, waveform):
    assert_comes_back(WaveformCodec("lossless", preset=preset, chunk_steps=11, group_channels=3, workers=1), waveform)


@on_presets
def test_random_bytes_hardly_expand(preset):
    noise = np.random.default_rng(1).integers(-32768, 32768, (20_000, 4)).astype(np.int16)
    assert len(assert_comes_back(WaveformCodec("lossless", preset=preset), noise)) < 1.02 * noise.nbytes


@on_presets
def test_chunks_groups_and_threads_change_nothing_but_the_size(preset, realistic):
    whole = WaveformCodec("lossless", preset=preset, workers=1)
    cut = WaveformCodec("lossless", preset=preset, chunk_steps=700, group_channels=6, workers=3)
    data = assert_comes_back(cut, realistic)
    assert Stream(data).header.n_chunks == 5
    np.testing.assert_array_equal(whole.decompress(data), realistic)
    assert (
        WaveformCodec("lossless", preset=preset, chunk_steps=700, group_channels=6, workers=1).compress(realistic)[0]
        == data
    )


@on_presets
@pytest.mark.parametrize("steps", [(0, 3000), (650, 1450), (700, 1400), (2999, 3000), (5, 5), (0, 0)])
@pytest.mark.parametrize("channels", [(0, 20), (4, 13), (6, 12), (19, 20), (3, 3)])
def test_ranges_are_those_of_the_whole(preset, steps, channels, realistic):
    codec = WaveformCodec("lossless", preset=preset, chunk_steps=700, group_channels=6)
    data, _ = codec.compress(realistic)
    part = codec.decompress(data, 3000, 20, start=steps[0], stop=steps[1], channels=channels)
    np.testing.assert_array_equal(part, realistic[slice(*steps), slice(*channels)])


@pytest.mark.parametrize("mode", ["lossless", "full"])
def test_samples_are_stored_where_they_are_wanted(mode, realistic):
    codec = WaveformCodec(mode, chunk_steps=700, group_channels=6)
    data, _ = codec.compress(realistic)
    out = np.full((1000, 8), 77, np.int16).T[2:].T
    assert codec.decompress(data, start=600, stop=1600, channels=(5, 11), out=out) is out
    np.testing.assert_array_equal(out, codec.decompress(data)[600:1600, 5:11])


@pytest.mark.parametrize("mode", ["full", "waveform", "spike", "lossless"])
@pytest.mark.parametrize("dtype", ["i2", "i4", "f4"])
def test_what_is_compressed_stays_as_it_was(mode, dtype, realistic):
    waveform = realistic[:1000, :4].astype(dtype)
    WaveformCodec(mode).compress(waveform)
    np.testing.assert_array_equal(waveform, realistic[:1000, :4])


def test_a_range_does_not_read_the_rest(realistic):
    codec = WaveformCodec("lossless", chunk_steps=700, group_channels=6)
    data, _ = codec.compress(realistic)
    damaged = bytearray(data)
    damaged[-100] ^= 1
    np.testing.assert_array_equal(codec.decompress(bytes(damaged), stop=2000), realistic[:2000])
    with pytest.raises(CodecError, match="checksum does not match in chunk 4"):
        codec.decompress(bytes(damaged))


def test_undamaged_chunks_are_recovered(realistic):
    codec = WaveformCodec("lossless", preset="fast", chunk_steps=700)
    data, _ = codec.compress(realistic)
    stream = Stream(data)
    for chunk in range(5):
        damaged = bytearray(data)
        damaged[data.index(stream.payload(chunk).tobytes()) + 50] ^= 4
        recovered = codec.recover(bytes(damaged))
        start, stop = stream.header.chunk_range(chunk)
        assert recovered.lost == [(start, stop)]
        expected = realistic.copy()
        expected[start:stop] = 0
        np.testing.assert_array_equal(recovered.waveform, expected)
    assert codec.recover(data).lost == []
    assert codec.recover(codec.compress(realistic[:0])[0]).waveform.shape == (0, 20)
    damaged = bytearray(data)
    damaged[3] ^= 1
    with pytest.raises(CodecError):
        codec.recover(bytes(damaged))


@pytest.mark.parametrize("length", [1, 3, 50, -5, -1])
@pytest.mark.parametrize("whole_chunks", [1, 3, 4])
def test_what_is_left_of_a_stream_that_is_cut_off_is_recovered(whole_chunks, length, realistic):
    codec = WaveformCodec("lossless", preset="fast", chunk_steps=700)
    data, _ = codec.compress(realistic)
    stream = Stream(data)
    payload = stream.payload(whole_chunks).tobytes()
    cut = data[: data.index(payload) + length % (len(payload) + 4)]
    with pytest.raises(CodecError, match="cut off"):
        codec.decompress(cut)
    left = codec.recover(cut)
    steps = 700 * whole_chunks
    assert left.lost == [stream.header.chunk_range(chunk) for chunk in range(whole_chunks, 5)]
    np.testing.assert_array_equal(left.waveform[:steps], realistic[:steps])
    assert left.waveform.shape == realistic.shape
    assert not left.waveform[steps:].any()
    with pytest.raises(CodecError, match="no chunk that is undamaged"):
        codec.recover(data[: data.index(stream.payload(0).tobytes()) + 9])


def test_better_than_first_difference_and_entropy(realistic):
    _, best = WaveformCodec("lossless").compress(realistic)
    _, fast = WaveformCodec("lossless", preset="fast").compress(realistic)
    differences = np.diff(realistic, axis=0)
    _, counts = np.unique(differences, return_counts=True)
    entropy = -np.sum(counts / differences.size * np.log2(counts / differences.size))
    assert best.bits_per_sample < fast.bits_per_sample < entropy


def test_waves_of_many_bits_are_predicted():
    """Their products' sums over a chunk are beyond 64 bits."""
    steps = np.arange(1 << 16)
    noise = np.random.default_rng(6).normal(0, 30, steps.size)
    waveform = np.rint(524_000 * np.sin(0.003 * steps) + noise).astype(np.int32)[:, np.newaxis]
    assert WaveformCodec("lossless").compress(waveform)[1].compression_ratio > 4.3


def test_common_mode_is_predicted_from_neighbours():
    rng = np.random.default_rng(5)
    common = rng.normal(0, 40, (5000, 1))
    waveform = (common + rng.normal(0, 4, (5000, 8))).round().astype(np.int16)
    _, together = WaveformCodec("lossless", preset="fast").compress(waveform)
    _, apart = WaveformCodec("lossless", preset="fast", group_channels=1).compress(waveform)
    assert together.compressed_bytes < 0.75 * apart.compressed_bytes


@on_presets
@pytest.mark.parametrize(("gain", "offset"), [(64.061577, 31.03), (12.0195, -3.7), (2.34, 0.2), (100, 7)])
def test_a_gain_that_is_no_integer_costs_nothing(preset, gain, offset, realistic):
    codec = WaveformCodec("lossless", preset=preset)
    stored = np.rint(realistic.astype(float) * gain + offset).astype(np.int32)
    bits_of_codes = codec.compress(realistic)[1].bits_per_sample
    data = assert_comes_back(codec, stored)
    assert 8 * len(data) / stored.size < 1.02 * bits_of_codes + 0.1


@pytest.mark.parametrize("slow", [0, 20])
def test_unequal_widths_of_codes_are_used(slow, monkeypatch):
    rng = np.random.default_rng(9)
    edges = np.cumsum(rng.uniform(0.2, 1.8, 160))
    voltage = 80 + slow * np.sin(np.arange(40_000) / 900) + rng.normal(0, 8, 40_000)
    waveform = np.searchsorted(edges, voltage)[:, np.newaxis].astype(np.int16)
    data = assert_comes_back(WaveformCodec("lossless"), waveform)
    monkeypatch.setattr(waveform_best, "find_levels", lambda *_: np.empty(0, np.int64))
    assert len(data) < 0.99 * len(assert_comes_back(WaveformCodec("lossless"), waveform))


# Bounded error


@on_presets
@pytest.mark.parametrize("max_error", [1, 2, 4, 31, 16383])
def test_bound_is_kept_exactly(preset, max_error, realistic):
    codec = WaveformCodec("bounded", preset, max_error=max_error)
    data, result = codec.compress(realistic)
    errors = codec.decompress(data).astype(int) - realistic
    assert np.abs(errors).max() == result.worst_error <= max_error == result.max_error
    assert result.rms_error == pytest.approx(np.sqrt(np.mean(errors**2)))
    lossless = WaveformCodec("lossless", preset=preset).compress(realistic)[1]
    assert result.compressed_bytes < lossless.compressed_bytes


@on_presets
@pytest.mark.parametrize("name", extremes())
def test_bound_is_kept_at_extremes(preset, name):
    waveform = extremes()[name]
    for max_error in (1, 7, 16383):
        codec = WaveformCodec("bounded", preset, max_error=max_error)
        data, result = codec.compress(waveform)
        errors = codec.decompress(data).astype(np.int64) - waveform
        assert np.abs(errors).max() == result.worst_error <= max_error


@pytest.mark.parametrize("max_error", [1, 30, 65, 130, 400])
def test_bound_is_kept_on_a_grid(max_error, realistic):
    stored = np.rint(realistic * 64.061577 + 31.03).astype(np.int32)
    codec = WaveformCodec("bounded", "fast", max_error=max_error)
    data, result = codec.compress(stored)
    assert np.abs(codec.decompress(data).astype(int) - stored).max() == result.worst_error <= max_error
    if max_error == 130:
        assert result.worst_error >= 126


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bound_of_floats(dtype):
    waveform = np.random.default_rng(1).normal(0, 7.3, (2000, 3)).astype(dtype)
    codec = WaveformCodec("bounded", max_error=0.25)
    data, result = codec.compress(waveform)
    decoded = codec.decompress(data)
    assert decoded.dtype == dtype
    assert np.abs(decoded.astype(float) - waveform).max() == result.worst_error <= 0.25
    assert result.compression_ratio > (5 if dtype == np.float32 else 10)
    with pytest.raises(ValueError, match=r"max_error must be more for float32, not 1e-06: rounding alone exceeds it"):
        WaveformCodec("bounded", max_error=1e-6).compress(waveform.astype(np.float32))


@pytest.mark.parametrize(
    ("dtype", "max_error"), [("f2", 100.0), ("f2", 1000.0), ("f2", 1e308), ("f4", 1e36), ("f4", 1e308), ("f8", 1e308)]
)
def test_bound_of_the_largest_floats(dtype, max_error):
    """The nearest multiple of a quantum may be beyond them, and the quantum itself."""
    waveform = np.array([[1, -1], [-0.99, 0.98], [0, 1]], dtype) * np.finfo("f4" if dtype == "f8" else dtype).max
    codec = WaveformCodec("bounded", "fast", max_error=max_error)
    decoded = codec.decompress(codec.compress(waveform)[0])
    assert np.isfinite(decoded).all()
    assert (np.abs(decoded.astype(float) - waveform) <= max_error).all()


def test_bound_in_microvolts(realistic):
    codec = WaveformCodec("bounded", max_error_microvolts=1.0, lsb_microvolts=0.195)
    _, result = codec.compress(realistic)
    assert result.worst_error == 5
    assert "(microvolts: 0.975, rms" in result.summary()


@pytest.mark.parametrize("target", [{"target_ratio": 6.0}, {"target_mbps": 1.0}])
def test_the_smallest_error_that_fits_is_picked(target, realistic):
    picked = WaveformCodec("bounded", "fast", **target).compress(realistic)[1]

    def fits(result) -> bool:
        return result.compression_ratio >= 6 if "target_ratio" in target else result.mbps <= 1

    assert picked.max_error > 1
    assert fits(picked)
    assert not fits(WaveformCodec("bounded", "fast", max_error=picked.max_error - 1).compress(realistic)[1])


def test_a_target_that_is_reached_without_loss_costs_none(realistic):
    assert WaveformCodec("bounded", "fast", target_ratio=1.5).compress(realistic)[1].max_error == 0


def test_a_target_is_found_though_the_first_channels_are_dead(monkeypatch):
    """What is aimed at first then says nothing of the rest."""
    waveform = np.random.default_rng(5).normal(0, 3000, (400, 80)).astype(np.int16)
    waveform[:, :64] = 0
    tried, fits = [], WaveformCodec._fits
    monkeypatch.setattr(WaveformCodec, "_fits", lambda *arguments: tried.append(1) or fits(*arguments))
    picked = WaveformCodec("bounded", "fast", target_ratio=40.0, group_channels=80).compress(waveform)[1]
    assert picked.compression_ratio >= 40 > 1.01 * compressed_ratio(waveform, picked.max_error - 30)
    assert picked.max_error > 1000
    assert len(tried) < 50


def compressed_ratio(waveform, max_error):
    codec = WaveformCodec("bounded", "fast", max_error=max_error, group_channels=80)
    return codec.compress(waveform)[1].compression_ratio


@given(st.integers(0, 100), st.integers(0, 101))
def test_the_least_number_is_found_from_any_guess(guess, least):
    assert _least_near(guess, 100, lambda number: number >= least) == least


def test_a_target_out_of_reach_is_named():
    with pytest.raises(ValueError, match="no max_error up to 16383 reaches the target"):
        WaveformCodec("bounded", "fast", target_ratio=1e9).compress(np.zeros((10, 1), np.int16))


# Memory, results, input


def test_memory_does_not_grow_with_the_recording(tmp_path):
    path = tmp_path / "recording.npy"
    recording = np.lib.format.open_memmap(path, "w+", np.int16, (1 << 20, 8))
    recording[:] = np.tile(realistic_waveform(1 << 13, 8)[0], (128, 1))
    codec = WaveformCodec("lossless", preset="fast", chunk_steps=1 << 13, workers=1)
    codec.compress(recording[:100])
    tracemalloc.start()
    data, _ = codec.compress(np.load(path, mmap_mode="r"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    chunk_bytes = 2 * (1 << 13) * 8
    # What grows gets an eighth more than it needs.
    assert peak - 9 / 8 * len(data) < 3 * chunk_bytes < recording.nbytes / 40


def test_result_states_what_it_came_to(realistic):
    data, result = WaveformCodec("lossless", sampling_hz=30_000).compress(realistic)
    assert result.original_bytes == realistic.nbytes
    assert result.compression_ratio == realistic.nbytes / len(data)
    assert result.bits_per_sample == 8 * len(data) / realistic.size
    assert result.mbps == pytest.approx(8e-6 * len(data) / (3000 / 30_000))
    assert result.summary().startswith("waveform lossless (best): 3000 x 20 samples")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "half"}, "mode must be one of full, waveform, spike, lossless, bounded, not 'half'"),
        ({"preset": "slow"}, "preset must be one of fast, best, not 'slow'"),
        ({"mode": "bounded"}, "mode 'bounded' takes exactly one of max_error, .*, not none"),
        ({"mode": "lossless", "max_error": 2}, "mode 'lossless' takes none of them, not max_error"),
        ({"max_error": 2}, "mode 'full' takes none of them, not max_error"),
        (
            {"mode": "bounded", "max_error": 2, "target_ratio": 3},
            "takes exactly one of .* not max_error and target_ratio",
        ),
        ({"mode": "bounded", "max_error": 0}, "max_error must be a positive number, not 0"),
        ({"mode": "bounded", "max_error": float("nan")}, "max_error must be a positive number, not nan"),
        ({"mode": "bounded", "max_error": True}, "max_error must be a positive number, not True"),
        ({"mode": "bounded", "max_error": "2"}, "max_error must be a positive number, not '2'"),
        ({"mode": "bounded", "target_mbps": float("inf")}, "target_mbps must be a positive number, not inf"),
        ({"mode": "bounded", "max_error_microvolts": 2}, "max_error_microvolts needs lsb_microvolts"),
        ({"sampling_hz": -1}, "sampling_hz must be a positive number, not -1"),
        ({"chunk_steps": 0}, "chunk_steps must be an integer in 1..16777216, not 0"),
        ({"group_channels": 0}, "group_channels must be an integer in 1"),
        ({"workers": 0}, "workers must be an integer in 1"),
    ],
)
def test_arguments_that_are_wrong_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        WaveformCodec(**arguments)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.zeros(5, np.int16), r"waveform must have 2 dimensions \(steps, channels\), not shape \(5,\)"),
        (np.zeros((2, 2, 2)), r"waveform must have 2 dimensions \(steps, channels\), not shape \(2, 2, 2\)"),
        ([[1, 2], [3]], r"waveform must be an array of shape \(steps, channels\)"),
        (np.array([["a"]]), "waveform must be of an integer type or of float16, 32 or 64, not <U1"),
        (np.array([[1j]]), "waveform must be of an integer type .* not complex128"),
        (np.array([[True]]), "waveform must be of an integer type .* not bool"),
        (np.ma.masked_array([[1]]), "waveform must be a plain array, not a masked one"),
        (np.array([[1.0, np.nan]]), "waveform must be finite, not nan"),
        (np.array([[-np.inf]]), "waveform must be finite, not -inf"),
        (
            np.array([[0.5]], np.float32),
            "waveform of type float32 must hold integers .* not 0.5; divide by the gain, or allow",
        ),
        (np.array([[-0.0]]), "must hold integers to be coded without loss, not -0.0"),
        (np.array([[2**31]]), "waveform must hold values in -2147483648..2147483647"),
        (np.array([[1e300]]), "waveform must hold values in -2147483648..2147483647"),
    ],
)
def test_waveforms_that_cannot_be_coded_are_named(waveform, message):
    with pytest.raises(ValueError, match=message):
        WaveformCodec("lossless").compress(waveform)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"T": 9}, CodecError, "stream holds a raster of 3000 x 20 bins, but T is 9"),
        ({"N": 9}, CodecError, "but N is 9"),
        ({"start": 3001}, ValueError, "start must be an integer in 0..3000, not 3001"),
        ({"start": 5, "stop": 4}, ValueError, "stop must be an integer in 5..3000, not 4"),
        ({"channels": (4, 21)}, ValueError, r"channels\[1\] must be an integer in 4..20, not 21"),
        ({"channels": 3}, ValueError, "channels must be two integers"),
        ({"max_bins": 59_999}, CodecError, "stream holds 3000 x 20 bins; max_bins allows 59999"),
        ({"out": np.empty((3000, 20))}, ValueError, r"shape \(3000, 20\) and type int16, not .* float64"),
        ({"out": np.empty((3000, 19), np.int16)}, ValueError, r"of shape \(3000, 20\) .* not \(3000, 19\) int16"),
        ({"out": [1]}, ValueError, r"out must be an array, not \[1\]"),
    ],
)
def test_wrong_arguments_of_decompress_are_named(arguments, error, message, realistic):
    codec = WaveformCodec("lossless", preset="fast")
    data, _ = codec.compress(realistic)
    with pytest.raises(error, match=message):
        codec.decompress(data, **arguments)


# Real recordings


def neuralink_files(folder):
    files = sorted((folder / "neuralink_n1").glob("*.wav"))
    for file in files:
        with wave.open(str(file)) as opened:
            yield np.frombuffer(opened.readframes(opened.getnframes()), "<i2")[:, np.newaxis]


def test_neuralink_files_as_stored(data_folder):
    waveforms = list(neuralink_files(data_folder))[::10]
    ratios = []
    for waveform in waveforms:
        data = assert_comes_back(WaveformCodec("lossless", chunk_steps=1 << 17), waveform)
        ratios.append(waveform.nbytes / len(data))
    assert np.mean(ratios) > 3.5


def test_locust_and_neuropixels_as_stored(data_folder):
    locust = np.fromfile(data_folder / "raw/locust/locust_trial_01.raw", "<i2").reshape(-1, 4)[: 1 << 16]
    assert locust.nbytes / len(assert_comes_back(WaveformCodec("lossless"), locust)) > 2.04
    neuropixels = np.fromfile(data_folder / "raw/neuropixels/continuous.dat", "<i2").reshape(-1, 385)
    assert neuropixels.nbytes / len(assert_comes_back(WaveformCodec("lossless"), neuropixels)) > 3.4


# The format

STREAMS = {
    "fast": (
        "c553163c02000b0200100000000000000000012024842c2c230a00a840000100000091c0000e00000601800480016381c050"
        "6cc26377e000003bc88e7c1140111c886bae9d453408e610e414df00b07eb5fa597e594a27116f000ab177a56755eb127bea"
        "003b8cf271f03224b6432ca9a4dc9857855fca5b4c240a7f6a4288f43ed164928e63"
    ),
    "best": (
        "c553163c02000b0201100000000000000000012024842c2c230a00a840000100000091c0000e000021a34001800480016381"
        "c0506cc26377e000000000041afea14f0d000000a6f6a4ebee307c3066af60b7d64a742cd03b9aff092c8d248c3944b37520"
        "72c6e256397a1435527a84978daec1df698fb4403dba1b5dd631"
    ),
    "best, with all that predicts, and widths that repeat": (
        "c553163c02000b0201100000000000000000012024842c2c230a00a840000100000091c0000e000021a3000604800100590f"
        "895a413800000000011b9c1e148c29005058a26529a11d26198c544d10b03d57318149b751d0e739fc8843414001b3605a21"
        "9e9f2a000000d06b20ee0ed654f3381e99210feb4371c7f8c33a4cfc6b1574c520a2b8b842db2641f4ac0b808399820c8c82"
        "2752a237dfda65e2"
    ),
}
"""Streams of this version, which later ones and other machines must decode alike."""


@pytest.mark.parametrize("preset", STREAMS)
def test_streams_of_this_version_are_decoded(preset):
    step, channel = np.arange(60)[:, np.newaxis], np.arange(2)
    waveform = 64 * (step * (step + 7 * channel) * 31 % 23 // 3 + abs(step % 40 - 20)) + 5
    np.testing.assert_array_equal(WaveformCodec().decompress(bytes.fromhex(STREAMS[preset])), waveform)


# Documentation


def test_the_example_of_the_page_runs(realistic, capsys):
    (example,) = Document("waveform-streams.md").code("Waveform streams")
    names = {"waveform": np.tile(realistic, (14, 2)), "damaged": WaveformCodec("lossless").compress(realistic)[0]}
    exec(example, names)
    np.testing.assert_array_equal(names["part"], names["waveform"][20_000:40_000, 16:32])
    assert names["left"].lost == []
    np.testing.assert_array_equal(names["left"].waveform, realistic)
    assert names["decoded"].shape == names["waveform"].shape
    assert "waveform full: 42000 x 40 samples" in capsys.readouterr().out


def test_the_example_of_writing_as_samples_come_runs(realistic, tmp_path, capsys):
    (example,) = Document("waveform-streams.md").code("As samples come")
    names = {"waveform": realistic, "path": tmp_path / "a.ctcz", "WaveformCodec": WaveformCodec}
    exec(example, names)
    assert names["total"] == realistic.sum(dtype=int)
    np.testing.assert_array_equal(names["part"], realistic[2000:3000, 4:8])
    assert "waveform lossless (fast): 3000 x 20 samples" in capsys.readouterr().out
