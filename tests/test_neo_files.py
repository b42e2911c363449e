"""Recordings by way of Neo: Intan's RHD and Blackrock's NSx, made here byte by byte."""

import struct

import numpy as np
import pytest

pytest.importorskip("neo", reason="needs the extra neo")

from neo.rawio.examplerawio import ExampleRawIO

from model.files.compress import compress
from model.files.compressed import CompressedRecording
from model.files.decompress import decompress
from model.files.hints import Hints
from model.files.open import open_recording
from model.formats.chunk import WaveformCoder

CHANNELS, BLOCKS, BLOCK_STEPS = 4, 5, 60
CODES = np.random.default_rng(1).integers(-300, 300, (BLOCKS * BLOCK_STEPS, CHANNELS)).cumsum(0) % 65536


def text(string):
    return struct.pack("<I", 2 * len(string)) + string.encode("utf-16-le")


def rhd(codes):
    """Return a file of version 1.0 with amplifier channels only."""
    head = struct.pack("<Ihh", 0xC6912702, 1, 0) + struct.pack(
        "<fh6fhff", 30000, 0, 1, 1, 7500, 1, 1, 7500, 0, 1000, 1000
    )
    head += text("note") * 3 + struct.pack("<h", 1)
    head += text("Port A") + text("A") + struct.pack("<hhh", 1, CHANNELS, CHANNELS)
    for channel in range(CHANNELS):
        head += text(f"A-{channel:03}") * 2 + struct.pack("<6h", channel, channel, 0, 1, channel, 0)
        head += struct.pack("<4h2f", 0, 0, 0, 0, 1e5, 0)
    blocks = b"".join(
        struct.pack(f"<{BLOCK_STEPS}i", *range(start, start + BLOCK_STEPS))
        + codes[start : start + BLOCK_STEPS].T.astype("<u2").tobytes()
        for start in range(0, len(codes), BLOCK_STEPS)
    )
    return head + blocks


def test_intan(tmp_path):
    path = tmp_path / "a.rhd"
    path.write_bytes(rhd(CODES))
    recording = open_recording(path, Hints())
    signal = recording.signal
    assert (recording.kind, signal.sampling_hz, signal.channels) == ("Intan, read by Neo", 30000, CHANNELS)
    assert signal.gain_microvolts == pytest.approx([0.195] * CHANNELS)
    assert signal.channel_names == ["A-000", "A-001", "A-002", "A-003"]
    np.testing.assert_array_equal(recording.rows(0, signal.steps), CODES)
    np.testing.assert_array_equal(recording.rows(50, 70), CODES[50:70])
    compress(recording, tmp_path / "a.ctcz", WaveformCoder(), 1, lambda _: None)
    packed = CompressedRecording(tmp_path / "a.ctcz")
    decompress(packed, tmp_path / "a.npy", 0, signal.steps, 1, lambda _: None)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), CODES)
    assert packed.contents.offset_microvolts == pytest.approx([-0.195 * 32768] * CHANNELS)


def test_recordings_of_several_segments(tmp_path, monkeypatch):
    """Of the format that Neo has as an example, with two streams and five segments."""
    (tmp_path / "a.fake").touch()
    monkeypatch.setattr("neo.rawio.get_rawio", lambda *_, **__: [ExampleRawIO])
    with pytest.raises(ValueError, match=r"has several streams; choose one with --stream: 0 stream 0, 1 stream 1"):
        open_recording(tmp_path / "a.fake", Hints())
    with pytest.raises(ValueError, match="must hold one segment, not 5: save each as a file of its own"):
        open_recording(tmp_path / "a.fake", Hints(stream=0))


def test_events_are_told_of(tmp_path, monkeypatch):
    class OneSegment(ExampleRawIO):
        def parse_header(self):
            super().parse_header()
            self.block_count, self.segment_count = lambda: 1, lambda _: 1

    (tmp_path / "a.fake").touch()
    monkeypatch.setattr("neo.rawio.get_rawio", lambda *_, **__: [OneSegment])
    note = open_recording(tmp_path / "a.fake", Hints(stream=0)).note
    assert note.endswith("a.fake, the signals are kept, and not its events and spikes")


@pytest.mark.parametrize(("name", "data"), [("a.rhd", b"nothing of the kind"), ("a.xyz", b"?")])
def test_files_that_neo_cannot_read(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"{name} cannot be read: "):
        open_recording(tmp_path / name, Hints())
