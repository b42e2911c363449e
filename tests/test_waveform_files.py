"""Recordings of samples that are written and read as they come."""

import zipfile
from itertools import pairwise

import numpy as np
import pytest
from memory import peak_bytes

import model
from model.files.compressed import CompressedRecording
from model.files.decompress import decompress
from model.synth import realistic_waveform

CHANNELS = 6
WAVEFORM, _ = realistic_waveform(5000, CHANNELS)
BLOCK = 1000 * CHANNELS
LOSSLESS = model.WaveformCodec("lossless", preset="fast", sampling_hz=25_000, lsb_microvolts=0.2, workers=1)


def written(path, pieces, codec=LOSSLESS, **options):
    with model.WaveformWriter(path, CHANNELS, codec, block_samples=BLOCK, **options) as writer:
        for piece in pieces:
            writer.write(piece)
    return writer.result


@pytest.mark.parametrize("lengths", [[5000], [1] * 50 + [950, 4000], [700] * 8, [0, 999, 2002, 0, 1999]])
def test_pieces_of_any_length_give_the_same_file(tmp_path, lengths):
    bounds = np.cumsum([0, *lengths])
    pieces = [WAVEFORM[a:b] for a, b in pairwise(bounds)]
    result = written(tmp_path / "a.ctcz", pieces)
    written(tmp_path / "whole.ctcz", [WAVEFORM])
    assert read_parts(tmp_path / "a.ctcz") == read_parts(tmp_path / "whole.ctcz")
    reader = model.WaveformReader(tmp_path / "a.ctcz", workers=1)
    blocks = list(reader.blocks())
    assert [len(block) for block in blocks] == [1000] * 5
    np.testing.assert_array_equal(np.concatenate(blocks), WAVEFORM)
    assert reader.signal.sampling_hz == 25_000
    assert reader.signal.gain_microvolts == [0.2] * CHANNELS
    assert (result.n_steps, result.n_channels, result.worst_error) == (5000, CHANNELS, 0)


def read_parts(path):
    """Return all but the source's name."""
    with zipfile.ZipFile(path) as archive:
        return [archive.read(info) for info in archive.infolist() if info.filename != "recording.json"]


@pytest.mark.parametrize(("start", "stop", "channels"), [(0, None, None), (999, 3001, (1, 3)), (20, 20, None)])
def test_ranges(tmp_path, start, stop, channels):
    written(tmp_path / "a.ctcz", [WAVEFORM])
    got = model.WaveformReader(tmp_path / "a.ctcz").read(start, stop, channels)
    np.testing.assert_array_equal(got, WAVEFORM[start:stop, slice(*channels or (None,))])


def test_a_range_reads_only_its_blocks(tmp_path):
    written(tmp_path / "a.ctcz", [WAVEFORM])
    data = bytearray((tmp_path / "a.ctcz").read_bytes())
    with zipfile.ZipFile(tmp_path / "a.ctcz") as archive:
        data[archive.getinfo("blocks/00000002").header_offset + 100] ^= 1
    (tmp_path / "a.ctcz").write_bytes(data)
    reader = model.WaveformReader(tmp_path / "a.ctcz")
    np.testing.assert_array_equal(reader.read(3000), WAVEFORM[3000:])
    with pytest.raises(model.CodecError, match="damaged"):
        reader.read(2500, 2501)


def test_lossy_modes_state_what_is_read(tmp_path):
    for codec in (model.WaveformCodec("bounded", "fast", max_error=2), model.WaveformCodec("full")):
        result = written(tmp_path / "a.ctcz", np.array_split(WAVEFORM, 7), codec)
        reader = model.WaveformReader(tmp_path / "a.ctcz")
        errors = np.concatenate(list(reader.blocks())).astype(int) - WAVEFORM
        assert np.abs(errors).max() == result.worst_error > 0
        assert np.sqrt(np.square(errors).mean()) == pytest.approx(result.rms_error)
        np.testing.assert_array_equal(reader.read(1500, 2500), WAVEFORM[1500:2500] + errors[1500:2500])


def test_spikes_count_from_the_start_of_the_recording(tmp_path):
    written(tmp_path / "a.ctcz", [WAVEFORM], model.WaveformCodec("waveform"))
    found = list(model.WaveformReader(tmp_path / "a.ctcz").spikes())
    codec = model.WaveformCodec("waveform", chunk_steps=1000)
    alone = codec.decode_spikes(codec.compress(WAVEFORM)[0])
    assert alone.steps.size > 3
    np.testing.assert_array_equal(np.concatenate([part.steps for part in found]), alone.steps)
    np.testing.assert_array_equal(np.concatenate([part.snippets for part in found]), alone.snippets)
    written(tmp_path / "b.ctcz", [WAVEFORM])
    with pytest.raises(model.CodecError, match="keeps samples and no spikes"):
        list(model.WaveformReader(tmp_path / "b.ctcz").spikes())


def test_the_command_line_restores_what_was_streamed(tmp_path):
    written(tmp_path / "a.ctcz", [WAVEFORM])
    decompress(CompressedRecording(tmp_path / "a.ctcz"), tmp_path / "a.npy", 0, 5000, 1, lambda _: None)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), WAVEFORM)


@pytest.mark.parametrize("dtype", [">i2", "f4", "u1", "i8"])
def test_types(tmp_path, dtype):
    samples = (WAVEFORM & 127).astype(dtype)
    written(tmp_path / "a.ctcz", [samples[:30], samples[30:]], dtype=dtype)
    got = model.WaveformReader(tmp_path / "a.ctcz").read()
    assert got.dtype == np.dtype(dtype).newbyteorder("<")
    np.testing.assert_array_equal(got, samples)


def test_no_samples_are_a_recording_too(tmp_path):
    written(tmp_path / "a.ctcz", [])
    reader = model.WaveformReader(tmp_path / "a.ctcz")
    assert list(reader.blocks()) == []
    assert reader.read().shape == (0, CHANNELS)


def test_samples_in_another_order_are_noticed(tmp_path):
    written(tmp_path / "a.ctcz", [WAVEFORM])
    with zipfile.ZipFile(tmp_path / "a.ctcz") as archive, zipfile.ZipFile(tmp_path / "b.ctcz", "w") as swapped:
        names = {"blocks/00000001": "blocks/00000002", "blocks/00000002": "blocks/00000001"}
        for info in archive.infolist():
            swapped.writestr(names.get(info.filename, info.filename), archive.read(info))
    with pytest.raises(model.CodecError, match="SHA-256"):
        list(model.WaveformReader(tmp_path / "b.ctcz").blocks())


@pytest.mark.parametrize("codec", [LOSSLESS, model.WaveformCodec("full", workers=1)], ids=["lossless", "full"])
def test_memory_is_that_of_a_few_blocks(tmp_path, codec):
    channels, steps = 128, 2048
    block = realistic_waveform(steps, channels)[0]

    def write(blocks):
        with model.WaveformWriter(tmp_path / "a.ctcz", channels, codec, block_samples=block.size) as writer:
            for _ in range(blocks):
                writer.write(block[: steps // 2])
                writer.write(block[steps // 2 :])

    def read():
        for rows in model.WaveformReader(tmp_path / "a.ctcz", workers=1).blocks():
            assert len(rows) == steps
            del rows

    write(1), read()
    peaks = []
    for blocks in (2, 8):
        peaks.append((peak_bytes(lambda blocks=blocks: write(blocks)), peak_bytes(read)))
    for short, long in zip(*peaks, strict=True):
        assert long < 1.1 * short
        assert long < 3 * block.nbytes


def test_after_an_exception_there_is_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError):
        written(tmp_path / "a.ctcz", (WAVEFORM[: 10 // pieces] for pieces in (1, 0)))
    with pytest.raises(ValueError, match="finite"):
        written(tmp_path / "a.ctcz", [np.full((5000, CHANNELS), np.nan)], dtype="f8")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n_channels": 0}, "n_channels must be an integer in 1"),
        ({"block_samples": 0}, "block_samples"),
        ({"dtype": "c8"}, "must be of an integer type"),
        ({"dtype": "sample"}, "dtype must be a type of samples, not 'sample'"),
        ({"codec": "lossless"}, "codec must be a WaveformCodec, not 'lossless'"),
        ({"codec": model.WaveformCodec("spike")}, "mode 'spike', which keeps no samples"),
    ],
)
def test_arguments_that_are_wrong_are_named(tmp_path, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        model.WaveformWriter(tmp_path / "a.ctcz", **{"n_channels": CHANNELS, **arguments})


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (WAVEFORM[:, :2], r"shape \(steps, 6\), not \(5000, 2\)"),
        (WAVEFORM[:, 0], r"shape \(steps, 6\), not \(5000,\)"),
        (WAVEFORM.astype(np.int32), "type int16, not int32"),
    ],
)
def test_samples_that_do_not_fit_are_refused(tmp_path, samples, sentence):
    with (
        pytest.raises(ValueError, match=sentence),
        model.WaveformWriter(tmp_path / "a.ctcz", CHANNELS, LOSSLESS) as writer,
    ):
        writer.write(samples)


def test_a_writer_writes_once_and_when_open(tmp_path):
    writer = model.WaveformWriter(tmp_path / "a.ctcz", CHANNELS, LOSSLESS, block_samples=BLOCK)
    with pytest.raises(ValueError, match="must be open"):
        writer.write(WAVEFORM)
    with writer:
        writer.write(WAVEFORM)
    with pytest.raises(ValueError, match="must be open"):
        writer.write(WAVEFORM)
    with pytest.raises(ValueError, match="already"), writer:
        pass
