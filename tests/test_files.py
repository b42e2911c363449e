"""Recordings in files: every kind comes back byte for byte, whole or not at all, and nothing damaged passes."""

import json
import struct
import subprocess
import sys
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest

from model.errors import CodecError
from model.files import compress as compressing
from model.files import decompress as decompressing
from model.files.compress import compress, compress_spikes
from model.files.compressed import CompressedRecording
from model.files.decompress import decompress, decompress_spikes, is_spike_list, read_spikes, verify
from model.files.hints import Hints
from model.files.open import is_raster, open_recording
from model.files.spike_folder import SpikeFolder, SpikeList
from model.files.whole import whole_file
from model.formats.chunk import SpikeCoder, WaveformCoder

RANDOM = np.random.default_rng(5)
SAMPLES = RANDOM.integers(-20, 21, (700, 6)).cumsum(0).astype(np.int16)


def nothing(_):
    pass


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Several blocks, even of little."""
    monkeypatch.setattr(compressing, "BLOCK_SAMPLES", 1500)
    monkeypatch.setattr(compressing, "RASTER_BLOCK_BINS", 1500)


def pack(path, hints=None, coder=None, workers=2):
    """Compress a file; return the compressed one, open."""
    recording = open_recording(path, hints or Hints())
    coder = coder or (SpikeCoder() if is_raster(recording) else WaveformCoder())
    output = path.with_name(path.name + ".ctcz")
    compress(recording, output, coder, workers, nothing)
    return CompressedRecording(output)


def unpack(packed, output, start=0, stop=None):
    decompress(packed, output, start, packed.contents.steps if stop is None else stop, 2, nothing)
    return output


def wav(samples, coding=1, bits=16, before=b"", after=b"", size=None):
    data = samples.tobytes()
    channels = samples.shape[1] if bits != 24 else samples.shape[1] // 3
    form = struct.pack("<HHIIHH", coding, channels, 24000, 24000 * channels * bits // 8, channels * bits // 8, bits)
    size = len(data) if size is None else size
    chunks = before + b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + data + after
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


WAVS = {
    "16 bits": wav(SAMPLES),
    "8 bits": wav(SAMPLES.astype(np.uint8), bits=8),
    "24 bits": wav(RANDOM.integers(0, 256, (100, 6), np.uint8), bits=24),
    "32 bits": wav(SAMPLES.astype("<i4"), bits=32),
    "floats": wav(RANDOM.normal(size=(100, 2)).astype("<f4"), coding=3, bits=32),
    "other chunks": wav(SAMPLES, before=b"LIST\3\0\0\0abc\0", after=b"note\4\0\0\0abcd"),
    "cut off": wav(SAMPLES)[:-1],
    "unknown size": wav(SAMPLES, size=0xFFFFFFFF),
    "no samples": wav(SAMPLES[:0]),
}


@pytest.mark.parametrize("name", WAVS)
def test_wav_is_restored(tmp_path, name):
    path = tmp_path / "a.wav"
    path.write_bytes(WAVS[name])
    packed = pack(path)
    assert packed.contents.sampling_hz == 24000
    assert unpack(packed, tmp_path / "again.wav").read_bytes() == WAVS[name]
    verify(packed, 1, nothing)


def test_wav_of_no_rate(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(SAMPLES).replace(struct.pack("<I", 24000), bytes(4)))
    packed = pack(path)
    assert packed.contents.sampling_hz is None
    assert unpack(packed, tmp_path / "again.wav").read_bytes() == path.read_bytes()


def test_24_bits_are_read_with_their_sign(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(np.array([[0xFF, 0xFF, 0xFF, 1, 0, 0x80]], np.uint8), bits=24))
    assert open_recording(path, Hints()).rows(0, 1).tolist() == [[-1, -8388607]]


ARRAYS = {
    "samples": SAMPLES,
    "Fortran's order": np.asfortranarray(SAMPLES),
    "one channel": SAMPLES[:, 0],
    "three dimensions": SAMPLES.reshape(70, 10, 6),
    "big-endian": SAMPLES.astype(">i4"),
    "floats": RANDOM.normal(size=(300, 4)),
    "raster": RANDOM.random((900, 7)) < 0.05,
    "raster of int8": (RANDOM.random((900, 7)) < 0.05).astype(np.int8),
    "int8 that is no raster": np.full((5, 2), -1, np.int8),
    "raster in Fortran's order": np.asfortranarray(RANDOM.random((900, 7)) < 0.05),
    "no steps": SAMPLES[:0],
    "no channels": SAMPLES[:, :0],
}


@pytest.mark.parametrize("name", ARRAYS)
def test_npy_is_restored(tmp_path, name):
    path = tmp_path / "a.npy"
    np.save(path, ARRAYS[name])
    packed = pack(path)
    assert packed.contents.coder["name"] == (
        "corticodec_spikes" if name.startswith("raster") else "corticodec_waveform"
    )
    assert unpack(packed, tmp_path / "again.npy").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("preset", ["fast", "best"])
def test_raw_binary_is_restored_with_head_and_tail(tmp_path, preset):
    path = tmp_path / "a.dat"
    path.write_bytes(b"a header" + SAMPLES.tobytes() + b"tail")
    packed = pack(
        path, Hints(channels=6, sampling_hz=3e4, gain_microvolts=0.195, offset=8), WaveformCoder(preset=preset)
    )
    assert packed.contents.n_blocks > 2
    assert (packed.contents.sampling_hz, packed.contents.gain_microvolts) == (3e4, [0.195] * 6)
    assert unpack(packed, tmp_path / "again.dat").read_bytes() == path.read_bytes()
    np.testing.assert_array_equal(np.load(unpack(packed, tmp_path / "again.npy")), SAMPLES)
    assert unpack(packed, tmp_path / "only_samples.bin").read_bytes() == SAMPLES.tobytes()


@pytest.mark.parametrize(("start", "stop"), [(0, 700), (0, 1), (249, 251), (260, 510), (300, 300), (699, 700)])
def test_part_of_a_recording(tmp_path, start, stop):
    np.save(tmp_path / "a.npy", SAMPLES)
    packed = pack(tmp_path / "a.npy")
    np.testing.assert_array_equal(np.load(unpack(packed, tmp_path / "b.npy", start, stop)), SAMPLES[start:stop])


def test_bounded_error(tmp_path):
    np.save(tmp_path / "a.npy", SAMPLES)
    packed = pack(tmp_path / "a.npy", coder=WaveformCoder("bounded", max_error=2))
    error = np.load(unpack(packed, tmp_path / "b.npy")).astype(float) - SAMPLES
    assert np.abs(error).max() == packed.contents.worst_error == 2
    assert packed.contents.rms_error == pytest.approx(np.sqrt(np.mean(error**2)))
    assert not packed.contents.lossless
    verify(packed, 1, nothing)


def test_spikeglx_and_open_ephys(tmp_path):
    path = tmp_path / "run_g0_t0.imec0.ap.bin"
    path.write_bytes(SAMPLES.tobytes())
    path.with_suffix(".meta").write_text("nSavedChans=6\nimSampRate=30000.1\n~imroTbl=(0,6)\n")
    packed = pack(path)
    assert (packed.contents.source["kind"], packed.contents.sampling_hz) == ("SpikeGLX", 30000.1)
    assert unpack(packed, tmp_path / "again.bin").read_bytes() == path.read_bytes()
    assert (tmp_path / "again.meta").read_bytes() == path.with_suffix(".meta").read_bytes()
    unpack(packed, tmp_path / "part.bin", 0, 10)
    assert not (tmp_path / "part.meta").exists()

    folder = tmp_path / "recording1" / "continuous" / "Neuropix-PXI-100.0"
    folder.mkdir(parents=True)
    channels = [{"channel_name": f"CH{index}", "bit_volts": 0.195} for index in range(6)]
    stream = {"folder_name": f"{folder.name}/", "sample_rate": 30000, "num_channels": 6, "channels": channels}
    (tmp_path / "recording1" / "structure.oebin").write_text(json.dumps({"continuous": [stream]}))
    (folder / "continuous.dat").write_bytes(SAMPLES.tobytes())
    contents = pack(folder / "continuous.dat").contents
    assert (contents.source["kind"], contents.steps, contents.gain_microvolts) == ("Open Ephys", 700, [0.195] * 6)
    assert contents.channel_names[5] == "CH5"


@pytest.mark.parametrize(
    "structure", ["", "[]", "{}", '{"continuous": [{"folder_name": "data"}]}', '{"continuous": 5}']
)
def test_structures_that_do_not_describe_the_samples(tmp_path, structure):
    folder = tmp_path / "continuous" / "data"
    folder.mkdir(parents=True)
    (tmp_path / "structure.oebin").write_text(structure)
    (folder / "continuous.dat").write_bytes(SAMPLES.tobytes())
    with pytest.raises(ValueError, match=r"structure.oebin does not describe the samples in the folder data"):
        open_recording(folder / "continuous.dat", Hints())


# Spikes


def spike_folder(folder, samples, clusters):
    folder.mkdir()
    np.save(folder / "spike_times.npy", samples)
    np.save(folder / "spike_clusters.npy", clusters)
    return folder


SPIKES = {
    "in order": ([3, 3, 7, 900], [1, 5, 1, 9]),
    "ties in another order": ([3, 3, 7, 900], [5, 1, 1, 9]),
    "out of order": ([900, 3, 7, 3], [5, 1, 1, 9]),
    "repeated": ([3, 3, 3, 7, 7, 9], [4, 4, 4, 4, 2, 4]),
    "repeated and out of order": ([9, 3, 7, 3, 3, 7], [4, 4, 2, 4, 1, 2]),
    "one": ([0], [0]),
    "none": ([], []),
}


@pytest.mark.parametrize("name", SPIKES)
@pytest.mark.parametrize("codec", ["isi", "predictive"])
def test_spike_times_are_restored(tmp_path, name, codec):
    samples, clusters = (np.array(values, np.int64) for values in SPIKES[name])
    folder = spike_folder(tmp_path / "ks", samples.astype(np.uint64).reshape(-1, 1), clusters.astype(np.int32))
    output = tmp_path / "ks.ctcz"
    compress_spikes(SpikeFolder.read(folder), output, SpikeCoder(codec), 2, nothing, 30000)
    packed = CompressedRecording(output)
    assert is_spike_list(packed)
    decompress_spikes(packed, tmp_path / "again", 2, nothing)
    for file in ("spike_times.npy", "spike_clusters.npy"):
        assert (tmp_path / "again" / file).read_bytes() == (folder / file).read_bytes()
    verify(packed, 1, nothing)


def test_random_spikes(tmp_path):
    samples, units = RANDOM.integers(0, 500, 3000), RANDOM.integers(0, 9, 3000)
    spikes = SpikeList(samples, units)
    ordered, restoring = spikes.sorted()
    assert restoring["repeated"].size > 100
    again = ordered.restored(**restoring)
    np.testing.assert_array_equal(again.samples, samples)
    np.testing.assert_array_equal(again.units, units)


@pytest.mark.parametrize(
    "wrong",
    [{"moved": [0], "places": [5]}, {"moved": [9], "places": [0]}, {"repeated": [0]}, {"moved": [0, 1], "places": [1]}],
)
def test_forged_orders_are_refused(wrong):
    _, restoring = SpikeList(np.arange(6), np.zeros(6, int)).sorted()
    restoring |= {name: np.array(values) for name, values in wrong.items()}
    with pytest.raises(CodecError, match="order of spikes that is none"):
        SpikeList(np.arange(6), np.zeros(6, int)).restored(**restoring)


@pytest.mark.parametrize(
    ("samples", "clusters", "sentence"),
    [
        (np.array([-1]), np.array([0]), "must have spike times in 0"),
        (np.array([1.5]), np.array([0]), "must hold integers, not float64"),
        (np.array([1, 2]), np.array([0]), "a cluster for each spike: 2 times, 1 clusters"),
    ],
)
def test_spike_folders_that_are_none(tmp_path, samples, clusters, sentence):
    folder = spike_folder(tmp_path / "ks", samples, clusters)
    with pytest.raises(ValueError, match=sentence):
        compress_spikes(SpikeFolder.read(folder), tmp_path / "out", SpikeCoder(), 1, nothing, None)
    assert not (tmp_path / "out").exists()


# Damage


def test_every_damaged_byte_is_found_or_harmless(tmp_path):
    """What is changed is refused, or it is the time in a ZIP header or the like, and the samples are right."""
    np.save(tmp_path / "a.npy", SAMPLES[:300, :2])
    packed = pack(tmp_path / "a.npy")
    data, refused = packed.path.read_bytes(), 0
    for at in range(0, len(data), 7):
        packed.path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        try:
            again = unpack(CompressedRecording(packed.path), tmp_path / "again.npy")
        except CodecError:
            refused += 1
        else:
            assert again.read_bytes() == (tmp_path / "a.npy").read_bytes()
    assert refused > 0.7 * len(data) / 7


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_cut_off(tmp_path, share):
    np.save(tmp_path / "a.npy", SAMPLES)
    packed = pack(tmp_path / "a.npy")
    data = packed.path.read_bytes()
    packed.path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(CodecError, match="no compressed recording, or is cut off"):
        CompressedRecording(packed.path)


def test_swapped_blocks_are_found(tmp_path):
    """Each is whole, and of the right shape; the digest of all samples tells."""
    np.save(tmp_path / "a.npy", SAMPLES)
    packed = pack(tmp_path / "a.npy")
    swapped = tmp_path / "swapped.ctcz"
    names = {"blocks/00000000": "blocks/00000001", "blocks/00000001": "blocks/00000000"}
    with zipfile.ZipFile(packed.path) as old, zipfile.ZipFile(swapped, "w") as new:
        for name in old.namelist():
            new.writestr(names.get(name, name), old.read(name))
    with pytest.raises(CodecError, match="does not hold the samples that were compressed"):
        verify(CompressedRecording(swapped), 1, nothing)
    with pytest.raises(CodecError, match="does not hold the samples that were compressed"):
        unpack(CompressedRecording(swapped), tmp_path / "again.npy")
    assert not (tmp_path / "again.npy").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"steps": -1},
        {"block_steps": 0},
        {"dtype": "nonsense"},
        {"steps": "many"},
        {"more": 1},
        {"steps": 1 << 60},
        {"sampling_hz": "30k"},
        {"source": {}},
        {"gain_microvolts": ["a"]},
        {"channels": True},
        {"source": []},
        {"gain_microvolts": 5},
        {"dtype": "O"},
        {"dtype": "i2,i2"},
        {"coder": []},
        {"lossless": "no"},
        {"layout": [1]},
        {"samples_sha256": 5},
        {"channel_names": 5},
        {"source": {"name": "", "kind": "WAV", "bytes": 1}},
        {"source": {"name": "..", "kind": "WAV", "bytes": 1}},
        {"source": {"name": "a\0", "kind": "WAV", "bytes": 1}},
    ],
)
def test_forged_contents(tmp_path, change):
    np.save(tmp_path / "a.npy", SAMPLES)
    packed = pack(tmp_path / "a.npy")
    with pytest.raises(CodecError, match="recording"):
        rewritten(packed.path, {"recording.json": change})


def test_contents_nested_without_end(tmp_path):
    with zipfile.ZipFile(tmp_path / "forged.ctcz", "w") as forged:
        forged.writestr("mimetype", "application/x-corticodec-recording")
        forged.writestr("recording.json", "[" * 100_000)
    with pytest.raises(CodecError, match="recording does not say what it holds"):
        CompressedRecording(tmp_path / "forged.ctcz")


def rewritten(path, parts):
    """Write another recording, with some parts replaced; `recording.json` is only changed."""
    forged = path.with_name("forged.ctcz")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            change = parts.get(name, {} if name == "recording.json" else data)
            new.writestr(name, json.dumps(json.loads(data) | change) if name == "recording.json" else change)
    return CompressedRecording(forged)


LAYOUT = {"offset": 128, "by_channel": False, "sample_bytes": 2}


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"recording.json": {"layout": {}}}, r"output must end in .npy, .nwb, .bin"),
        ({"recording.json": {"layout": {"offset": 1}}}, "does not tell how its source was laid out"),
        ({"recording.json": {"layout": LAYOUT | {"sample_bytes": 3}}}, "a layout that its source cannot have had"),
        ({"recording.json": {"layout": LAYOUT | {"sample_bytes": "2"}}}, "a layout that its source cannot have had"),
        ({"recording.json": {"layout": LAYOUT | {"offset": "128"}}}, "a layout that its source cannot have had"),
        ({"head": b"short"}, "does not have all bytes of its source"),
        ({"tail": b"?"}, "does not give its source back: the SHA-256 differs"),
    ],
)
def test_forged_sources(tmp_path, parts, sentence):
    (tmp_path / "a.dat").write_bytes(bytes(128) + SAMPLES.tobytes())
    packed = pack(tmp_path / "a.dat", Hints(channels=6, offset=128))
    forged = rewritten(packed.path, parts)
    output = tmp_path / ("b.txt" if "must end" in sentence else "b.dat")
    with pytest.raises(ValueError, match=sentence):
        unpack(forged, output)
    assert not output.exists()
    with pytest.raises(CodecError, match="laid out" if "must end" in sentence else sentence):
        verify(forged, 1, nothing)


def test_verify_restores_what_lies_by_channel(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(SAMPLES))
    packed = pack(tmp_path / "a.npy")
    verify(packed, 1, nothing)
    with pytest.raises(CodecError, match="does not give its source back: the SHA-256 differs"):
        verify(rewritten(packed.path, {"tail": b"?"}), 1, nothing)


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"steps": 1 << 40, "block_steps": 1 << 40}, r"block 0 holds int16 \(10, 6\), but should hold int16 \(1099511"),
        ({"channels": 1 << 40}, r"block 0 holds int16 \(10, 6\), but should hold int16 \(10, 1099511627776\)"),
        ({"steps": 1 << 62, "block_steps": 1 << 62}, "its counts of steps, channels or segments are no integers in 0"),
    ],
)
@pytest.mark.parametrize("name", ["again.npy", "again.bin", "again.nwb"])
def test_forged_counts(tmp_path, counts, sentence, name):
    """No output is begun of a size that cannot be."""
    if name.endswith("nwb"):
        pytest.importorskip("pynwb")
        if "channels" in counts:
            sentence = "can have at most 65536 channels, not 1099511627776"
    np.save(tmp_path / "a.npy", SAMPLES[:10])
    packed = pack(tmp_path / "a.npy", Hints(sampling_hz=3e4))
    with pytest.raises(ValueError, match=sentence):
        unpack(rewritten(packed.path, {"recording.json": counts}), tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("parts", [{"type-0": b"|O"}, {"type-1": b"<f8"}, {"type-1": b"nonsense"}])
def test_forged_types_of_spikes(tmp_path, parts):
    folder = spike_folder(tmp_path / "ks", np.array([3, 4]), np.array([1, 1]))
    compress_spikes(SpikeFolder.read(folder), tmp_path / "ks.ctcz", SpikeCoder(), 1, nothing, None)
    with pytest.raises(CodecError, match="holds <i2, and no list of spikes"):
        read_spikes(rewritten(tmp_path / "ks.ctcz", {"recording.json": {"dtype": "<i2"}}), 1, nothing)
    forged = rewritten(tmp_path / "ks.ctcz", parts)
    with pytest.raises(CodecError, match="does not have head and type of"):
        decompress_spikes(forged, tmp_path / "again", 1, nothing)
    assert not (tmp_path / "again").exists()
    with pytest.raises(CodecError, match="does not have head and type of"):
        verify(forged, 1, nothing)


def test_both_files_of_spikes_or_none(tmp_path, monkeypatch):
    """The disk is full when the second one is written."""
    folder = spike_folder(tmp_path / "ks", np.array([3, 4]), np.array([1, 1]))
    compress_spikes(SpikeFolder.read(folder), tmp_path / "ks.ctcz", SpikeCoder(), 1, nothing, None)

    @contextmanager
    def full_at_the_second(path):
        if path.name == "spike_clusters.npy":
            raise ValueError("no space left")
        with whole_file(path) as file:
            yield file

    monkeypatch.setattr(decompressing, "whole_file", full_at_the_second)
    with pytest.raises(ValueError, match="no space left"):
        decompress_spikes(CompressedRecording(tmp_path / "ks.ctcz"), tmp_path / "again", 1, nothing)
    assert not (tmp_path / "again").exists()


# Whole or absent


def test_output_is_absent_after_an_exception(tmp_path):
    (tmp_path / "old").write_bytes(b"as it was")

    def interrupted(path):
        with whole_file(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    for name in ("old", "new"):
        with pytest.raises(KeyboardInterrupt):
            interrupted(tmp_path / name)
    assert (tmp_path / "old").read_bytes() == b"as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_output_has_its_name_and_rights_in_the_end(tmp_path):
    with whole_file(tmp_path / "new") as file:
        file.write(b"whole")
        assert not (tmp_path / "new").exists()
    plain = tmp_path / "plain"
    plain.touch()
    assert (tmp_path / "new").read_bytes() == b"whole"
    assert (tmp_path / "new").stat().st_mode == plain.stat().st_mode


def test_same_recording_gives_the_same_file(tmp_path):
    np.save(tmp_path / "a.npy", SAMPLES)
    first = pack(tmp_path / "a.npy", workers=1).path.read_bytes()
    assert pack(tmp_path / "a.npy", workers=3).path.read_bytes() == first


def test_memory_stays_flat():
    """Compressing and restoring four times as much takes hardly more memory."""
    code = """
import resource, sys, tempfile
from pathlib import Path
import numpy as np
from model.files.compress import compress
from model.files.compressed import CompressedRecording
from model.files.decompress import decompress
from model.files.hints import Hints
from model.files.open import open_recording
from model.files import compress as compressing
from model.formats.chunk import WaveformCoder
compressing.BLOCK_SAMPLES = 1 << 18
with tempfile.TemporaryDirectory() as name:
    path = Path(name) / "a.dat"
    piece = np.random.default_rng(0).integers(-2, 3, (1 << 18, 8)).astype(np.int16).tobytes()
    peaks = []
    for pieces in (1, 16):
        with path.open("wb") as file:
            for _ in range(pieces):
                file.write(piece)
        output = Path(name) / "a.ctcz"
        compress(open_recording(path, Hints(channels=8)), output, WaveformCoder(), 1, lambda _: None)
        packed = CompressedRecording(output)
        decompress(packed, Path(name) / "b.dat", 0, packed.contents.steps, 1, lambda _: None)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print((peaks[1] - peaks[0]) / 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 40  # MB, of 64 MB of samples


# What cannot be read


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.npy", b"\x93NUMPY", "is no .npy file"),
        ("a.npy", b"", "is no .npy file"),
        ("a.wav", b"RIFFxxxxWAVE", "no chunk 'data'"),
        ("a.wav", b"other bytes", "is no WAV file"),
        ("a.wav", wav(SAMPLES, coding=6, bits=16), "must hold PCM or floats, not format 6 of 16 bits"),
        ("a.dat", b"", "its channels must be given with --channels"),
    ],
)
def test_what_cannot_be_read(tmp_path, name, data, sentence):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=sentence):
        open_recording(tmp_path / name, Hints())


def test_arrays_that_are_cut_off_or_no_numbers(tmp_path):
    np.save(tmp_path / "a.npy", SAMPLES)
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-3])
    with pytest.raises(ValueError, match="cut off: 3 bytes of its samples are missing"):
        open_recording(tmp_path / "a.npy", Hints())
    np.save(tmp_path / "b.npy", np.array(["a"]))
    with pytest.raises(ValueError, match="must hold an array of numbers"):
        open_recording(tmp_path / "b.npy", Hints())


def test_spike_times_are_no_samples(tmp_path):
    folder = spike_folder(tmp_path / "ks", np.array([3, 4]), np.array([1, 1]))
    with pytest.raises(ValueError, match="holds spike times, which only compress, recommend and bench take"):
        open_recording(folder, Hints())


@pytest.mark.parametrize(
    ("hints", "sentence"),
    [
        ({"channels": 0}, "channels must be an integer in 1.."),
        ({"sampling_hz": -1.0}, "fs must be a number above 0, not -1.0"),
        ({"gain_microvolts": float("nan")}, "gain must be a number above 0, not nan"),
        ({"dtype": "text"}, "dtype must be a type of numbers"),
    ],
)
def test_hints_out_of_range(hints, sentence):
    with pytest.raises(ValueError, match=sentence):
        Hints(**hints)


def test_neuralink_and_neuropixels(data_folder, tmp_path, monkeypatch):
    """Real files."""
    source = sorted((data_folder / "neuralink_n1").glob("*.wav"))[0]
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes())
    packed = pack(path)
    assert unpack(packed, tmp_path / "again.wav").read_bytes() == path.read_bytes()
    spikes = data_folder / "spikes" / "neuropixels"
    times, clusters = (np.load(spikes / name)[:5000] for name in ("spike_times.npy", "spike_clusters.npy"))
    folder = spike_folder(tmp_path / "ks", times, clusters)
    monkeypatch.setattr(compressing, "RASTER_BLOCK_BINS", 1 << 24)
    compress_spikes(SpikeFolder.read(folder), tmp_path / "ks.ctcz", SpikeCoder(), 1, nothing, 30000)
    assert (tmp_path / "ks.ctcz").stat().st_size < 2.2 * 5000
    decompress_spikes(CompressedRecording(tmp_path / "ks.ctcz"), tmp_path / "again", 1, nothing)
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
