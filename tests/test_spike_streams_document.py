"""docs/spike-streams.md describes the streams: the decoder that it gives in Python decodes what the codecs write."""

import re

import numpy as np
import pytest
from documents import Document

from model import PredictiveSpikeCodec, SpikeCodec
from model.codecs import intervals, isi, predictive, stream
from model.codecs.context import ContextPredictor
from model.codecs.ema import EmaPredictor
from model.codecs.gap_models import geometric_frequencies
from model.codecs.spikes import CHANNELS_MAX
from model.golden.container import CRC_BYTES
from model.golden.crc32c import crc32c
from model.golden.isi_decoder import IsiDecoder
from model.kernels import ema_predictor, gap_token, geometric, huffman, rans

DOCUMENT = Document("spike-streams.md")

CONSTANTS = {
    "MAGIC": int.from_bytes(stream.MAGIC, "little"),
    "VERSION": stream.VERSION,
    "ISI": stream.CODEC_IDS["isi"],
    "PREDICTIVE": stream.CODEC_IDS["predictive"],
    "DELTA": stream.CODEC_IDS["delta"],
    "AER": stream.CODEC_IDS["aer"],
    "STREAMING": stream.CODEC_IDS["streaming"],
    "WAVEFORM": stream.CODEC_IDS["waveform"],
    "STEPS_MAX": stream.STEPS_MAX,
    "CHANNELS_MAX": CHANNELS_MAX,
    "CHUNK_BINS_MAX": stream.CHUNK_BINS_MAX,
    "PARAMETER_BYTES_MAX": stream.PARAMETER_BYTES_MAX,
    "LEB128_BYTES_MAX": stream.LEB128_GROUPS_MAX,
    "CRC_BYTES": CRC_BYTES,
    "SPLIT_BITS": gap_token.SPLIT_BITS,
    "TOKENS": gap_token.TOKENS,
    "FREQUENCY_BITS": rans.FREQUENCY_BITS,
    "FRACTION_BITS": geometric.FRACTION_BITS,
    "STATE_BITS": rans.STATE_BITS,
    "WORD_BITS": rans.WORD_BITS,
    "STATE_BYTES_MAX": intervals.STATE_BYTES_MAX,
    "LENGTH_MAX": huffman.LENGTH_MAX,
    "PRECISION_MAX": isi.PRECISION_MAX,
    "EMA": EmaPredictor.number,
    "CONTEXT": ContextPredictor.number,
    "ALPHA_BITS": ema_predictor.ALPHA_BITS,
    "RATE_BITS": ema_predictor.RATE_BITS,
}


def wire_positions(coder, payload, bins):
    return IsiDecoder({0: "rice", 1: "leb128"}[coder]).decode(payload, bins)


def decoder():
    """Return what the fragments of the document define."""
    namespace = CONSTANTS | {"crc32c": crc32c, "wire_positions": wire_positions}
    for title in DOCUMENT.sections:
        for fragment in DOCUMENT.code(title):
            exec(fragment, namespace)
    return namespace


DECODER = decoder()


def decoded(data):
    """Return the raster of a stream, as the document's decoder finds it."""
    codec, steps, channels, chunk_steps, parameters, start, lengths = DECODER["open_stream"](data)
    rows_of = {CONSTANTS["ISI"]: "isi_rows", CONSTANTS["PREDICTIVE"]: "predictive_rows"}[codec]
    rows = []
    for index, payload in enumerate(DECODER["payloads_of"](data, start, lengths)):
        rows += DECODER[rows_of](payload, min(chunk_steps, steps - index * chunk_steps), channels, parameters)
    return np.array(rows)


def raster(density, shape=(60, 11)):
    return (np.random.default_rng(1).random(shape) < density).astype(np.int8)


def test_constants():
    (table,) = DOCUMENT.tables("Constants")
    assert {row["name"]: int(row["value"], 0) for row in table} == CONSTANTS


@pytest.mark.parametrize("density", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("order", ["scan", "neuron"])
@pytest.mark.parametrize("entropy", ["varint", "huffman", "rice", "arithmetic", "auto"])
def test_intervals(entropy, order, density):
    spikes = raster(density)
    data, _ = SpikeCodec(entropy, order).compress(spikes)
    np.testing.assert_array_equal(decoded(data), spikes)


def test_measured_frequencies():
    spikes = np.zeros((3000, 4), dtype=np.int8)
    spikes[np.random.default_rng(1).integers(0, 2, 3000) * 7 + np.arange(3000) // 20 * 20 % 2990] = 1
    data, _ = SpikeCodec("arithmetic").compress(spikes)
    assert data[8] & intervals.KIND_MASK == intervals.MEASURED
    np.testing.assert_array_equal(decoded(data), spikes)


def test_many_chunks(monkeypatch):
    monkeypatch.setattr(SpikeCodec, "chunk_bins", 110)
    spikes = raster(0.1)
    data, _ = SpikeCodec().compress(spikes)
    *_, lengths = DECODER["open_stream"](data)
    assert len(lengths) == 6
    np.testing.assert_array_equal(decoded(data), spikes)


@pytest.mark.parametrize("precision", [2, 7, 100])
def test_timing_precision(precision):
    data, _ = SpikeCodec(mode="lossy", timing_precision=precision).compress(raster(0.05))
    np.testing.assert_array_equal(decoded(data), SpikeCodec().decompress(data))


def test_ema():
    spikes = raster(0.05, (200, 5))
    spikes[50:150, 1] = 1
    data, result = PredictiveSpikeCodec(predictor="ema", alpha=0.05).compress(spikes)
    assert result.prediction_gain > 1
    np.testing.assert_array_equal(decoded(data), spikes)
    plain, result = PredictiveSpikeCodec(predictor="ema").compress(spikes[:50])
    assert result.prediction_gain == 1
    np.testing.assert_array_equal(decoded(plain), spikes[:50])
    assert plain[7] == predictive.PLAIN


@pytest.mark.parametrize("row", DOCUMENT.tables("Tokens")[0], ids=lambda row: row["gap"])
def test_token(row):
    gap, token, extra = (int(row[name]) for name in ("gap", "token", "extra bits"))
    counts = np.zeros(gap_token.TOKENS, dtype=np.int64)
    gap_token.count_tokens(np.array([gap], dtype=np.int32), counts)
    assert np.flatnonzero(counts).tolist() == [token]
    assert gap_token.EXTRA_BITS[token] == extra == DECODER["extra_bits"](token)
    assert gap_token.LEAST_GAPS[token] <= gap < gap_token.LEAST_GAPS[token] + (1 << extra)


def test_every_token():
    for token in range(gap_token.TOKENS):
        assert DECODER["extra_bits"](token) == gap_token.EXTRA_BITS[token]
        assert DECODER["least_gap"](token) == gap_token.LEAST_GAPS[token]


@pytest.mark.parametrize(
    ("bins", "events", "tokens"), [(15, 2, 7), (1 << 27, 1, 200), (1 << 27, 1 << 26, 60), (9, 9, 1)]
)
def test_geometric_model(bins, events, tokens):
    expected = DECODER["geometric_frequencies"](bins, events, tokens)
    assert geometric_frequencies(bins, events, tokens).tolist() == expected


def test_example():
    text = DOCUMENT.sections["Worked example"]
    spikes = [[int(bin) for bin in row] for row in re.findall(r"^[01]+$", text, flags=re.MULTILINE)]
    data, _ = SpikeCodec("arithmetic").compress(spikes)
    (table,) = DOCUMENT.tables("Worked example")
    parts = [bytes.fromhex(row["hex"]) for row in table]
    assert b"".join(parts) == data
    assert [int(row["byte"]) for row in table] == [sum(map(len, parts[:place])) for place in range(len(parts))]
    for row, part in zip(table, parts, strict=True):
        if value := re.fullmatch(r"(?:steps|channels|events|tokens|state) (\d+)", row["meaning"]):
            assert int(value[1]) == int.from_bytes(part, "little")
    stated = DOCUMENT.numbers("Worked example", r"frequencies (\d+), (\d+), (\d+), (\d+), (\d+), (\d+) and (\d+)\.")
    assert stated == DECODER["geometric_frequencies"](15, 2, 7)
    np.testing.assert_array_equal(decoded(data), spikes)
