"""The parts of the waveform codec: tables, grids, widths, predictors, lists of numbers, and what decoders refuse."""

import math
import random

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import peak_bytes

from bench import fuzz_waveform
from bench.fuzz_waveform import feed
from model import CodecError, WaveformCodec
from model.codecs import waveform_decode
from model.codecs.adc_grid import Grid, each_grid
from model.codecs.cascade_lists import Extras
from model.codecs.code_widths import UNITS, edges_of, find_levels
from model.codecs.stream import Header, Stream, join
from model.codecs.waveform_channel import Channel, read_channels, write_channels
from model.codecs.waveform_group import decode_group, encode_group, rows_for
from model.codecs.waveform_input import from_integers
from model.codecs.waveform_predictor import Effort, Fit, Predictor
from model.codecs.waveform_spikes import GroupPayload
from model.codecs.waveform_stream import Parameters
from model.kernels import signed_numbers
from model.kernels.adc_grid import UNIT, put_on_grids
from model.kernels.bit_unpacker import SLACK_BYTES
from model.kernels.code_edges import edge_of
from model.kernels.frequency_table import ABSENT, SYMBOLS, TOTAL, store_frequencies, store_levels
from model.kernels.linear_prediction import COEFFICIENT_BITS, ORDER_MAX
from model.kernels.normal_table import PROBABILITY_BITS, SIGMAS, distribution_table, inverse_table
from model.kernels.reciprocal import multiply_and_shift, reciprocal
from model.kernels.signed_numbers import OUT_OF_RANGE
from model.synth import realistic_waveform

INT16 = (-32768, 32767)
NONE = np.empty(0, np.int64)


@numba.njit
def divided(number, divisor):
    multiplier, shift = reciprocal(divisor)
    return multiply_and_shift(number, multiplier, shift)


@numba.njit
def edges_listed(edges):
    return [edge_of(edges, code) for code in range(edges.n_codes + 1)]


def identity_grid(first, last):
    """Return the grid on which samples, `first` to `last`, are their own codes."""
    return Grid(UNIT, 0, first, last)


# Tables


def test_distribution_is_the_normal_one():
    table = distribution_table() / (1 << PROBABILITY_BITS)
    expected = [0.5 * math.erfc(-sigmas / math.sqrt(2)) for sigmas in np.linspace(-SIGMAS, SIGMAS, table.size)]
    np.testing.assert_allclose(table, expected, atol=2 / (1 << PROBABILITY_BITS))
    assert (np.diff(table) >= 0).all()
    assert table[0] == 0
    assert table[-1] == 1


def test_inverses_fall_by_an_octave_of_variance_to_one_by_the_root_of_2():
    table = inverse_table().astype(float)
    np.testing.assert_allclose(table[16:700] / table[: 700 - 16], math.sqrt(0.5), rtol=1e-3)


def frequencies_of(levels):
    frequencies = np.empty(len(levels), np.int64)
    return frequencies if store_frequencies(np.array(levels, np.int64), frequencies) else None


@given(st.lists(st.integers(0, 10**6), min_size=SYMBOLS, max_size=SYMBOLS).filter(any))
def test_frequencies_sum_up_and_are_near_the_counts(counts):
    counts, levels = np.array(counts), np.empty(SYMBOLS, np.int64)
    store_levels(counts, levels)
    frequencies = frequencies_of(levels)
    assert frequencies.sum() == TOTAL
    assert ((frequencies > 0) == (counts > 0)).all()


@pytest.mark.parametrize("levels", [[ABSENT] * SYMBOLS, [121] * SYMBOLS, [-2] + [0] * (SYMBOLS - 1)])
def test_levels_that_are_none_are_refused(levels):
    assert frequencies_of(levels) is None


# Lists of numbers


@given(st.lists(st.integers(-(2**31), 2**31 - 1) | st.integers(-3, 3), max_size=50))
def test_lists_of_numbers_come_back(numbers):
    numbers = np.array(numbers, dtype=np.int64)
    out = np.empty(8 * numbers.size + 8, dtype=np.uint8)
    size = signed_numbers.encode(numbers, out)
    data = np.concatenate([out[:size], np.zeros(SLACK_BYTES, np.uint8)])
    decoded = np.zeros_like(numbers)
    limits = -(2**31), 2**31 - 1
    assert signed_numbers.decode(data, 0, decoded, *limits) == size
    np.testing.assert_array_equal(decoded, numbers)
    if numbers.size:
        assert signed_numbers.decode(np.delete(data, size - 1), 0, decoded, *limits) < 0 or size == 1
        assert signed_numbers.decode(data, 0, decoded, numbers.min() + 1, numbers.max()) == OUT_OF_RANGE
        assert signed_numbers.decode(data, 0, decoded, numbers.min(), numbers.max() - 1) == OUT_OF_RANGE


# Grids


def on_grid(samples, max_error=0):
    """Return the grid of a channel, and its codes."""
    rows = rows_for(1, len(samples))
    rows[0, ORDER_MAX:] = samples
    (grid,) = each_grid(put_on_grids(rows, max_error))
    return grid, rows[0, ORDER_MAX:].astype(np.int64)


@pytest.mark.parametrize(
    ("gain", "offset", "mirrored"), [(64.061577, 31.034, True), (12.0195, 4.5, False), (3.1, 0.7, False)]
)
def test_grid_is_found(gain, offset, mirrored):
    codes = np.random.default_rng(2).normal(0, 40, 5000).round().astype(int)
    samples = np.rint(gain * np.where(mirrored & (codes < 0), -codes - 1, codes) + offset).astype(np.int32)
    samples = np.where(mirrored & (codes < 0), -samples - 1, samples).astype(np.int32)
    grid, found = on_grid(samples)
    assert grid.step / (1 << 16) == pytest.approx(gain, rel=0.01)
    assert grid.last - grid.first == codes.max() - codes.min()
    np.testing.assert_array_equal(grid.samples_of(found), samples)
    assert (np.diff(found - codes) == 0).all()


@pytest.mark.parametrize(
    "samples",
    [
        np.random.default_rng(2).normal(0, 40, 5000).round(),
        [5, 5, 5],
        [0, 10, 20],
        [-(2**31), 2**31 - 1],
        np.arange(100) ** 2,
        [0, 7, 50, 1000, 5000],
    ],
    ids=["dense", "constant", "three values", "extremes", "uneven", "sparse"],
)
def test_no_grid_is_made_up(samples):
    samples = np.array(samples).astype(np.int32)
    grid, codes = on_grid(samples)
    np.testing.assert_array_equal(codes, samples)
    assert (grid.step, grid.offset, grid.first, grid.last) == (1 << 16, 0, samples.min(), samples.max())
    assert grid.corrections.size == 0


@given(st.floats(2.0, 300.0), st.integers(-(1 << 20), 1 << 20), st.integers(0, 5000), st.booleans())
def test_coarse_grids_keep_their_bound(gain, offset, max_error, gridded):
    codes = np.random.default_rng(3).integers(-200, 200, 3000)
    samples = (np.rint(codes * gain) if gridded else codes).astype(np.int64) + offset
    grid, rounded = on_grid(samples, max_error)
    assert grid.first == rounded.min()
    assert grid.last == rounded.max()
    assert np.abs(grid.samples_of(rounded) - samples).max() <= max_error
    if not gridded:
        assert len(np.unique(rounded)) <= 400 // (2 * max_error + 1) + 2


# Widths of codes


def test_levels_are_the_widths():
    rng = np.random.default_rng(4)
    widths = rng.uniform(0.5, 1.5, 200)
    voltage = 100 + 25 * np.sin(np.arange(200_000) / 5000)
    codes = np.searchsorted(np.cumsum(widths), voltage + rng.normal(0, 5, voltage.size)).astype(np.int32)
    predictions = np.searchsorted(np.cumsum(widths), voltage)
    levels = find_levels(codes, predictions, 200)
    seen = np.bincount(codes, minlength=200) > 500
    assert np.corrcoef(levels[seen], np.log2(widths[seen]))[0, 1] > 0.9
    assert find_levels(rng.normal(100, 9, 9000).round().astype(np.int32), np.full(9000, 100), 200).size == 0


def test_edges_are_around_the_centre():
    assert edges_listed(edges_of(-2, 1, 0, NONE)) == [-80, -48, -16, 16, 48]
    edges = edges_listed(edges_of(-2, 1, 0, np.array([8, -8, 0, 16])))
    np.testing.assert_array_equal(np.diff(edges), [64, 16, 32, 128])
    assert edges[2] + edges[3] == 0


@pytest.mark.parametrize("levels", [[0], [3, -7], [5, 0, -5, 9], np.arange(-20, 17)], ids=["equal", "2", "4", "all"])
def test_edges_are_the_sums_of_widths(levels):
    first, last, centre = -30, 6, -4
    edges = edges_of(first, last, centre, np.array(levels))
    expected = np.concatenate([[0], np.cumsum(np.resize(UNITS[np.array(levels) + 32], last - first + 1))])
    expected -= expected[centre - first] + expected[centre - first + 1] >> 1
    assert edges_listed(edges) == expected.tolist()
    assert (edges.least, edges.greatest) == (expected[0], expected[-1])


@pytest.mark.parametrize("levels", [[], [1, -1, 0, 2]])
def test_edges_of_many_codes_take_no_more_than_their_widths(levels):
    assert edges_of(0, (1 << 20) - 1, 9, np.array(levels, int)).starts.size <= 4


# Predictors


@given(st.integers(1, 1 << 14), st.integers(0, 2**63 - 1) | st.integers(1, 2**17).map(lambda n: 2**63 - n))
def test_multiplication_divides(divisor, number):
    assert divided(number, divisor) == number // divisor


def test_predictor_is_that_of_the_process():
    rng = np.random.default_rng(6)
    samples = np.zeros(20_000)
    for step, noise in enumerate(rng.normal(0, 1000, samples.size)):
        samples[step] = 1.6 * samples[step - 1] - 0.8 * samples[step - 2] + noise if step > 1 else noise
    rows = np.concatenate([np.zeros(ORDER_MAX), samples]).astype(np.int32)[np.newaxis]
    predictor = Fit(rows, 1, Effort(order=8, neighbours=(0,), fit_steps=16384)).predictor(0, NONE)
    coefficients = predictor.own[::-1] / (1 << COEFFICIENT_BITS)
    np.testing.assert_allclose(coefficients[:2], [1.6, -0.8], atol=0.03)
    assert coefficients.size <= 4


def test_neighbours_are_the_channels_that_help():
    rng = np.random.default_rng(6)
    rows = np.zeros((4, ORDER_MAX + 3000), np.int32)
    rows[:, ORDER_MAX:] = rng.normal(0, 100, (4, 3000))
    rows[3] += rows[1]
    fit = Fit(rows, 1, Effort(order=4, neighbours=(0, 1, 2), fit_steps=4096))
    assert fit.neighbours()[3][0] == 1
    assert fit.predictor(3, np.array([1])).others[0, 0] == pytest.approx(1 << COEFFICIENT_BITS, rel=0.1)


def test_white_noise_gets_no_coefficients():
    rows = np.zeros((1, ORDER_MAX + 3000), np.int32)
    rows[:, ORDER_MAX:] = np.random.default_rng(6).normal(0, 100, 3000)
    assert Fit(rows, 1, Effort(order=32, neighbours=(0,), fit_steps=4096)).predictor(0, NONE).own.size == 0


# Payloads


def test_channels_come_back():
    channels = [
        Channel(identity_grid(-5, 70), 3),
        Channel(Grid(1 << 20, 77, -4, 4, np.resize([0, 1], 9)), -4, spread=20),
    ]
    channels[0].widths = np.resize([3, -7, 0], 76)
    data = np.frombuffer(write_channels(channels), np.uint8)
    decoded, at = read_channels(data, 2)
    assert at == data.size
    for channel, expected in zip(decoded, channels, strict=True):
        assert (channel.centre, channel.spread, channel.grid.step) == (
            expected.centre,
            expected.spread,
            expected.grid.step,
        )
        np.testing.assert_array_equal(channel.widths, expected.widths)
        np.testing.assert_array_equal(channel.grid.corrections, expected.grid.corrections)
        assert channel.grid.samples_of(np.arange(-4, 5)).tolist() == expected.grid.samples_of(np.arange(-4, 5)).tolist()


def broken(channel: Channel) -> bytes:
    return write_channels([channel])


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "cut off in its flags"),
        (b"\0", "cut off in its flags"),
        (broken(Channel(Grid(1 << 10, 0, 0, 5))), "grid that is out of range"),
        (
            broken(Channel(identity_grid(0, 5), predictor=Predictor(NONE, np.array([-1]), np.ones((1, 3), int)))),
            "neighbour that is out of range",
        ),
        (broken(Channel(identity_grid(5, 4), 5)), "centre beyond its codes, or with no code"),
        (broken(Channel(identity_grid(0, 4), 7)), "centre beyond its codes"),
        (broken(Channel(identity_grid(0, 4), spread=59)), "spreads out of range"),
        (broken(Channel(identity_grid(0, 4), widths=np.full(5, 33))), "widths out of range"),
        (broken(Channel(identity_grid(0, 4096), widths=np.zeros(4097, int))), "lists more codes than there may be"),
        (broken(Channel(identity_grid(0, 0))), "payload is cut off"),
        (broken(Channel(identity_grid(0, 0))) + bytes(8), "starts with an impossible state"),
        (broken(Channel(identity_grid(0, 0))) + bytes([2, *bytes(7)]), "does not end where its samples do"),
        (broken(Channel(identity_grid(0, 0))) + bytes([1, *bytes(8)]), "payload is cut off"),
        (
            broken(Channel(identity_grid(40_000, 40_000), 40_000)) + bytes([1, *bytes(7)]),
            "sample outside -32768..32767",
        ),
    ],
)
def test_payloads_that_make_no_sense_are_refused(payload, message):
    with pytest.raises(CodecError, match=message):
        decode_group(np.frombuffer(payload, np.uint8), "best", True, INT16, (1, 5))


@pytest.mark.parametrize("periodic", [NONE, np.array([1, -1])], ids=["equal", "repeating"])
def test_forged_channels_of_many_codes_take_what_their_samples_do(periodic):
    """A channel's codes are two numbers of the stream, however many there are."""
    channels = [Channel(identity_grid(0, (1 << 20) - 1), extras=Extras(periodic)) for _ in range(40)]
    payload = np.frombuffer(write_channels(channels) + bytes([*bytes(7), 1, *range(160)]), np.uint8)

    def decode():
        with pytest.raises(CodecError, match="does not end where its samples do"):
            decode_group(payload, "best", True, (0, 1 << 20), (40, 1))

    decode()
    assert peak_bytes(decode) < 1 << 18


def test_widths_of_codes_are_refused_where_they_would_be_ignored():
    """Of a channel of one code, which has no symbols, the lists of both presets are alike."""

    def decoded(widths):
        lists = write_channels([Channel(identity_grid(7, 7), 7, widths=widths)])[:-1]
        return decode_group(np.frombuffer(lists + bytes([1, *bytes(7)]), np.uint8), "fast", True, INT16, (1, 5))

    assert (decoded(NONE) == 7).all()
    with pytest.raises(CodecError, match="has widths of codes"):
        decoded(np.zeros(1, np.int64))


def test_forged_channels_get_no_list_of_their_groups():
    parameters = Parameters(np.dtype("<i2"), "fast", True, 1, 0.0).to_bytes()
    data = join(Header("waveform", 1, 1 << 20, 1, parameters), [bytes(5)])

    def decode():
        with pytest.raises(CodecError, match="chunk is cut off"):
            WaveformCodec(workers=1).decompress(data, channels=(0, 1))

    decode()
    assert peak_bytes(decode) < 1 << 16


def test_multiples_beyond_the_type_of_the_samples_are_its_largest():
    integers = np.array([0, -66, 67], np.int32)
    np.testing.assert_array_equal(from_integers(integers, np.dtype("<f2"), 992.0), np.float16([0, -65472, 65504]))
    largest = np.finfo(float).max
    np.testing.assert_array_equal(from_integers(integers, np.dtype("<f8"), 1e307), [0, -largest, largest])


@pytest.mark.parametrize("preset", ["fast", "best"])
def test_groups_of_forged_bytes_are_refused_or_decoded(preset):
    """Without checksums: what is decoded may be anything, but nothing else may happen."""
    rng = random.Random(3)
    samples = np.random.default_rng(3).normal(0, 30, (3, 120)).astype(np.int32)
    rows = rows_for(3, 120)
    rows[:, ORDER_MAX:] = samples
    payload, _ = encode_group(rows, preset, 0, INT16)
    refused = 0
    for _ in range(500):
        forged = bytearray(payload)
        for _ in range(rng.randrange(1, 4)):
            forged[rng.randrange(len(forged))] = rng.randrange(256)
        try:
            decode_group(np.frombuffer(bytes(forged), np.uint8), preset, True, INT16, samples.shape)
        except CodecError:
            refused += 1
    assert refused > 470


@pytest.mark.parametrize("mode", ["full", "waveform", "spike"])
@pytest.mark.parametrize("preset", ["fast", "best"])
def test_spikes_of_forged_bytes_are_refused_or_decoded(mode, preset):
    """Without checksums: what is decoded may be anything, but nothing else may happen."""
    rng = random.Random(4)
    waveform = realistic_waveform(600, 5)[0]
    data, _ = WaveformCodec(mode, preset).compress(waveform)
    form = Parameters.from_bytes(Stream(data).header.parameters).spikes
    payload = Stream(data).payload(0).tobytes()
    refused = 0
    for _ in range(400):
        forged = bytearray(payload)
        for _ in range(rng.randrange(1, 4)):
            forged[rng.randrange(len(forged))] = rng.randrange(256)
        try:
            group = GroupPayload(np.frombuffer(bytes(forged), np.uint8), form, (600, 5), INT16)
            samples = group.spikes().steps if mode == "spike" else group.samples()
            assert samples.max(initial=0) <= INT16[1]
        except CodecError:
            refused += 1
    assert refused > 250


def test_a_slice_of_the_fuzzing():
    tally = feed(300, seed=7)
    assert tally.damaged + tally.forged == 300
    assert tally.forged_decoded < tally.forged


def kind_of(source):
    spikes = Parameters.from_bytes(Stream(source.data).header.parameters).spikes
    return spikes.content if spikes else "samples"


def test_all_modes_are_fuzzed():
    kinds = [kind_of(source) for source in fuzz_waveform.sources()]
    assert all(kinds.count(kind) >= 10 for kind in ("samples", "full", "waveform", "spike"))


def test_the_fuzzing_catches_a_decoder_that_ignores_checksums(monkeypatch):
    fuzz_waveform.sources()
    monkeypatch.setattr(Stream, "verify", lambda *_: None)
    with pytest.raises(AssertionError, match="decodes a damaged stream"):
        feed(300, seed=1)


def test_the_fuzzing_catches_samples_that_are_recovered_wrongly(monkeypatch):
    source = next(source for source in fuzz_waveform.sources() if kind_of(source) == "samples" and source.raster.size)
    monkeypatch.setattr(waveform_decode, "decode_group", lambda *arguments: decode_group(*arguments) + 1)
    with pytest.raises(AssertionError):
        fuzz_waveform._check_recovered(source, WaveformCodec().recover(source.data))


@pytest.mark.parametrize(("last", "fits"), [((1 << 20) - 1, True), (1 << 20, False)])
def test_codes_that_are_split_have_no_corrections(last, fits):
    grid = Grid(1 << 16, 0, 0, last, np.zeros(last + 1, np.int64))
    side = np.frombuffer(write_channels([Channel(grid)]) + bytes(SLACK_BYTES), np.uint8)
    if fits:
        assert read_channels(side, 1)[0][0].grid.corrections.size == last + 1
        return
    with pytest.raises(CodecError, match="lists more codes than there may be"):
        read_channels(side, 1)


@pytest.mark.parametrize("step", [1000, 3000])
def test_bound_wider_than_a_grid_has_a_stream_that_decodes(step):
    samples = np.random.default_rng(0).integers(-30000 // step, 30000 // step, (200, 3)) * step
    for max_error in (10_000, 16_383):
        data, _ = WaveformCodec(mode="bounded", max_error=max_error).compress(samples.astype(np.int16))
        assert np.abs(WaveformCodec().decompress(data) - samples).max() <= max_error
