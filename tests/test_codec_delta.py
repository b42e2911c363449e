"""DeltaSpikeCodec: round trips, groups that save, forged groups."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import rasters

from model import CodecError, get_codec
from model.codecs import grouping
from model.codecs.delta import GROUPS, DeltaSpikeCodec, _decode
from model.codecs.isi import SpikeCodec
from model.codecs.stream import Header, join
from model.golden.group_coder import CHANNELS_MAX, GroupCoder
from model.kernels import group_coder
from model.synth import bernoulli_raster


def correlated_raster(steps=2000, groups=4, members=6, seed=0):
    """Groups of channels that share spikes, each with a few of its own, and as many channels that share none."""
    rng = np.random.default_rng(seed)
    shared = np.repeat(rng.random((steps, groups)) < 0.03, members, axis=1)
    own = rng.random((steps, 2 * groups * members)) < 0.005
    own[:, : groups * members] |= shared
    return own.astype(np.int8)


def expected_labels(groups=4, members=6):
    return np.append(np.repeat(1 + np.arange(groups), members), np.zeros(groups * members, dtype=int))


@given(raster=rasters(max_steps=70, max_channels=40), group_size=st.sampled_from([2, 3, 8, 300]))
@settings(max_examples=60)
def test_rasters_come_back(raster, group_size):
    codec = DeltaSpikeCodec(group_size)
    data, _ = codec.compress(raster)
    np.testing.assert_array_equal(codec.decompress(data), raster)


@given(rasters(max_steps=40, max_channels=30), st.data())
@settings(max_examples=60)
def test_any_groups_come_back(raster, data):
    """Also groups that no encoder would choose."""
    drawn = data.draw(st.lists(st.integers(0, 5), min_size=raster.shape[1], max_size=raster.shape[1]))
    labels = grouping._renumber(np.array(drawn))
    groups = grouping.groups_of(labels)
    assert sorted(groups.order.tolist()) == list(range(raster.shape[1]))
    listed = np.split(groups.order, np.flatnonzero(groups.starts)[1:])
    expected = GroupCoder([group.tolist() for group in listed], 1 << 30).encode(raster.tolist())
    coded = group_coder.encode(raster, groups, 1 << 30)
    if coded is None:
        assert 8 * len(expected) > raster.size  # only what is larger than a bit a bin is given up
    else:
        assert coded == expected
        golden = GroupCoder([group.tolist() for group in listed], 1 << 30)
        assert golden.decode(coded, len(raster)) == raster.tolist()
        rows = np.zeros_like(raster)
        group_coder.decode(np.frombuffer(bytearray(coded), dtype=np.uint8), groups, 1 << 30, rows)
        np.testing.assert_array_equal(rows, raster)
    if labels.any():
        read, used = grouping.read(grouping.write(labels) + b"\x55", labels.size, int(labels.max()))
        assert read.tolist() == labels.tolist()
        assert used == len(grouping.write(labels))


def test_groups_are_found_and_save():
    raster = correlated_raster()
    assert grouping.choose(raster, 8, None).tolist() == expected_labels().tolist()
    data, result = DeltaSpikeCodec(group_size=8).compress(raster)
    np.testing.assert_array_equal(DeltaSpikeCodec().decompress(data), raster)
    assert (result.n_groups, result.n_delta_channels) == (4, 20)
    assert result.compressed_bytes < 0.8 * SpikeCodec().compress(raster)[1].compressed_bytes


def test_groups_of_the_next_block_of_channels_have_other_labels(monkeypatch):
    raster = correlated_raster()
    monkeypatch.setattr(grouping, "BLOCK_CHANNELS", 12)
    assert grouping.choose(raster, 8, None).tolist() == expected_labels().tolist()


def test_channels_that_save_most_are_joined_first():
    raster = bernoulli_raster(0.1, 3000, 3)
    raster[:, 2] = raster[:, 0]
    raster[::3, 1] = raster[::3, 0]
    assert grouping.choose(raster, 2, None).tolist() == [1, grouping.ALONE, 1]


@pytest.mark.parametrize("length", range(3))
def test_groups_that_are_cut_off_are_refused(length):
    written = grouping.write(np.array([1, 2, 1, 2, 0, 0, 1, 2, 1, 2]))
    assert len(written) == 4
    with pytest.raises(CodecError, match="cut off"):
        grouping.read(written[:length], 10, 2)


def test_sparsity_is_that_of_the_differences():
    raster = correlated_raster()
    _, result = DeltaSpikeCodec().compress(raster)
    differences = [raster[:, first + 1 : first + 6] ^ raster[:, first : first + 1] for first in range(0, 24, 6)]
    assert result.mean_delta_sparsity == pytest.approx(1 - np.mean(differences))


@pytest.mark.parametrize("group_size", [2, 3, 5, 256, 1000])
def test_groups_have_at_most_so_many_channels(group_size):
    raster = np.repeat(bernoulli_raster(0.05, 1500, 1), 600, axis=1)
    labels = grouping.choose(raster, group_size, None)
    assert np.bincount(labels)[1:].max() <= group_size
    codec = DeltaSpikeCodec(group_size)
    data, _ = codec.compress(raster)
    np.testing.assert_array_equal(codec.decompress(data), raster)


def test_noisy_channel_of_a_group_is_coded_alone():
    raster = correlated_raster(members=4)
    raster[:, 2] = bernoulli_raster(0.4, len(raster), 1)[:, 0]
    labels = grouping.choose(raster, 4, None)
    assert labels[2] == grouping.ALONE
    assert labels[0] == labels[1] == labels[3] != grouping.ALONE


def test_channels_that_save_nothing_leave_their_group():
    raster = correlated_raster()
    wrong = np.append(np.repeat(1 + np.arange(4), 6), np.repeat(5 + np.arange(4), 6))
    kept = grouping._saves(raster, wrong)
    assert kept[:24].all()
    is_first = np.arange(24) % 6 == 0
    assert kept[24:].tolist() == is_first.tolist()


def test_positions_keep_far_channels_apart():
    raster = np.tile(bernoulli_raster(0.05, 3000, 1), 40)
    positions = np.column_stack([np.zeros(40), np.arange(40) % 20 * 20.0, np.arange(40) // 20 * 1e6])
    labels = grouping.choose(raster, 4, positions)
    for label in range(1, labels.max() + 1):
        assert np.ptp(positions[labels == label, 2]) == 0


def test_independent_channels_cost_no_more_than_their_intervals():
    raster = bernoulli_raster(0.01, 3000, 64)
    data, result = DeltaSpikeCodec().compress(raster)
    assert len(data) <= len(SpikeCodec().compress(raster)[0]) + 1
    assert math.isnan(result.mean_delta_sparsity)


@pytest.mark.parametrize(
    "arguments", [{"group_size": 1}, {"group_size": True}, {"group_size": 2.0}, {"group_size": 1 << 21}]
)
def test_wrong_group_sizes_are_refused(arguments):
    with pytest.raises(ValueError, match="group_size must be"):
        get_codec("delta", **arguments)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([1, 2, 3], r"positions must have shape \(channels, dimensions\), not \(3,\)"),
        ([[1], [math.nan]], "positions must be finite"),
        ([["a"]], "positions must be numbers"),
        ([[0.0]] * 7, "positions must have a row for each of 48 channels, not 7"),
    ],
)
def test_wrong_positions_are_refused(positions, message):
    with pytest.raises(ValueError, match=message):
        DeltaSpikeCodec(positions=positions).compress(correlated_raster())


def payload(*parts: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(b"".join(parts)), dtype=np.uint8)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (payload(), "cut off"),
        (payload(bytes([2])), "unknown kind 2"),
        (payload(bytes([GROUPS])), "cut off"),
        (payload(bytes([GROUPS, 32, 1])), "rarity of 32"),
        (payload(bytes([GROUPS, 5, 9])), "9 groups of 16 channels"),
        (payload(bytes([GROUPS, 5, 1, 0xFF])), "cut off within its groups"),
        (payload(bytes([GROUPS, 5, 1, 0, 0])), "groups that there cannot be"),
        (payload(bytes([GROUPS, 5, 2, 0b1010_0000, 0, 0b1001_0000])), "groups that there cannot be"),
        (payload(bytes([GROUPS, 5, 1, 0b1010_0000, 0, 0b1000_0000]), bytes(400)), "does not end"),
        (payload(bytes([GROUPS, 5, 1, 0b1010_0000, 0, 0b1000_0000, 0])), "does not end"),
    ],
)
def test_forged_payloads_are_refused(data, message):
    with pytest.raises(CodecError, match=message):
        _decode(data, np.zeros((10, 16), dtype=np.int8))


@given(st.binary(min_size=1, max_size=60))
def test_any_payload_decodes_or_is_refused(data):
    rows = np.zeros((20, 16), dtype=np.int8)
    try:
        _decode(payload(bytes([GROUPS, 3, 1, 0b1010_0000, 0, 0b1000_0000]), data), rows)
    except CodecError:
        return
    assert set(np.unique(rows)) <= {0, 1}


def test_more_channels_than_groups_may_have():
    """Contexts of 256 bytes a channel would be many times what the chunk itself takes."""
    spikes = np.ones((2, 1 + CHANNELS_MAX), dtype=np.int8)
    spikes[:, ::3] = 0
    data, result = DeltaSpikeCodec().compress(spikes)
    assert result.n_groups == 0
    np.testing.assert_array_equal(DeltaSpikeCodec().decompress(data), spikes)
    labels = np.packbits(np.eye(1, 2 + CHANNELS_MAX, dtype=np.uint8)[0]).tobytes()
    forged = join(Header("delta", 1, 1 + CHANNELS_MAX, 1), [bytes([GROUPS, 5, 1]) + labels + b"\1"])
    with pytest.raises(CodecError, match="groups of 524289 channels, more than 524288"):
        DeltaSpikeCodec().decompress(forged)


def test_the_summary_says_how_much_the_groups_share():
    raster = np.random.default_rng(5).random((600, 16)) < 0.02
    alone = DeltaSpikeCodec().compress(raster)[1]
    shared = DeltaSpikeCodec().compress(raster | (np.random.default_rng(6).random((600, 1)) < 0.05))[1]
    assert alone.summary().endswith(", no channel as a difference")
    assert f"{shared.n_delta_channels} channels as differences, " in shared.summary()
