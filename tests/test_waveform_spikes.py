"""The modes of the waveform codec that keep spikes: what comes back, how good it is, and what is refused."""

import hashlib
import math
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from memory import peak_bytes

from model import CodecError, WaveformCodec
from model.codecs import spline
from model.codecs.fidelity import compare
from model.codecs.number_lists import encoded_list
from model.codecs.snippets import decode_snippets
from model.codecs.spike_detection import REACH_CHANNELS, Troughs, detect
from model.codecs.spike_groups import spikes_of_groups
from model.codecs.step_sizes import LEVEL_MAX, level_below, step_size
from model.codecs.stream import Stream
from model.codecs.waveform_group import encode_codes
from model.codecs.waveform_spikes import SpikeFormat
from model.kernels.snippet_coder import REACH, Events
from model.kernels.spike_peaks import count_matches
from model.synth import demo_waveform, realistic_waveform

FS = 20_000.0
on_modes = pytest.mark.parametrize("mode", ["full", "waveform", "spike"])
on_waveforms = pytest.mark.parametrize("mode", ["full", "waveform"])


@pytest.fixture(scope="module")
def recording():
    return realistic_waveform(20_000, 40)


@pytest.fixture(scope="module")
def compressed(recording):
    return WaveformCodec(chunk_steps=8000).compress(recording[0])


@pytest.fixture(scope="module")
def streams(recording):
    return {
        mode: WaveformCodec(mode, chunk_steps=8000).compress(recording[0])[0] for mode in ("full", "waveform", "spike")
    }


def signal_to_error_db(signal, error):
    return 10 * math.log10(np.square(signal, dtype=float).sum() / np.square(error, dtype=float).sum())


def below_300_hz(waveform):
    spectrum = np.fft.rfft(waveform.astype(float), axis=0)
    frequencies = np.fft.rfftfreq(len(waveform), 1 / FS)
    spectrum[(frequencies == 0) | (frequencies > 300)] = 0
    return np.fft.irfft(spectrum, len(waveform), axis=0)


def truth_matches(spikes, truth, tolerance=10):
    """Return how many spikes of the truth are found, on the channel where their neuron's are largest."""
    far = 1 << 30
    main = truth.unit_channels[truth.spike_units]
    found = np.sort(spikes.channels * far + spikes.steps)
    return count_matches(np.sort(main * far + truth.spike_samples), found, tolerance)


# What comes back


def test_the_background_comes_back(recording, compressed):
    waveform, _ = recording
    data, result = compressed
    decoded = WaveformCodec().decompress(data)
    assert decoded.dtype == waveform.dtype
    low = below_300_hz(waveform)
    assert signal_to_error_db(low, low - below_300_hz(decoded)) > 25
    assert result.fidelity.lfp_snr_db > 25
    assert result.mbps / 40 * 1024 < 6


def test_spikes_are_those_of_the_neurons(recording, compressed):
    _, truth = recording
    spikes = WaveformCodec().decode_spikes(compressed[0])
    assert np.all(np.diff(spikes.steps) >= 0)
    matched = truth_matches(spikes, truth)
    assert matched > 0.95 * truth.spike_samples.size
    assert matched > 0.95 * spikes.steps.size
    assert compressed[1].n_spikes_detected == spikes.steps.size


def test_snippets_look_like_the_spikes(recording, compressed):
    waveform, _ = recording
    spikes = WaveformCodec().decode_spikes(compressed[0])
    assert spikes.snippets.shape == (spikes.steps.size, 48)
    inner = (spikes.steps % 8000 > 100) & (spikes.steps % 8000 < 7900) & (spikes.steps < 19_900)
    fast = waveform - below_300_hz(waveform)
    places = spikes.steps[inner][:, np.newaxis] - 16 + np.arange(48)
    originals = fast[places, spikes.channels[inner][:, np.newaxis]]
    assert signal_to_error_db(originals, originals - spikes.snippets[inner]) > 6
    assert np.median(np.argmin(spikes.snippets[inner], axis=1)) == 16


@pytest.mark.parametrize("snippet_snr_db", [6.0, 12.0, 20.0])
@on_waveforms
def test_snippets_are_as_good_as_asked_for(mode, snippet_snr_db, recording):
    _, result = WaveformCodec(mode, snippet_snr_db=snippet_snr_db).compress(recording[0])
    assert snippet_snr_db < result.fidelity.snippet_snr_db < snippet_snr_db + 8


def test_more_bits_make_a_better_background(recording):
    waveform = recording[0][:, :16]
    results = [WaveformCodec(quantize_bits=bits).compress(waveform)[1] for bits in (1, 3, 5)]
    snr = [result.fidelity.lfp_snr_db for result in results]
    assert snr[0] + 6 < snr[1] < snr[2] - 6
    sizes = [result.parts.background_bytes for result in results]
    assert sizes[0] < sizes[1] < sizes[2]


@on_waveforms
def test_fidelity_is_that_of_what_is_decoded(mode, recording):
    waveform = recording[0]
    codec = WaveformCodec(mode, lsb_microvolts=2.0)
    data, result = codec.compress(waveform)
    decoded = codec.decompress(data)
    errors = decoded.astype(float) - waveform
    assert result.worst_error == np.abs(errors).max()
    assert result.rms_error == pytest.approx(np.sqrt(np.mean(errors**2)))
    expected = compare(waveform[:, :16], decoded[:, :16], FS)
    for start in (16, 32):
        expected.add(compare(waveform[:, start : start + 16], decoded[:, start : start + 16], FS))
    assert vars(result.fidelity) == pytest.approx(vars(expected), rel=1e-3)
    assert result.fidelity.recall > 0.9
    assert result.fidelity.precision > 0.9
    summary = result.summary()
    assert f"error at most {result.worst_error:g}, rms" in summary
    assert f"{result.n_spikes_detected} spikes, {result.n_templates} templates" in summary
    assert "snippets" in summary


def test_modes_keep_less_and_less(recording):
    sizes = {mode: WaveformCodec(mode).compress(recording[0])[1] for mode in ("full", "waveform", "spike")}
    assert sizes["spike"].compressed_bytes < sizes["waveform"].compressed_bytes / 4 < sizes["full"].compressed_bytes / 8
    assert len({result.n_spikes_detected for result in sizes.values()}) == 1
    parts = sizes["full"].parts
    assert parts.times_bytes + parts.snippet_bytes + parts.background_bytes > 0.98 * sizes["full"].compressed_bytes
    assert sizes["spike"].parts.snippet_bytes == 0
    assert sizes["spike"].fidelity.recall == 1
    assert "error" not in sizes["spike"].summary()


def test_without_background_the_channels_keep_their_level(recording):
    waveform = recording[0] + 512
    codec = WaveformCodec("waveform")
    decoded = codec.decompress(codec.compress(waveform)[0])
    assert np.abs(np.median(decoded, axis=0) - np.median(waveform, axis=0)).max() <= 1


def test_the_published_demonstration():
    waveform, spike_samples = demo_waveform(20_000, 64)
    data, result = WaveformCodec(quantize_bits=4).compress(np.rint(waveform).astype(np.int16))
    spikes = WaveformCodec().decode_spikes(data, snippets=False)
    matched = sum(
        count_matches(samples, spikes.steps[spikes.channels == channel], 10)
        for channel, samples in enumerate(spike_samples)
    )
    assert matched >= 0.9 * sum(map(len, spike_samples))
    assert matched >= 0.95 * spikes.steps.size
    assert result.compression_ratio > 24


# Independence


@on_modes
@pytest.mark.parametrize("steps", [(0, 20_000), (7990, 8010), (8000, 16_000), (19_999, 20_000), (5, 5)])
@pytest.mark.parametrize("channels", [(0, 40), (3, 20), (39, 40), (7, 7)])
def test_ranges_are_those_of_the_whole(mode, steps, channels, streams):
    codec, data = WaveformCodec(), streams[mode]
    if mode != "spike":
        whole = codec.decompress(data)[slice(*steps), slice(*channels)]
        np.testing.assert_array_equal(codec.decompress(data, start=steps[0], stop=steps[1], channels=channels), whole)
    whole, part = codec.decode_spikes(data), codec.decode_spikes(data, start=steps[0], stop=steps[1], channels=channels)
    inside = (whole.steps >= steps[0]) & (whole.steps < steps[1])
    inside &= (whole.channels >= channels[0]) & (whole.channels < channels[1])
    np.testing.assert_array_equal(part.steps, whole.steps[inside])
    np.testing.assert_array_equal(part.channels, whole.channels[inside])
    if mode != "spike":
        np.testing.assert_array_equal(part.snippets, whole.snippets[inside])


@pytest.mark.parametrize("preset", ["fast", "best"])
def test_streams_do_not_depend_on_threads(preset, recording):
    data = {WaveformCodec(preset=preset, chunk_steps=8000, workers=n).compress(recording[0])[0] for n in (1, 3)}
    assert len(data) == 1


@on_waveforms
@pytest.mark.parametrize("fault", ["artefact", "dead", "saturated", "wild", "silent at first"])
def test_a_bad_channel_spoils_no_other(mode, fault, recording):
    waveform = recording[0][:, :16].copy()
    bad = waveform.copy()
    if fault == "artefact":
        bad[12_000, 5] = 32_767
    elif fault == "dead":
        bad[:, 5] = 0
    elif fault == "saturated":
        bad[:, 5] = np.where(waveform[:, 5] > 0, 32_767, -32_768)
    elif fault == "wild":
        bad[:, 5] = np.random.default_rng(1).integers(-32_768, 32_768, len(bad))
    else:
        bad[:10_000, 5] = 0
    codec = WaveformCodec(mode)
    far = [channel for channel in range(16) if abs(channel - 5) > 2 * REACH_CHANNELS]
    # What is measured, channel by channel: a good one is no worse beside a bad one.
    good, beside = (
        [
            compare(samples[:, [channel]], codec.decompress(codec.compress(samples)[0])[:, [channel]], FS)
            for channel in far
        ]
        for samples in (waveform, bad)
    )
    for before, after in zip(good, beside, strict=True):
        assert after.rms_error < 1.1 * before.rms_error
        assert after.lfp_snr_db > before.lfp_snr_db - 1
        assert after.matched >= 0.85 * before.matched


def test_a_spike_on_many_channels_is_one():
    rng = np.random.default_rng(1)
    waveform = rng.normal(0, 6, (20_000, 32))
    template = -200 * np.hanning(12)[:, np.newaxis] * 0.5 ** np.abs(np.arange(-3, 4))
    for index, start in enumerate(range(500, 19_000, 500)):
        middle = 3 + index % 26
        waveform[start : start + 12, middle - 3 : middle + 4] += template
    codec = WaveformCodec()
    data, result = codec.compress(np.rint(waveform).astype(np.int16))
    spikes = codec.decode_spikes(data)
    assert abs(spikes.steps.size - 37) <= 2
    np.testing.assert_array_equal(spikes.channels[:10], 3 + np.arange(10))
    assert result.fidelity.recall > 0.85


# Any input


@on_modes
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 1), (23, 3), (24, 1), (25, 2), (49, 17), (700, 1)])
@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int8, np.float32])
def test_small_shapes(mode, shape, dtype):
    waveform = np.random.default_rng(3).integers(0, 100, shape).astype(dtype)
    codec = WaveformCodec(mode, chunk_steps=300)
    data, result = codec.compress(waveform)
    assert result.n_samples == waveform.size
    if mode == "spike":
        assert codec.decode_spikes(data).snippets is None
    else:
        decoded = codec.decompress(data)
        assert decoded.shape == shape
        assert decoded.dtype == waveform.dtype
        assert np.abs(decoded.astype(float) - waveform).max() == pytest.approx(result.worst_error)


@on_modes
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_nothing(mode, dtype):
    for shape in ((0, 4), (4, 0), (0, 0)):
        data, result = WaveformCodec(mode).compress(np.zeros(shape, dtype))
        assert result.n_spikes_detected == 0
        assert WaveformCodec().decode_spikes(data).steps.size == 0
        if mode != "spike":
            assert WaveformCodec().decompress(data).shape == shape
        assert result.summary()


@on_waveforms
@pytest.mark.parametrize("value", [-32_768, -1, 0, 32_767])
def test_constants_come_back_exactly(mode, value):
    waveform = np.full((500, 3), value, np.int16)
    data, result = WaveformCodec(mode).compress(waveform)
    np.testing.assert_array_equal(WaveformCodec().decompress(data), waveform)
    assert result.worst_error == 0
    assert len(data) < 200


@on_waveforms
@given(
    arrays(
        st.sampled_from([np.dtype(name) for name in ("i1", "u1", "i2", "u2")]),
        st.tuples(st.integers(1, 90), st.integers(1, 5)),
    )
)
def test_whatever_is_given_comes_back_within_the_stated_error(mode, waveform):
    codec = WaveformCodec(mode, chunk_steps=40, group_channels=2, workers=1, sampling_hz=10_000)
    data, result = codec.compress(waveform)
    decoded = codec.decompress(data)
    assert np.abs(decoded.astype(int) - waveform).max() == result.worst_error


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e3])
def test_floats_are_taken_in_any_unit(scale, recording):
    waveform = (recording[0][:, :8] * scale).astype(np.float32)
    stream, expected = WaveformCodec().compress(recording[0][:, :8])
    lowest = WaveformCodec().decode_spikes(stream).snippets.min()
    data, result = WaveformCodec().compress(waveform)
    decoded = WaveformCodec().decompress(data)
    assert decoded.dtype == np.float32
    assert result.rms_error / scale == pytest.approx(expected.rms_error, rel=0.02)
    assert result.fidelity.lfp_snr_db == pytest.approx(expected.fidelity.lfp_snr_db, abs=1)
    assert abs(result.n_spikes_detected - expected.n_spikes_detected) <= 2
    spikes = WaveformCodec().decode_spikes(data)
    assert spikes.snippets.min() / scale == pytest.approx(lowest, rel=0.1)


def test_an_offset_blinds_nothing(recording):
    waveform = recording[0][:, :8]
    counts = {WaveformCodec("spike").compress(waveform + offset)[1].n_spikes_detected for offset in (0, 512)}
    assert len(counts) == 1
    assert counts.pop() > 20


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.full((9, 1), 1 << 23, np.int32), "waveform must hold values in -8388608..8388607"),
        (np.array([[0.0, np.inf]]), "waveform must be finite, not inf"),
        (np.array([[0.0], [np.nan]]), "waveform must be finite, not nan"),
        (
            np.append(np.random.default_rng(1).normal(size=2000), 1e30)[:, np.newaxis],
            "waveform must hold values in -8388608..8388607 times",
        ),
    ],
)
def test_waveforms_that_cannot_be_coded_are_named(waveform, message):
    with pytest.raises(ValueError, match=message):
        WaveformCodec().compress(waveform)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold_sigma": 0}, "threshold_sigma must be a positive number, not 0"),
        ({"snippet_samples": 0}, "snippet_samples must be an integer in 1..1024, not 0"),
        ({"max_templates": 257}, "max_templates must be an integer in 1..256, not 257"),
        ({"quantize_bits": 17}, "quantize_bits must be an integer in 1..16, not 17"),
        ({"snippet_snr_db": math.nan}, "snippet_snr_db must be a positive number, not nan"),
        ({"snippet_snr_db": 1e5}, "snippet_snr_db must be at most 200, not 100000"),
        ({"sampling_hz": 1e300}, r"sampling_hz must be at most 1e\+09, not 1e\+300"),
    ],
)
def test_arguments_that_are_wrong_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        WaveformCodec(**arguments)


def test_what_a_stream_does_not_keep_is_named(recording):
    data, _ = WaveformCodec("spike").compress(recording[0][:500, :4])
    for decode in (WaveformCodec().decompress, WaveformCodec().recover):
        with pytest.raises(CodecError, match="stream keeps only the times of spikes; decode_spikes returns them"):
            decode(data)
    data, _ = WaveformCodec("lossless").compress(recording[0][:500, :4])
    with pytest.raises(CodecError, match="stream keeps samples and no spikes; decompress returns them"):
        WaveformCodec().decode_spikes(data)


def test_snippets_that_overlap_too_much_are_refused():
    waveform = np.random.default_rng(3).normal(0, 50, (3000, 2)).astype(np.int16)
    with pytest.raises(ValueError, match="snippet_samples must be less than 1024 for spikes as dense as these"):
        WaveformCodec(snippet_samples=1024, threshold_sigma=0.01, sampling_hz=1000.0).compress(waveform)
    codec = WaveformCodec(threshold_sigma=0.01, sampling_hz=1000.0)
    assert codec.decompress(codec.compress(waveform)[0]).shape == waveform.shape


def test_forged_snippets_take_what_their_samples_do():
    """Codes that are all alike take no bytes, however many there are."""
    steps = 2000
    lists = [[0], np.zeros(steps, int), np.ones(steps, int), np.zeros(steps, int)]
    payload = b"".join(map(encoded_list, lists)) + encode_codes(np.zeros(10, np.int32))
    events = Events(np.arange(steps), np.zeros(steps, np.int64), np.zeros(steps, np.int64), 341, 1024)

    def decode():
        with pytest.raises(CodecError, match="more of snippets than there may be"):
            decode_snippets(np.frombuffer(payload, np.uint8), events, 16, np.zeros((steps, 1), np.int32))

    decode()
    assert peak_bytes(decode) < 1 << 18


def test_results_have_the_published_fields(recording):
    waveform = recording[0][:4000]
    results = {mode: WaveformCodec(mode).compress(waveform)[1] for mode in ("full", "waveform", "spike", "lossless")}
    for result in results.values():
        assert result.original_bytes == waveform.nbytes
        assert result.spike_bytes + result.snippet_bytes + result.background_bytes <= result.compressed_bytes
        assert result.lossless_spikes
    full, waveform_only, spike, lossless = results.values()
    assert full.spike_bytes == waveform_only.spike_bytes > 0 == lossless.spike_bytes
    assert full.snippet_bytes > 0 == spike.snippet_bytes
    assert full.background_bytes > waveform_only.background_bytes > 0 == spike.background_bytes
    assert not WaveformCodec("bounded", "fast", max_error=1).compress(waveform)[1].lossless_spikes
    assert WaveformCodec("bounded", "fast", max_error=0.5).compress(waveform)[1].lossless_spikes


# Damage


@on_modes
def test_undamaged_chunks_are_recovered(mode, streams):
    codec, data = WaveformCodec(), streams[mode]
    whole = codec.decode_spikes(data)
    damaged = bytearray(data)
    damaged[data.index(Stream(data).payload(1).tobytes()) + 60] ^= 1
    with pytest.raises(CodecError, match="checksum does not match in chunk 1"):
        codec.decode_spikes(bytes(damaged))
    left = codec.decode_spikes(bytes(damaged), skip_damaged=True)
    assert left.lost == [(8000, 16_000)]
    kept = (whole.steps < 8000) | (whole.steps >= 16_000)
    np.testing.assert_array_equal(left.steps, whole.steps[kept])
    if mode != "spike":
        recovered = codec.recover(bytes(damaged))
        assert recovered.lost == [(8000, 16_000)]
        expected = codec.decompress(data)
        expected[8000:16_000] = 0
        np.testing.assert_array_equal(recovered.waveform, expected)


def test_memory_is_that_of_a_chunk(tmp_path):
    path = tmp_path / "recording.npy"
    recording = np.lib.format.open_memmap(path, "w+", np.int16, (1 << 16, 256))
    recording[:] = np.tile(realistic_waveform(1 << 12, 256)[0], (16, 1))
    codec = WaveformCodec(preset="fast", chunk_steps=1 << 14, workers=1)
    codec.compress(recording[:100])
    tracemalloc.start()
    data, _ = codec.compress(np.load(path, mmap_mode="r"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The stream grows by being copied; beside it, a group of 16 channels is encoded at a time.
    assert peak - 3 * len(data) < 0.5 * 2 * (1 << 14) * 256


# The parts


@pytest.mark.parametrize("spacing", [5, 24, 36])
@pytest.mark.parametrize("steps", [360, 367])
def test_splines_are_the_nearest(spacing, steps):
    samples = np.random.default_rng(1).normal(0, 50, (steps, 2)).astype(np.float32)
    size = spline.size_of(steps, spacing)
    weights = spline.weights_of(spacing, steps) / (1 << spline.WEIGHT_BITS)
    assert np.all(weights.sum(axis=1) == 1)
    matrix = np.zeros((steps, size))
    for step in range(steps):
        matrix[step, step // spacing : step // spacing + 4] = weights[step % spacing]
    left = samples.copy()
    spline.take_off(left, spline.fit(samples, spacing), spacing)
    least = samples - matrix @ np.linalg.lstsq(matrix, samples, rcond=None)[0]
    assert np.square(left).sum() <= 1.005 * np.square(least).sum()


@pytest.mark.parametrize("steps", [1, 5, 23])
def test_few_samples_need_few_weights(steps):
    np.testing.assert_array_equal(spline.weights_of(24, steps), spline.weights_of(24, 1000)[:steps])


def test_knots_far_apart_take_no_more_than_their_samples(recording):
    """As a forged stream, or a sampling rate that is none, may have them."""
    codec = WaveformCodec(sampling_hz=1e9, workers=1)
    codec.decompress(codec.compress(recording[0][:40, :3])[0])
    spline._weights.cache_clear()
    assert peak_bytes(lambda: codec.decompress(codec.compress(recording[0][:50, :3])[0])) < 1 << 20


@pytest.mark.parametrize("scale", [10, 1 << 22])
def test_values_of_splines_are_exact(scale):
    coefficients = np.random.default_rng(2).integers(-scale, scale, (9, 3))
    weights = spline.weights_of(5, 30)
    expected = [
        [
            sum(int(weights[step % 5, piece]) * int(coefficients[step // 5 + piece, channel]) for piece in range(4))
            + (1 << 13)
            >> 14
            for channel in range(3)
        ]
        for step in range(30)
    ]
    values = np.empty_like(expected, dtype=np.int32)
    spline.store_values(coefficients, 5, values)
    np.testing.assert_array_equal(values, expected)


def test_slow_waves_go_through_and_fast_ones_do_not():
    time = np.arange(20_000)[:, np.newaxis] / FS
    for frequency, share in ((1, 0.001), (100, 0.001), (300, 0.1), (800, 0.97), (3000, 0.99)):
        wave = np.sin(2 * np.pi * frequency * time).astype(np.float32)
        rest = wave.copy()
        spline.take_off(rest, spline.fit(wave, 24), 24)
        left = np.std(rest) / np.std(wave)
        assert left < share if share < 0.5 else left > share


def test_steps_of_quantisers_grow_by_eighths():
    sizes = [step_size(level) for level in range(LEVEL_MAX + 1)]
    assert sizes[0] == 1
    assert sizes[-1] == 1 << 28
    assert all(a <= b <= 1.13 * a + 1 for a, b in pairwise(sizes))
    assert all(step_size(level_below(size)) <= size for size in (1, 1.5, 77, 1e6))


def test_spikes_at_the_border_of_groups_are_counted_once():
    steps = np.array([100, 101, 102, 500])
    left = Troughs(steps[[0, 1]], np.array([14, 15]), np.array([50, 80], np.float32))
    right = Troughs(steps[[2, 3]], np.array([0, 9]), np.array([90, 40], np.float32))
    first, second = spikes_of_groups([left, right], [(0, 16), (16, 32)], FS)
    assert (first.steps.tolist(), first.channels.tolist(), first.echoes.tolist()) == ([101], [15], [True])
    assert first.masks.tolist() == [1 << REACH | 1 << REACH - 1]
    assert (second.steps.tolist(), second.channels.tolist()) == ([102, 500], [0, 9])
    assert not second.echoes.any()


def test_the_reach_of_spikes_is_that_of_masks():
    assert REACH == REACH_CHANNELS


def test_ripples_of_a_large_spike_are_no_spikes():
    waveform = np.random.default_rng(1).normal(0, 3, (20_000, 1))
    for start in range(500, 19_500, 600):
        waveform[start : start + 10] -= 200 * np.hanning(10)[:, np.newaxis]
        waveform[start + 10 : start + 30] += 60 * np.hanning(20)[:, np.newaxis]
    found = detect(waveform.astype(np.float32), 4.5, FS).troughs
    assert abs(found.steps.size - 32) <= 1


@pytest.mark.parametrize("numbers", [(0, 48, 16), (24, 0, 16), (24, 1025, 16), (24, 48, 257), (1 << 21, 48, 16)])
def test_parameters_out_of_range_are_refused(numbers):
    with pytest.raises(CodecError, match="parameters of spikes out of range"):
        SpikeFormat("full", *numbers).check()
    SpikeFormat("full", 24, 48, 16).check()


# The format

HEAD = "c55316900303fa010e02"
STREAMS = {
    "full": (
        "05100000000000000000180c109201110fc55311fa01030000000de0d390529e0458201ae540539e2fa1574004840a44000000000010007f"
        "80000000010007ff0000000002000f8004297ae0297000002b0001040059b5600000000000042a40eec85052480ba68cdb6da34c2ee6e2f7"
        "c1c859dcafd54002c35c29f0330004040413e011000000214001040059c500000000000004b8fe9e9ab431eb0c42b27bcffbee7180100ec5"
        "5311960103000000c8e23f5ece046028c35f00708469e337e78804840a44000000000010007f80000000010007ff0000000002000f800440"
        "97e5004b0a00002be004040000000000000004593d5669010000008a1258b0464176b9d2a5cf99a993277f97a963f93c3a6b648792b1f929"
        "d0330004040413a011000000218004040000000000000004b71af8ce8ccd1002bcc20d5e9733fea9aecf0570"
    ),
    "waveform": (
        "09100000000000000000180c103d110fc55311fa01030000000de0d390529e04031b022c29f0330004040413e011000000214001040059c5"
        "00000000000004b8fe9e9ab431eb0c42b27bcfe450ee1c100ec55311960103000000c8e23f5ece0403213678333033000404040b40090000"
        "00214004040000000000000004cb1fad8f901da729b72d2323404495d6"
    ),
    "spike": (
        "0d100000000000000000180c10110fc55311fa01030000000de0d390529e044796931d0ec55311960103000000c8e23f5ece0415bfce48"
    ),
}
"""Streams of this version, which later ones and other machines must decode alike."""
DECODED = {
    "full": "fba14480a3bbe9ed48c2aef3827a58cef418ffbc8d2fb81da39eba4d7b05e108",
    "waveform": "34c33fa78231b5f06a4efac23542e957904a886bdfde25ff849ec43245d1ffb7",
}
"""SHA-256 of their samples, int16 in rows."""


@on_modes
def test_streams_of_this_version_are_decoded(mode):
    data = bytes.fromhex(HEAD + STREAMS[mode])
    spikes = WaveformCodec().decode_spikes(data)
    assert spikes.steps.tolist() == [101, 262]
    assert spikes.channels.tolist() == [0, 0]
    if mode != "spike":
        samples = WaveformCodec().decompress(data).astype("<i2")
        assert hashlib.sha256(samples.tobytes()).hexdigest() == DECODED[mode]


LEARNT = (
    "c55316f40301000e0209100000000000000000180c101512c55311f40301000000fcb2b2b2b2a36dc8ff07c0010233c007c00492402410f3"
    "c78004024001000023c004040000000000000004135d121203000000c60ca1607d775e1e"
)
"""Five spikes of growing size, of one template."""


def test_templates_of_this_version_are_learnt_alike():
    data = bytes.fromhex(LEARNT)
    assert WaveformCodec().decode_spikes(data).steps.tolist() == [62, 152, 242, 332, 422]
    samples = WaveformCodec().decompress(data).astype("<i2")
    digest = "da3bcd26d98dffaa4530ffd6af1e6ef7962f0730760d572f285a621016067a71"
    assert hashlib.sha256(samples.tobytes()).hexdigest() == digest
