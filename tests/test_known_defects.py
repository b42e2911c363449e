"""What published spike codecs got wrong, each a test named after the defect, on all codecs.

The defects of the AER packets are in `test_aer_udp.py`, those of single coders also in the tests of their codecs.
"""

import inspect
import random
import tracemalloc

import numpy as np
import pytest

from bench.fuzz_codecs import FUZZED
from model import CodecError, decompress, get_codec
from model.bounds import combination_bits
from model.codecs.huffman import decoding_table
from model.codecs.stream import CODEC_IDS, Header, join, write_leb128
from model.formats import aer_udp
from model.golden.rate_updater import RateUpdater
from model.golden.settings import CHANNELS_MAX
from model.synth import bernoulli_raster

LOSSLESS = [(name, arguments) for name, arguments in FUZZED if arguments.get("mode") != "lossy"]
HARDWARE = [(name, arguments) for name, arguments in LOSSLESS if name == "streaming" or "lfsr" in arguments.values()]
"""Codecs whose stream is the hardware's packets, with the hardware's limits, which are stated and checked."""
SOFTWARE = [kind for kind in LOSSLESS if kind not in HARDWARE]
RASTER = bernoulli_raster(0.08, 90, 23)
PEAK_BYTES = 1 << 22


def title(kind) -> str:
    name, arguments = kind
    return "-".join([name, *map(str, arguments.values())])


on_all_codecs = pytest.mark.parametrize("kind", LOSSLESS, ids=title)
on_software_codecs = pytest.mark.parametrize("kind", SOFTWARE, ids=title)


def made(kind):
    name, arguments = kind
    return get_codec(name, **arguments)


def assert_comes_back(kind, raster) -> bytes:
    codec = made(kind)
    data, result = codec.compress(raster)
    decoded = codec.decompress(data)
    np.testing.assert_array_equal(decoded, raster)
    assert decoded.dtype == np.int8
    assert (result.n_steps, result.n_channels) == decoded.shape
    return data


# Prediction


def test_slowest_adaptation_never_leaves_rate_0():
    updater = RateUpdater(alpha_q8=1)
    for _ in range(256):
        updater.update(1)
    assert updater.rate > 0xFFFF // 2


def test_rate_of_8_bits_against_an_lfsr_of_16():
    """A channel that always fires is expected to, nearly always, at any sharpness: rate and dither have one scale."""
    raster = np.ones((3000, 1), dtype=np.int8)
    for sharpness in (0, 15):
        codec = get_codec("predictive", predictor="lfsr", alpha_q8=16, sharpness=sharpness, keyframe_interval=1000)
        assert codec.compress(raster)[1].error_density < 0.02


def test_accuracy_that_counts_silent_bins():
    """A predictor that expects nothing of a silent raster has no merit: its errors are the spikes, its gain none."""
    raster = bernoulli_raster(0.01, 2000, 32)
    _, result = get_codec("predictive", predictor="lfsr").compress(raster)
    assert not hasattr(result, "prediction_accuracy")
    assert result.error_density == pytest.approx(raster.mean())
    assert result.prediction_gain == 1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *(("predictive", {"alpha": value}) for value in (float("nan"), -0.1, 1.5, float("inf"), "0.1", None)),
        *(("predictive", {"threshold": value}) for value in (float("nan"), -0.1, 1.5)),
        *(("predictive", {"predictor": "lfsr", "alpha_q8": value}) for value in (-1, 257, 1.5, float("nan"))),
        *(("predictive", {"predictor": "lfsr", "seed": value}) for value in (-1, 65_536)),
        *(("predictive", {"predictor": value}) for value in ("EMA", "", None, 3)),
        *(("isi", {"entropy": value}) for value in ("zip", None)),
        *(("isi", {"mode": "lossy", "timing_precision": value}) for value in (0, -1, 1.5, float("nan"))),
        *(("streaming", {"window_size": value}) for value in (0, -1, 65_536, 2.5, True)),
        ("delta", {"group_size": 0}),
        ("delta", {"group_size": 1.5}),
    ],
    ids=str,
)
def test_parameters_that_are_nan_or_out_of_range(name, arguments):
    wrong = list(arguments)[-1]
    with pytest.raises(ValueError, match=wrong) as caught:
        get_codec(name, **arguments)
    assert "\n" not in str(caught.value)


def test_threshold_missing_from_the_header():
    """Any codec of the class decodes what another one with other parameters encoded."""
    raster = np.repeat(bernoulli_raster(0.5, 12, 10), 40, axis=0)
    streams = {get_codec("predictive", alpha=0.2, threshold=threshold).compress(raster)[0] for threshold in (0.3, 0.7)}
    assert len(streams) == 2
    for data in streams:
        np.testing.assert_array_equal(get_codec("predictive", alpha=0.9, threshold=0.1).decompress(data), raster)


# Containers


@on_all_codecs
@pytest.mark.parametrize(("steps", "channels"), [(91, 23), (90, 24), (45, 46), (0, 23), (None, 22), (0, 0)])
def test_shape_from_the_arguments_trusted_over_the_stream(kind, steps, channels):
    codec = made(kind)
    data, _ = codec.compress(RASTER)
    np.testing.assert_array_equal(codec.decompress(data, 90, 23), RASTER)
    with pytest.raises(CodecError, match="stream holds a raster of 90 x 23 bins"):
        codec.decompress(data, steps, channels)


@on_all_codecs
def test_truncation_decodes_to_a_wrong_array(kind):
    data = assert_comes_back(kind, RASTER)
    for length in range(len(data)):
        with pytest.raises(CodecError):
            made(kind).decompress(data[:length])


@on_all_codecs
def test_flipped_bits_decode_to_a_wrong_array(kind):
    data = assert_comes_back(kind, RASTER)
    for position in range(0, 8 * len(data), 3):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(CodecError):
            made(kind).decompress(bytes(flipped))


@on_all_codecs
@pytest.mark.parametrize("tail", [b"\0", b"\xff" * 9, b"\0" * 64])
def test_trailing_bytes_decode_to_a_wrong_array(kind, tail):
    data = assert_comes_back(kind, RASTER)
    for longer in (data + tail, data + data):
        with pytest.raises(CodecError):
            made(kind).decompress(longer)


@on_all_codecs
def test_random_bytes_decode_to_a_wrong_array(kind):
    rng = random.Random(5)
    data = assert_comes_back(kind, RASTER)
    for _ in range(200):
        noise = rng.randbytes(rng.randrange(60))
        for garbage in (noise, data[:2] + noise, data[:6] + noise):
            with pytest.raises(CodecError):
                made(kind).decompress(garbage)


@pytest.mark.parametrize("codec", CODEC_IDS)
@pytest.mark.parametrize(("steps", "channels"), [(1 << 40, 1 << 20), (1 << 31, 1), (1, 1 << 26), (1 << 25, 1 << 6)])
@pytest.mark.parametrize("chunk_steps", [1, 1 << 20])
@pytest.mark.parametrize("payload", [b"", b"\0", b"\1", b"\xff" * 4])
def test_a_few_bytes_ask_for_gigabytes(codec, steps, channels, chunk_steps, payload):
    """The checksum is right; the stream has a single chunk, or claims many that are not there."""
    for parameters in (b"", b"\1\1\1"):
        data = join(Header(codec, steps, channels, chunk_steps, parameters), [payload])
        tracemalloc.start()
        with pytest.raises(CodecError):
            decompress(data, max_bins=1 << 20)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < PEAK_BYTES


@on_software_codecs
def test_magic_byte_that_collides_with_2_24_steps(kind):
    raster = np.zeros(((1 << 24) + 1, 1), dtype=np.int8)
    raster[[0, 1 << 23, -1]] = 1
    assert_comes_back(kind, raster)


@pytest.mark.parametrize("codec", CODEC_IDS)
@pytest.mark.parametrize("field", range(4))
@pytest.mark.parametrize("varint", [b"\x80" * 30 + b"\1", b"\xff" * 100, b"\x80", b"\xff" * 8 + b"\x7f"], ids=len)
def test_unbounded_varints(codec, field, varint):
    numbers = [write_leb128(number) for number in (9, 7, 0, 0)]
    numbers[field] = varint
    head = join(Header(codec, 9, 7, 9), [b""])[:3]
    with pytest.raises(CodecError):
        decompress(head + b"".join(numbers) + bytes(40))


@pytest.mark.parametrize("lengths", [[1, 1, 1], [1, 2, 2, 2], [2, 2, 2], [1, 3], [0, 0], [2]], ids=str)
def test_over_subscribed_huffman_tables(lengths):
    with pytest.raises(CodecError, match="codeword lengths that fill"):
        decoding_table(np.array(lengths))


# Input


@on_all_codecs
@pytest.mark.parametrize(
    "wrong",
    [np.uint8(255), np.int8(-1), 2, 0.5, float("nan"), float("inf"), np.float32(1.0000001)],
    ids=repr,
)
def test_values_other_than_0_and_1_silently_changed(kind, wrong):
    raster = np.zeros((8, 9), dtype=np.asarray(wrong).dtype)
    raster[5, 2] = wrong
    with pytest.raises(ValueError, match="spikes must hold only 0 and 1, not "):
        made(kind).compress(raster)


@on_all_codecs
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_zeros_and_ones_of_any_type_and_layout(kind, dtype):
    data = assert_comes_back(kind, RASTER)
    wide = np.zeros((180, 46), dtype=dtype)
    wide[::2, ::2] = RASTER
    for same in (RASTER.astype(dtype), np.asfortranarray(RASTER.astype(dtype)), wide[::2, ::2]):
        assert made(kind).compress(same)[0] == data
    assert made(kind).compress(RASTER.tolist())[0] == data


@on_all_codecs
@pytest.mark.parametrize(
    "wrong",
    [[0, 1], np.zeros((2, 2, 2)), 1, np.array([["0", "1"]]), [[0, 1], [0]], np.zeros((2, 2), complex), None, [[None]]],
    ids=repr,
)
def test_what_is_no_raster_crashes_unhelpfully(kind, wrong):
    with pytest.raises(ValueError, match="spikes must") as caught:
        made(kind).compress(wrong)
    assert "\n" not in str(caught.value)


@on_all_codecs
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1)])
def test_sizes_of_0_used_as_unknown(kind, shape):
    data = assert_comes_back(kind, np.zeros(shape, dtype=np.int8))
    assert made(kind).decompress(data, *shape).shape == shape
    with pytest.raises(CodecError, match="stream holds a raster"):
        made(kind).decompress(data, shape[0] + 1, shape[1])


# Limits


@on_software_codecs
def test_more_than_65535_channels(kind):
    raster = np.zeros((3, 65_540), dtype=np.int8)
    raster[1, [0, 65_535, 65_536, -1]] = 1
    assert_comes_back(kind, raster)


@pytest.mark.parametrize("kind", HARDWARE, ids=title)
def test_limits_of_the_hardware_are_stated(kind):
    with pytest.raises(ValueError, match=f"spikes must have at most {CHANNELS_MAX} channels"):
        made(kind).compress(np.zeros((3, CHANNELS_MAX + 1), dtype=np.int8))


@on_all_codecs
def test_more_than_65535_steps_and_spikes(kind):
    raster = np.zeros((70_001, 2), dtype=np.int8)
    raster[:, 0] = 1
    raster[::3, 1] = 1
    assert_comes_back(kind, raster)


@pytest.mark.parametrize("group_size", [255, 256, 257, 300, 65_536])
def test_group_size_over_256(group_size):
    base = bernoulli_raster(0.05, 200, 1)
    raster = base | bernoulli_raster(0.01, 200, 310)
    assert_comes_back(("delta", {"group_size": group_size}), raster)


# Modes


@pytest.mark.parametrize("steps", [100, 101, 109, 110, 3])
@pytest.mark.parametrize("timing_precision", [1, 2, 3, 10])
def test_lossy_timing_changes_the_time_base_and_drops_the_tail(steps, timing_precision):
    raster = np.zeros((steps, 2), dtype=np.int8)
    raster[-1, 0] = raster[steps // 2, 1] = 1
    mode = "lossy" if timing_precision > 1 else "lossless"
    codec = get_codec("isi", mode=mode, timing_precision=timing_precision)
    data, result = codec.compress(raster)
    decoded = codec.decompress(data)
    assert decoded.shape == raster.shape
    for channel, step in ((0, steps - 1), (1, steps // 2)):
        (found,) = np.flatnonzero(decoded[:, channel])
        assert abs(found - step) <= result.max_shift_steps <= timing_precision // 2


@pytest.mark.parametrize("density", [0.001, 0.02, 0.2, 0.5, 0.95])
@pytest.mark.parametrize("order", ["scan", "neuron"])
def test_auto_picks_the_larger_coder(density, order):
    raster = bernoulli_raster(density, 700, 40)
    sizes = {
        entropy: len(get_codec("isi", entropy=entropy, order=order).compress(raster)[0])
        for entropy in ("auto", "varint", "huffman", "rice", "arithmetic")
    }
    assert sizes["auto"] == min(sizes.values())


def test_no_fallback_where_a_channel_is_noisy():
    """Channels that share nothing cost no more as differences than alone, but for a few bytes that say so."""
    raster = bernoulli_raster(0.1, 4000, 32)
    for noisy in (raster, raster | (np.arange(32) == 5)):
        alone = len(get_codec("isi").compress(noisy)[0])
        assert len(get_codec("delta", group_size=8).compress(noisy)[0]) <= 1.01 * alone + 64


@pytest.mark.parametrize("density", [0.03, 0.1, 0.3, 0.5, 0.9])
def test_event_list_expands_above_3_percent(density):
    raster = bernoulli_raster(density, 2000, 64)
    _, result = get_codec("aer").compress(raster)
    assert result.compression_ratio > 0.999
    assert 8 * result.compressed_bytes < 1.03 * combination_bits(raster.size, int(raster.sum())) + 160


def test_event_list_is_not_the_packets_it_claims():
    """What is exported is the documented layout (test_aer_udp.py); a stream of the codec does not claim to be that."""
    raster = np.eye(3, dtype=np.int8)
    (packet,) = aer_udp.export_spikes(raster)
    assert packet[:2] == b"\xae\x01"
    np.testing.assert_array_equal(aer_udp.import_spikes([packet], 3, 3), raster)
    with pytest.raises(CodecError):
        decompress(packet)


def test_arguments_have_the_published_names():
    for name, arguments in {
        "isi": ("mode", "timing_precision", "entropy"),
        "predictive": ("alpha", "threshold", "predictor", "alpha_q8", "seed", "context_bits"),
        "delta": ("group_size",),
        "streaming": ("window_size",),
    }.items():
        assert set(arguments) <= set(inspect.signature(type(get_codec(name))).parameters)
