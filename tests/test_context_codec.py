"""The predictor `context` as users see it: it saves, it never costs, and forged payloads are refused."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import rasters

from model import CodecError
from model.codecs import coupling, echoes
from model.codecs.context import INTERVALS, ContextPredictor
from model.codecs.predictive import PredictiveSpikeCodec
from model.codecs.stream import Reader
from model.synth import bernoulli_raster, physiological_raster


def bursts(steps=2000, channels=32):
    raster = np.zeros((steps, channels), dtype=np.int8)
    for channel in range(channels):
        for start in range(channel % 50, steps, 50):
            raster[start : start + 5, channel] = 1
    return raster


def decoded(payload: bytes, shape: tuple[int, int], context_bits: int = 8) -> np.ndarray:
    rows = np.zeros(shape, dtype=np.int8)
    ContextPredictor(context_bits).decode(np.frombuffer(bytearray(payload), dtype=np.uint8), rows)
    return rows


@pytest.mark.parametrize("context_bits", [5, 8, 9])
@pytest.mark.parametrize(
    "raster",
    [
        physiological_raster(n_channels=70, n_steps=5000),
        bernoulli_raster(0.01, 5000, 33),
        bernoulli_raster(0.9, 400, 5),
        bursts(),
        np.zeros((300, 3), dtype=np.int8),
        np.ones((300, 3), dtype=np.int8),
        np.eye(300, dtype=np.int8),
        bernoulli_raster(0.1, 3, 2000),
    ],
    ids=["physiological", "bernoulli", "dense", "bursts", "zeros", "ones", "diagonal", "short"],
)
def test_rasters_come_back(raster, context_bits):
    predictor = ContextPredictor.of(context_bits)
    payload, errors = predictor.encode(raster)
    assert np.isnan(errors)
    np.testing.assert_array_equal(decoded(payload, raster.shape, context_bits), raster)


def test_context_is_the_smallest_on_structured_data():
    raster = physiological_raster(n_channels=100, n_steps=20_000)
    sizes = {name: len(PredictiveSpikeCodec(predictor=name).compress(raster)[0]) for name in ("ema", "lfsr", "context")}
    assert sizes["context"] < 0.9 * min(sizes["ema"], sizes["lfsr"])


def test_bursts_cost_next_to_nothing():
    data, result = PredictiveSpikeCodec(predictor="context").compress(bursts())
    assert result.compression_ratio > 300
    np.testing.assert_array_equal(PredictiveSpikeCodec().decompress(data), bursts())


def test_prediction_never_costs():
    _, result = PredictiveSpikeCodec(predictor="context").compress(bernoulli_raster(0.05, 3000, 100))
    assert result.prediction_gain >= 1


def test_channels_that_depend_on_each_other_are_coupled():
    raster = bernoulli_raster(0.02, 20_000, 12)
    raster[3:, 9] |= raster[:-3, 2]
    (listed,) = [of for of in coupling.candidates(raster, int(raster.sum())) if of.kind == coupling.LISTED]
    assert listed.counts.tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert listed.sources.tolist() == [9, 2]


@pytest.mark.parametrize(("far", "kind"), [(True, coupling.LISTED), (False, coupling.ADJACENT)])
def test_a_busy_raster_is_given_the_coupling_that_saves_most(far, kind):
    cells = bernoulli_raster(0.03, 40_000, 14)
    raster = cells[:, :-2] | cells[:, 1:-1] | cells[:, 2:]  # what a cell fires is seen by three electrodes
    if far:
        raster = raster[:, [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]]
    assert [of.kind for of in coupling.candidates(raster, int(raster.sum()))] == [kind]


@pytest.mark.parametrize("steps", [4_000, 40_000])
def test_channels_that_know_nothing_of_each_other_are_not_listed(steps):
    raster = bernoulli_raster(0.05, steps, 12)
    assert {of.kind for of in coupling.candidates(raster, int(raster.sum()))} <= {coupling.NONE, coupling.ADJACENT}


def test_a_busy_raster_without_couplings_is_given_none():
    raster = bernoulli_raster(0.05, 40_000, 12)
    assert [of.kind for of in coupling.candidates(raster, int(raster.sum()))] == [coupling.NONE]


def test_what_a_coupling_saves_is_its_likelihood_ratio():
    counts = np.array([[100, 60, 10], [60, 100, 11], [10, 11, 100]], dtype=np.int32)
    bits = (60 * np.log(60 / 10) - 50) / np.log(2)
    expected = np.array([[0, bits, 0], [bits, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(coupling.saved_bits(counts, 1000, 1000), expected, rtol=1e-5)
    np.testing.assert_allclose(coupling.saved_bits(counts, 1000, 3000), 3 * expected, rtol=1e-5)
    chance = np.array([[100, 12], [12, 100]], dtype=np.int32)
    assert not coupling.saved_bits(chance, 1000, 1000).any()


@given(st.integers(1, 40), st.data())
def test_couplings_come_back(channels, data):
    rows = [data.draw(st.sets(st.integers(0, channels - 1), max_size=8)) - {channel} for channel in range(channels)]
    counts = np.array([len(row) for row in rows])
    sources = np.array([source for row in rows for source in sorted(row)], dtype=np.int64)
    written = coupling.Coupling(coupling.LISTED, counts, sources).write()
    read, used = coupling.read(coupling.LISTED, channels, written + b"\xaa\x55")
    assert used == len(written)
    assert read.counts.tolist() == counts.tolist()
    assert read.sources.tolist() == sources.tolist()


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xff\xff", b"\xf8", bytes([0b1110_0000, 0]), bytes([0b1000_0000]), bytes([0b1100_0010])]
)
def test_forged_couplings_are_refused(data):
    with pytest.raises(CodecError, match="couplings"):
        coupling.read(coupling.LISTED, 3, data)


@pytest.mark.parametrize(
    ("channels", "sources"),
    [(3, [3]), (3, [0]), (3, [2, 1]), (3, [1, 1]), (20, range(1, 10))],
    ids=["no such channel", "itself", "falling", "twice", "too many"],
)
def test_couplings_that_there_cannot_be_are_refused(channels, sources):
    counts = np.zeros(channels, dtype=np.int64)
    counts[0] = len(sources)
    written = coupling.Coupling(coupling.LISTED, counts, np.array(sources)).write()
    with pytest.raises(CodecError, match="couplings"):
        coupling.read(coupling.LISTED, channels, written)


@given(rasters(), st.lists(st.tuples(st.integers(0, 30), st.integers(-20, 20)), max_size=3))
@example(np.ones((4, 4), np.int8), [(0, 1), (1, -3), (3, 3)])
@settings(max_examples=60)
def test_echoes_are_undone(raster, candidates):
    steps, channels = raster.shape
    taken = [(s, c) for s, c in candidates if s < steps and abs(c) < channels and (s or c > 0)]
    rest = raster
    for candidate in taken:
        rest = echoes._without(rest, candidate)
    back = rest.copy()
    echoes.restore(back, taken)
    np.testing.assert_array_equal(back, raster)
    reader = Reader(echoes.write(taken))
    assert echoes.read(reader, len(taken), raster.shape) == taken
    reader.finish()


def test_echo_is_the_origin_taken_out():
    raster = np.zeros((5, 4), dtype=np.int8)
    raster[0, 0] = raster[2, 1] = raster[4, 2] = raster[4, 0] = 1
    assert np.argwhere(echoes._without(raster, (2, 1))).tolist() == [[0, 0], [4, 0]]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "cut off"),
        (bytes([0]), "no such model"),
        (bytes([8 << 2]), "cut off"),
        (bytes([9 << 2, 40]), "no such model"),
        (bytes([8 << 2 | 3, 40]), "no such model"),
        (bytes([8 << 2, 40]) + bytes(400), "does not end"),
        (bytes([1 << 6 | INTERVALS, 0, 0, 0]), "echo"),
        (bytes([1 << 6 | INTERVALS, 0x80, 0x10, 0, 0]), "echo 2048 steps"),
        (bytes([1 << 6 | INTERVALS, 1, 40, 0]), "echo 1 steps and 20 channels"),
        (bytes([1 << 6 | INTERVALS, 1]), "cut off"),
    ],
)
def test_forged_payloads_are_refused(payload, message):
    with pytest.raises(CodecError, match=message):
        decoded(payload, (2048, 20))


def test_models_too_large_for_their_chunk_are_refused():
    with pytest.raises(CodecError, match="too many for a chunk of 300 steps"):
        decoded(bytes([8 << 2, 40, 0]), (300, 20))


@given(st.binary(max_size=60))
@settings(max_examples=60)
def test_any_payload_decodes_or_is_refused(data):
    try:
        rows = decoded(data, (300, 9), 5)
    except CodecError:
        return
    assert set(np.unique(rows)) <= {0, 1}


@pytest.mark.parametrize("context_bits", [4, 10, True, 8.0, "8"])
def test_wrong_context_bits_are_refused(context_bits):
    with pytest.raises(ValueError, match="context_bits must be"):
        PredictiveSpikeCodec(context_bits=context_bits)


def test_dense_noise_is_given_up_after_a_sample():
    raster = bernoulli_raster(0.2, 8000, 100)
    payload, _ = ContextPredictor(8).encode(raster)
    assert payload[0] == INTERVALS
    structured = np.repeat(raster[::4], 4, axis=0)
    payload, _ = ContextPredictor(8).encode(structured)
    assert payload[0] != INTERVALS
    np.testing.assert_array_equal(decoded(payload, structured.shape), structured)
