"""The command that receives: from a file, a pipe and UDP, to a raster and a table, with statuses and sentences."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

from model import Settings, encode_packets, encode_raster, frame_packets
from model.events import Epoch
from model.sinks import RasterNpz
from model.synth import bernoulli_raster

RASTER = bernoulli_raster(0.05, 200, 9)
SETTINGS = Settings(epoch_steps=10, keyframe_interval=4)
PACKETS = encode_packets(RASTER, SETTINGS)
KEPT = [row for row in range(200) if not 50 <= row < 80]
"""Rows that arrive where packet 5 is lost; the next keyframe is packet 8."""
LOSSY = [*PACKETS[:5], *PACKETS[6:]]


@pytest.fixture
def call(call):
    """Call the command in an empty folder; return its exit status, output and error output."""
    return partial(call, "receive")


def assert_received(folder, rows):
    with np.load(folder / "spikes.npz") as found:
        np.testing.assert_array_equal(found["raster"], RASTER[rows])
        assert found["raster"].dtype == np.int8
        assert found["step"].tolist() == rows
        assert found["recording"].tolist() == [0] * len(rows)
    assert not list(folder.glob("*.part"))


def test_file_with_serial_framing(call, tmp_path):
    (tmp_path / "line.bin").write_bytes(b"noise" + frame_packets(LOSSY))
    status, output, error = call("line.bin", "--output", "spikes.npz", "--events", "spikes.csv", "--json")
    assert status == 0, error
    assert_received(tmp_path, KEPT)
    header, *lines = (tmp_path / "spikes.csv").read_text().splitlines()
    assert header == "recording,step,channel"
    steps, channels = np.nonzero(RASTER)
    assert lines == [f"0,{t},{c}" for t, c in zip(steps, channels, strict=True) if t in KEPT]
    summary = json.loads(output)
    assert summary["bits_per_spike"] == 8 * (tmp_path / "line.bin").stat().st_size / len(lines)
    assert (summary["lost_packets"], summary["undecodable_packets"], summary["damaged"]) == (1, 2, 1)
    assert (summary["steps"], summary["missing_steps"]) == (170, 30)
    assert "1 packets lost, 2 undecodable" in error


def test_container(call, tmp_path):
    (tmp_path / "raster.ctcd").write_bytes(encode_raster(RASTER, SETTINGS))
    assert call("raster.ctcd", "--output", "spikes.npz")[0] == 0
    assert_received(tmp_path, list(range(200)))


def test_restart_begins_another_recording(call, tmp_path):
    (tmp_path / "line.bin").write_bytes(frame_packets([*PACKETS, *PACKETS[:2]]))
    assert call("line.bin", "--output", "spikes.npz")[0] == 0
    with np.load(tmp_path / "spikes.npz") as found:
        assert found["recording"].tolist() == [0] * 200 + [1] * 20
        assert found["step"].tolist() == [*range(200), *range(20)]


def test_stop_at_so_many_packets(call, tmp_path):
    (tmp_path / "raster.ctcd").write_bytes(encode_raster(RASTER, SETTINGS))
    assert call("raster.ctcd", "--max-packets", "3", "--output", "spikes.npz")[0] == 0
    assert_received(tmp_path, list(range(30)))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "source must be either FILE (- for standard input) or --udp HOST:PORT"),
        (["line.bin", "--udp", "localhost:1"], "source must be either FILE (- for standard input) or --udp HOST:PORT"),
        (["nothing.bin"], "source nothing.bin cannot be read: No such file or directory"),
        (["."], "source . cannot be read: Is a directory"),
        (["--udp", "5000"], "udp must be HOST:PORT with a port of 0..65535, not '5000'"),
        (["--udp", "localhost:70000"], "udp must be HOST:PORT with a port of 0..65535, not 'localhost:70000'"),
        (["noise.bin"], "no packet could be decoded from noise.bin"),
        (["damaged.ctcd"], "stream checksum does not match: it is damaged, cut off, or has bytes after its end"),
        (["line.bin", "--idle-seconds", "0"], "idle_seconds must be above 0, not 0.0"),
        (["line.bin", "--max-packets", "0"], "max_packets must be an integer in 1..9223372036854775807, not 0"),
        (["line.bin", "--output", "spikes.mat"], "output must end in .npz, not 'spikes.mat'"),
        (
            ["line.bin", "--output", "no/spikes.npz"],
            "output no/spikes.npz cannot be written: No such file or directory",
        ),
        (["line.bin", "--events", "no/e.csv"], "events no/e.csv cannot be written: No such file or directory"),
        (["line.bin", "--output", "old.npz"], "output old.npz.part is there already, from a run that was cut off"),
        (["line.bin", "--output", "here.npz"], "output here.npz is there already; --force replaces it"),
        (["line.bin", "--events", "noise.bin"], "output noise.bin is there already; --force replaces it"),
        (["two.bin", "--output", "spikes.npz"], "output holds 9 channels, but the recording changes to 3"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(call, tmp_path, arguments, sentence):
    (tmp_path / "line.bin").write_bytes(frame_packets(PACKETS))
    (tmp_path / "noise.bin").write_bytes(b"noise")
    (tmp_path / "damaged.ctcd").write_bytes(encode_raster(RASTER)[:-1] + b"?")
    (tmp_path / "two.bin").write_bytes(frame_packets([PACKETS[0], *encode_packets(RASTER[:, :3])]))
    (tmp_path / "old.npz.part").mkdir()
    (tmp_path / "here.npz").write_bytes(b"as it was")
    status, output, error = call(*arguments)
    assert (status, output) == (2, "")
    assert error.splitlines()[-1] == f"error: {sentence}"
    assert (tmp_path / "here.npz").read_bytes() == b"as it was"
    assert (tmp_path / "noise.bin").read_bytes() == b"noise"


def test_outputs_are_replaced_with_force(call, tmp_path):
    (tmp_path / "line.bin").write_bytes(frame_packets(LOSSY))
    for name in ("spikes.npz", "spikes.csv"):
        (tmp_path / name).write_bytes(b"old")
    assert call("line.bin", "--output", "spikes.npz", "--events", "spikes.csv", "--force")[0] == 0
    assert_received(tmp_path, KEPT)
    assert (tmp_path / "spikes.csv").read_text().startswith("recording,step,channel")


def test_help_teaches(call):
    status, output, _ = call("--help")
    assert status == 0
    assert "corticodec receive --udp 127.0.0.1:5000" in re.sub(r"\s+", " ", output)


def test_raster_is_on_disk_before_the_end(tmp_path):
    """A run that is killed leaves what it received."""
    sink = RasterNpz(tmp_path / "spikes.npz")
    large = np.ones((1000, 64), dtype=np.int8)
    for number in range(10):
        sink.write(Epoch(large, 1000 * number, number, keyframe=True), 0)
    assert (tmp_path / "spikes.npz.part" / "raster").stat().st_size >= 9 * large.size
    assert not (tmp_path / "spikes.npz").exists()


# As a process


def start(folder, *arguments, **options):
    command = [sys.executable, "-m", "model", "receive", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, **options)


@pytest.fixture
def importable(monkeypatch, request):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(request.config.rootpath), os.environ.get("PYTHONPATH", "")]))


@pytest.mark.usefixtures("importable")
def test_standard_input(tmp_path):
    process = start(tmp_path, "-", "--output", "spikes.npz", stdin=subprocess.PIPE)
    line = frame_packets(LOSSY)
    process.stdin.buffer.write(line[:1])  # less than a container's magic
    process.stdin.flush()
    process.stdin.buffer.write(line[1:])
    process.stdin.close()
    assert process.wait(60) == 0, process.stderr.read()
    assert_received(tmp_path, KEPT)
    process.stderr.close()


@pytest.mark.usefixtures("importable")
@pytest.mark.parametrize("end", ["idle", "interrupt"])
def test_udp(tmp_path, end):
    idle = "0.5" if end == "idle" else "60"
    process = start(tmp_path, "--udp", "127.0.0.1:0", "--output", "spikes.npz", "--idle-seconds", idle)
    port = int(re.search(r"Listening at udp 127.0.0.1:(\d+)", process.stderr.readline())[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        for packet in LOSSY:
            link.sendto(packet, ("127.0.0.1", port))
    if end == "interrupt":
        time.sleep(1)
        process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, process.stderr.read()
    assert_received(tmp_path, KEPT)
    process.stderr.close()
