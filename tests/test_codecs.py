"""What holds for every spike codec: one check of the input, one kind of stream, results, names, recommendations."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from memory import peak_bytes
from strategies import rasters

import model
from model import (
    AERSpikeCodec,
    CodecError,
    DeltaSpikeCodec,
    PredictiveSpikeCodec,
    SpikeCodec,
    StreamingSpikeCodec,
    get_codec,
    list_codecs,
    recommend_codec,
    recommend_codec_for,
)
from model.bounds import combination_bits
from model.codecs.stream import CHUNK_BINS_MAX, CODEC_IDS, MAGIC, VERSION, Header, Stream, join, write_leb128
from model.kernels.crc32c import crc32c

CODECS = {
    "isi": SpikeCodec(),
    "isi by neuron": SpikeCodec(order="neuron"),
    "ema": PredictiveSpikeCodec(alpha=0.05),
    "lfsr": PredictiveSpikeCodec(predictor="lfsr", alpha_q8=20, epoch_steps=7, keyframe_interval=2),
    "context": PredictiveSpikeCodec(predictor="context"),
    "delta": DeltaSpikeCodec(group_size=3),
    "any predictor": PredictiveSpikeCodec(predictor="auto"),
    "streaming": StreamingSpikeCodec(window_size=7),
    "aer": AERSpikeCodec(),
}
CHUNKED = [name for name in CODECS if name not in ("lfsr", "streaming", "any predictor")]

all_codecs = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())
chunked_codecs = pytest.mark.parametrize("codec", [CODECS[name] for name in CHUNKED], ids=CHUNKED)


def raster(density=0.1, shape=(40, 9), seed=1):
    return (np.random.default_rng(seed).random(shape) < density).astype(np.int8)


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of a few steps, so that small rasters have many."""
    monkeypatch.setattr("model.codecs.base.steps_of_chunk", lambda channels, bins: 8)
    monkeypatch.setattr("model.codecs.predictive.steps_of_chunk", lambda channels, bins: 8)


# Rasters


@all_codecs
@given(spikes=rasters())
@settings(max_examples=30)
def test_round_trip(codec, spikes):
    data, result = codec.compress(spikes)
    found = codec.decompress(data, *spikes.shape)
    assert (found.dtype, found.shape) == (np.int8, spikes.shape)
    np.testing.assert_array_equal(found, spikes)
    np.testing.assert_array_equal(model.decompress(data), spikes)
    assert (result.n_steps, result.n_channels, result.n_spikes) == (*spikes.shape, spikes.sum())
    assert result.compressed_bytes == len(data)


@all_codecs
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (1, 300), (300, 1)])
@pytest.mark.parametrize("value", [0, 1])
def test_shapes(codec, shape, value):
    spikes = np.full(shape, value, dtype=np.int8)
    data, result = codec.compress(spikes)
    np.testing.assert_array_equal(codec.decompress(data, *shape), spikes)
    assert result.summary().count("\n") == 0


SPIKES = raster()
LAYOUTS = {
    "bool": SPIKES.astype(bool),
    "uint8": SPIKES.astype(np.uint8),
    "int64": SPIKES.astype(np.int64),
    "big-endian": SPIKES.astype(">u4"),
    "float16": SPIKES.astype(np.float16),
    "float64": SPIKES.astype(float),
    "negative zero": np.where(SPIKES == 0, -0.0, 1.0),
    "list": SPIKES.tolist(),
    "Fortran order": np.asfortranarray(SPIKES),
    "every second": np.repeat(np.repeat(SPIKES, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": SPIKES[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": np.frombuffer(SPIKES.tobytes(), dtype=np.int8).reshape(SPIKES.shape),
    "unaligned": np.frombuffer(b"\0" + SPIKES.tobytes(), dtype=np.int8)[1:].reshape(SPIKES.shape),
}


@all_codecs
@pytest.mark.parametrize("layout", LAYOUTS)
def test_types_and_layouts(codec, layout):
    expected, _ = codec.compress(SPIKES)
    data, result = codec.compress(LAYOUTS[layout])
    assert data == expected
    assert result.n_spikes == SPIKES.sum()


@all_codecs
def test_input_is_left_alone(codec):
    spikes = SPIKES.copy()
    codec.compress(spikes)
    np.testing.assert_array_equal(spikes, SPIKES)


@all_codecs
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([[0, 2]], "only 0 and 1, not 2"),
        ([[0, -1]], "only 0 and 1, not -1"),
        (np.array([[0, -1]], np.int8), "only 0 and 1, not -1"),
        (np.array([[0, 255]], np.uint8), "only 0 and 1, not 255"),
        (np.array([[256, 1]]), "only 0 and 1, not 256"),
        ([[0.0, 0.5]], "only 0 and 1, not 0.5"),
        ([[0.0, np.nan]], "only 0 and 1, not nan"),
        ([[0.0, np.inf]], "only 0 and 1, not inf"),
        ([0, 1], r"2 dimensions \(steps, channels\), not shape \(2,\)"),
        (np.zeros((2, 2, 2)), r"not shape \(2, 2, 2\)"),
        (7, r"not shape \(\)"),
        (None, r"not shape \(\)"),
        ([[0, 1], [1]], "array of shape"),
        ([["0", "1"]], "not <U1"),
        ([[0j, 1j]], "not complex128"),
        (np.array([[0, None]]), "not object"),
        (np.ma.masked_array([[0, 1]], mask=[[True, False]]), "masked"),
    ],
)
def test_no_rasters(codec, wrong, message):
    with pytest.raises(ValueError, match=message) as caught:
        codec.compress(wrong)
    assert not isinstance(caught.value, CodecError)
    assert "\n" not in str(caught.value)


@chunked_codecs
def test_a_wrong_value_in_a_later_chunk(codec, small_chunks):
    spikes = SPIKES.copy()
    spikes[30, 3] = 5
    with pytest.raises(ValueError, match="not 5"):
        codec.compress(spikes)


# What a decoder is told


@all_codecs
def test_shape_is_checked(codec):
    data, _ = codec.compress(SPIKES)
    for shape in [(41, 9), (40, 8), (9, 40), (0, 0)]:
        with pytest.raises(CodecError, match=rf"holds a raster of 40 x 9 bins, but [TN] is {shape[0]}|{shape[1]}"):
            codec.decompress(data, *shape)


@all_codecs
@pytest.mark.parametrize("argument", ["T", "N", "start", "stop", "max_bins"])
@pytest.mark.parametrize("wrong", [-1, 1.5, "1", True])
def test_wrong_numbers(codec, argument, wrong):
    data, _ = codec.compress(SPIKES)
    with pytest.raises(ValueError, match=f"{argument} must be an integer"):
        codec.decompress(data, **{argument: wrong})


@all_codecs
@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (0, 1), (3, 21), (8, 16), (15, None), (40, None), (17, 17), (39, 40)]
)
def test_range(codec, start, stop, small_chunks):
    data, _ = codec.compress(SPIKES)
    np.testing.assert_array_equal(codec.decompress(data, start=start, stop=stop), SPIKES[start:stop])
    np.testing.assert_array_equal(model.decompress(data, start=start, stop=stop), SPIKES[start:stop])


@all_codecs
def test_range_beyond_the_raster(codec):
    data, _ = codec.compress(SPIKES)
    with pytest.raises(ValueError, match=r"start must be an integer in 0\.\.40"):
        codec.decompress(data, start=41)
    with pytest.raises(ValueError, match=r"stop must be an integer in 5\.\.40"):
        codec.decompress(data, start=5, stop=4)


@chunked_codecs
def test_range_decodes_no_other_chunks(codec, small_chunks, monkeypatch):
    data, _ = codec.compress(SPIKES)
    decoded = []
    payload = Stream.payload
    monkeypatch.setattr(Stream, "payload", lambda stream, index: decoded.append(index) or payload(stream, index))
    codec.decompress(data, start=17, stop=25)
    assert decoded == [2, 3]


@all_codecs
def test_limit_of_bins(codec):
    data, _ = codec.compress(SPIKES)
    with pytest.raises(CodecError, match="max_bins allows 359"):
        codec.decompress(data, max_bins=359)
    codec.decompress(data, max_bins=360)


@all_codecs
@pytest.mark.parametrize("wrong", [None, "CTCD", 5, [1]])
def test_streams_of_other_types(codec, wrong):
    with pytest.raises(ValueError, match=f"data must be bytes, not {type(wrong).__name__}"):
        codec.decompress(wrong)


@pytest.mark.parametrize("name", CHUNKED)
def test_streams_of_other_codecs(name):
    data, _ = CODECS[name].compress(SPIKES)
    for other in CHUNKED:
        if CODECS[other].name != CODECS[name].name:
            with pytest.raises(CodecError, match=f"stream is of codec '{CODECS[name].name}'"):
                CODECS[other].decompress(data)


# Damage


@all_codecs
def test_every_flipped_bit(codec, small_chunks):
    data, _ = codec.compress(SPIKES)
    for position in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[position // 8] ^= 1 << position % 8
        for decompress in (codec.decompress, model.decompress):
            with pytest.raises(CodecError):
                decompress(bytes(damaged))


@all_codecs
def test_every_truncation_and_trailing_bytes(codec, small_chunks):
    data, _ = codec.compress(SPIKES)
    for wrong in [*(data[:length] for length in range(len(data))), data + b"\0", data + data, data + data[-4:]]:
        with pytest.raises(CodecError):
            codec.decompress(wrong)


def pieces(data):
    """Return header and chunks of a stream, each chunk with its checksum."""
    bounds = Stream(data)._bounds
    return [data[: bounds[0]]] + [data[start:end] for start, end in pairwise(bounds)]


@chunked_codecs
def test_splices(codec, small_chunks):
    """Chunks of equal size in another order, or of another stream with the same header, are not taken for the own."""
    half = raster(0.5, (8, 9))
    header, *chunks = pieces(codec.compress(np.concatenate([half] * 5))[0])
    if len({len(chunk) for chunk in chunks}) == 1:
        for order in ([1, 0, 2, 3, 4], [0, 1, 1, 3, 4], [0, 2, 1, 3, 4], [0, 1, 2, 4, 3]):
            with pytest.raises(CodecError, match="checksum"):
                codec.decompress(header + b"".join(chunks[index] for index in order))
    first, *ours = pieces(codec.compress(raster(0.1, seed=1))[0])
    for seed in range(2, 50):
        other, *theirs = pieces(codec.compress(raster(0.1, seed=seed))[0])
        for cut in range(1, 5):
            if other == first:
                with pytest.raises(CodecError, match="checksum"):
                    codec.decompress(first + b"".join(ours[:cut] + theirs[cut:]))


def test_some_splices_fit(small_chunks):
    """The test above would mean little if no stream had the header of another."""
    headers = [pieces(AERSpikeCodec().compress(raster(0.02, seed=seed))[0])[0] for seed in range(50)]
    assert len(set(headers)) < len(headers)


# Forgery: the checksums are right


def stream_of(codec, steps, channels, chunk_steps, parameters=b"", payloads=(b"",), lengths=None):
    """Return a stream that claims whatever it is told, with right checksums."""
    numbers = [steps, channels, chunk_steps, len(parameters)]
    head = MAGIC + bytes([VERSION << 4 | CODEC_IDS[codec]]) + b"".join(map(write_leb128, numbers)) + parameters
    head += b"".join(write_leb128(length) for length in (lengths or map(len, payloads[:-1])))
    body, before = b"", b""
    for payload in payloads:
        before = crc32c(head + before + payload).to_bytes(4, "little")
        body += payload + before
    return head + body


def test_forger_can_write_true_streams(small_chunks):
    payload = Stream(SpikeCodec().compress([[0, 1]])[0]).payload(0).tobytes()
    assert stream_of("isi", 1, 2, 0, payloads=[payload]) == SpikeCodec().compress([[0, 1]])[0]


@pytest.mark.parametrize("codec", sorted({CODECS[name].name for name in CHUNKED}))
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"steps": 1 << 48, "channels": 1, "chunk_steps": 1}, "more than there may be"),
        ({"steps": 1, "channels": (1 << 26) + 1, "chunk_steps": 0}, "more than there may be"),
        ({"steps": 1 << 40, "channels": 1, "chunk_steps": 0}, "a chunk of more than"),
        ({"steps": 1 << 40, "channels": 1 << 20, "chunk_steps": 1}, "cut off"),
        ({"steps": 5, "channels": 5, "chunk_steps": 5}, "chunks of 5 steps for a raster of 5"),
        ({"steps": 0, "channels": 5, "chunk_steps": 1}, "chunks of 1 steps"),
        ({"steps": 5, "channels": 0, "chunk_steps": 1}, "without channels"),
        ({"steps": 5, "channels": 5, "chunk_steps": 2, "lengths": [1 << 62, 1 << 62]}, "cut off"),
        ({"steps": 0, "channels": 5, "chunk_steps": 0, "payloads": [b"\0"]}, "payload for a raster of 0 x 5"),
        ({"steps": 5, "channels": 5, "chunk_steps": 0, "parameters": bytes(200)}, "."),
    ],
)
def test_forged_headers(codec, fields, message):
    data, decoder = stream_of(codec, **fields), get_codec(codec)

    def decompress():
        with pytest.raises(CodecError, match=message):
            decoder.decompress(data)

    assert peak_bytes(decompress) < 100_000


def test_other_versions_and_codecs():
    data, _ = SpikeCodec().compress(SPIKES)
    with pytest.raises(CodecError, match="version 2; this decoder knows version 1"):
        model.decompress(data[:2] + b"\x21" + data[3:])
    with pytest.raises(CodecError, match="unknown codec 15"):
        model.decompress(data[:2] + b"\x1f" + data[3:])
    with pytest.raises(CodecError, match="starts as that of no codec"):
        model.decompress(b"\0" + data)


def test_a_forged_giant_is_checked_before_it_gets_its_memory():
    """Sixteen chunks, the last of which is no payload, claim a raster of 2**30 bins."""
    steps = CHUNK_BINS_MAX // 1024
    silent = Stream(SpikeCodec().compress(np.zeros((8, 1024)))[0]).payload(0).tobytes()
    data = stream_of("isi", 16 * steps, 1024, steps, payloads=[silent] * 15 + [b"\x07"])

    def decompress():
        with pytest.raises(CodecError, match="unknown kind"):
            SpikeCodec().decompress(data)

    assert peak_bytes(decompress) < 1.1 * CHUNK_BINS_MAX
    honest = stream_of("isi", 16 * steps, 1024, steps, payloads=[silent] * 16)
    assert not SpikeCodec().decompress(honest, start=16 * steps - 3).any()


def test_codecs_that_do_not_know_a_header_do_not_decode():
    header = Header("isi", 3, 3, 3, b"\1")
    with pytest.raises(CodecError, match="timing precision of 1"):
        SpikeCodec().decompress(join(header, [b"\0"]))
    with pytest.raises(CodecError, match="bytes too many"):
        SpikeCodec().decompress(join(Header("isi", 3, 3, 3, b"\2\2"), [b"\0"]))


# Results


@all_codecs
def test_results(codec):
    data, result = codec.compress(SPIKES)
    bins, spikes = SPIKES.size, int(SPIKES.sum())
    assert result.compression_ratio == bins / (8 * len(data))
    assert result.bits_per_spike == 8 * len(data) / spikes
    assert result.bits_per_bin == 8 * len(data) / bins
    assert result.entropy_bound_bits == combination_bits(bins, spikes)
    assert f"{bins // 9} x 9 bins, {spikes} spikes, {len(data)} bytes" in result.summary()


def test_combination_bits():
    assert combination_bits(10, 3) == pytest.approx(np.log2(120))
    assert combination_bits(0, 0) == combination_bits(7, 0) == combination_bits(7, 7) == 0
    with pytest.raises(ValueError, match=r"spikes must be in 0\.\.7, not 8"):
        combination_bits(7, 8)


# Names and recommendations


def test_names():
    assert list_codecs() == sorted(list_codecs())
    assert {"isi", "predictive", "delta", "streaming", "aer"} <= set(list_codecs())
    assert isinstance(get_codec("isi", order="neuron"), SpikeCodec)
    assert isinstance(get_codec("predictive", alpha=0.005), PredictiveSpikeCodec)
    for wrong in ("ISI", "", None, 3):
        with pytest.raises(ValueError, match="name must be one of aer, delta, isi"):
            get_codec(wrong)
    with pytest.raises(TypeError):
        get_codec("isi", alpha=1)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"neuromorphic": True, "latency_ms": 0.5, "correlated": True}, "aer"),
        ({"latency_ms": 1.0, "correlated": True}, "streaming"),
        ({"correlated": True}, "delta"),
        ({"correlated": True, "n_channels": 16}, "delta"),
        ({"correlated": True, "n_channels": 15}, "isi"),
        ({}, "predictive"),
        ({"n_channels": 64, "latency_ms": 1.01}, "predictive"),
        ({"n_channels": 63}, "isi"),
    ],
)
def test_recommended_by_rule(arguments, expected):
    assert recommend_codec(**{"n_channels": 1024, "firing_rate": 2.0} | arguments) == expected


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("n_channels", -1),
        ("n_channels", 2.5),
        ("firing_rate", -1),
        ("firing_rate", np.nan),
        ("latency_ms", "1"),
        ("correlated", 1),
        ("neuromorphic", None),
    ],
)
def test_recommended_by_rule_for_nonsense(name, wrong):
    with pytest.raises(ValueError, match=f"{name} must be"):
        recommend_codec(**{"n_channels": 4, "firing_rate": 1, name: wrong})


def test_recommended_by_measurement():
    spikes = raster(0.05, (400, 30))
    found = recommend_codec_for(spikes)
    assert not found.best.refusal
    smallest = found.candidates[0]
    assert [c.compressed_bytes for c in found.candidates] == sorted(c.compressed_bytes for c in found.candidates)
    assert found.best.compressed_bytes <= 1.01 * smallest.compressed_bytes
    _, result = get_codec(found.best.name, **found.best.arguments).compress(spikes)
    assert result.compressed_bytes == found.best.compressed_bytes
    lines = str(found).splitlines()
    assert lines[0] == found.reason
    assert len(lines) == 2 + len(found.candidates)
    assert str(found.best.compressed_bytes) in lines[2 + found.candidates.index(found.best)]


def test_recommended_by_measurement_for_needs():
    spikes = raster(0.05, (400, 30))
    assert recommend_codec_for(spikes, neuromorphic=True).best.name == "aer"
    in_time = recommend_codec_for(spikes, step_ms=0.05, latency_ms=1)
    assert in_time.best.arguments.get("window_size", in_time.best.arguments.get("epoch_steps")) == 20
    assert {c.name for c in in_time.candidates if not c.refusal} == {"predictive", "streaming"}
    sampled = recommend_codec_for(spikes, sample_bins=1500)
    assert sampled.sample_steps == 50
    with pytest.raises(ValueError, match="latency_ms must be a number in 1"):
        recommend_codec_for(spikes, latency_ms=0.5)
    with pytest.raises(ValueError, match="no codec compresses 5000 channels within"):
        recommend_codec_for(np.zeros((2, 5000)), latency_ms=1)
    assert recommend_codec_for(np.zeros((0, 3))).sample_steps == 0


@pytest.mark.parametrize(("step_ms", "latency_ms", "steps"), [(0.1, 0.3, 3), (1, 2.9, 2), (1e-300, 1e300, 65535)])
def test_recommended_frames_are_as_long_as_may_be(step_ms, latency_ms, steps):
    found = recommend_codec_for(np.eye(5), step_ms=step_ms, latency_ms=latency_ms)
    (frames,) = (candidate for candidate in found.candidates if candidate.name == "streaming")
    assert frames.arguments == {"window_size": steps}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.int8])
def test_numbers_may_be_of_any_type(dtype):
    assert recommend_codec(n_channels=64, firing_rate=dtype(2)) == "predictive"


@chunked_codecs
def test_workers(codec, small_chunks):
    data, _ = codec.compress(SPIKES)
    np.testing.assert_array_equal(codec.decompress(data, workers=3), SPIKES)
    np.testing.assert_array_equal(codec.decompress(data, start=5, stop=31, workers=8), SPIKES[5:31])
    np.testing.assert_array_equal(model.decompress(data, workers=2), SPIKES)
    with pytest.raises(ValueError, match="workers must be an integer in 1"):
        codec.decompress(data, workers=0)
    with pytest.raises(ValueError, match="workers must be an integer in 1"):
        model.decompress(data, workers=0)


def test_workers_take_no_memory_for_chunks_that_are_not_begun():
    n_chunks = 20_000
    data = join(Header("aer", n_chunks, 1, 1), [b""] * n_chunks)
    codec = get_codec("aer")
    codec.decompress(data, workers=2)
    assert peak_bytes(lambda: codec.decompress(data, workers=2)) < 10 * len(data) + 1_000_000


def test_workers_report_errors():
    header = Header("isi", 40, 9, 8)
    with pytest.raises(CodecError, match="unknown kind 7"):
        SpikeCodec().decompress(join(header, [b"\0"] * 4 + [b"\7"]), workers=2)
