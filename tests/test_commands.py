"""The commands that compress and restore, as a user types them: what they print, leave, and say of wrong input."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from model.__main__ import app

SAMPLES = np.random.default_rng(6).integers(-20, 21, (2000, 6)).cumsum(0).astype(np.int16)
COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands]


def test_npy_and_back(call, tmp_path):
    np.save("a.npy", SAMPLES)
    status, output, error = call("compress", "a.npy", "--json")
    assert (status, error) == (0, "")
    facts = json.loads(output)
    size = (tmp_path / "a.npy.ctcz").stat().st_size
    assert (facts["output"], facts["steps"], facts["channels"], facts["lossless"]) == ("a.npy.ctcz", 2000, 6, True)
    assert facts["ratio"] == facts["source_bytes"] / size > 2
    original = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").unlink()
    assert call("decompress", "a.npy.ctcz")[0] == 0
    assert (tmp_path / "a.npy").read_bytes() == original
    assert call("verify", "a.npy.ctcz", "--against", "a.npy")[0] == 0


def test_raw_binary_with_an_error(call):
    SAMPLES.tofile("a.dat")
    raw = ("--channels", "6", "--fs", "30000", "--gain", "0.195")
    status, output, _ = call("compress", "a.dat", *raw, "--max-error", "3", "--preset", "best", "--json")
    assert (status, json.loads(output)["worst_error"]) == (0, 3)
    assert call("decompress", "a.dat.ctcz", "-o", "part.npy", "--start", "500", "--stop", "600")[0] == 0
    error = np.load("part.npy").astype(int) - SAMPLES[500:600]
    assert 0 < np.abs(error).max() <= 3


def test_spike_folder(call, tmp_path):
    (tmp_path / "ks").mkdir()
    np.save("ks/spike_times.npy", np.array([4, 9, 9, 12], np.uint64))
    np.save("ks/spike_clusters.npy", np.array([2, 0, 7, 2], np.int32))
    assert call("compress", "ks", "--fs", "30000", "--codec", "predictive")[0] == 0
    sentence = "error: start must be left out: ks.ctcz holds spike times, all of which are written\n"
    assert call("decompress", "ks.ctcz", "-o", "again", "--start", "5") == (2, "", sentence)
    assert call("decompress", "ks.ctcz", "-o", "again")[0] == 0
    for name in ("spike_times.npy", "spike_clusters.npy"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "ks" / name).read_bytes()


def test_bytes_after_the_last_step_are_told_of(call, tmp_path):
    (tmp_path / "a.dat").write_bytes(SAMPLES.tobytes() + b"end")
    note = (
        "note: a.dat has 3 bytes after its last whole step of 6 channels of int16; they are kept, but channels, dtype"
    )
    for command in ("compress", "recommend"):
        status, _, error = call(command, "a.dat", "--channels", "6")
        assert (status, error.count("\n"), error[: len(note)]) == (0, 1, note)
    assert call("decompress", "a.dat.ctcz", "-o", "again.dat")[0] == 0
    assert (tmp_path / "again.dat").read_bytes() == SAMPLES.tobytes() + b"end"


def test_spikeglx(call, tmp_path):
    SAMPLES.tofile("a.ap.bin")
    (tmp_path / "a.ap.meta").write_text("nSavedChans=6\nimSampRate=30000\n")
    why = "a.ap.bin does not take it, since a.ap.meta tells it; with --channels, the samples are read as raw binary"
    for option, value in (("fs", "30000"), ("gain", "2"), ("dtype", "uint16"), ("offset", "8")):
        assert call("compress", "a.ap.bin", f"--{option}", value) == (
            2,
            "",
            f"error: {option} must be left out: {why}\n",
        )
    assert call("compress", "a.ap.bin")[0] == 0
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "b.meta").write_text("another")
    sentence = "error: output again/b.meta is there already; --force replaces it\n"
    assert call("decompress", "a.ap.bin.ctcz", "-o", "again/b.bin") == (2, "", sentence)
    assert call("decompress", "a.ap.bin.ctcz", "-o", "again/b.bin", "--force")[0] == 0
    for suffix in (".bin", ".meta"):
        assert (tmp_path / f"again/b{suffix}").read_bytes() == (tmp_path / f"a.ap{suffix}").read_bytes()


def test_the_folder_one_is_in(call, tmp_path):
    np.save("spike_times.npy", np.array([4, 9], np.uint64))
    np.save("spike_clusters.npy", np.array([2, 0], np.int32))
    assert call("compress", ".")[0] == 0
    assert call("decompress", f"{tmp_path.name}.ctcz", "-o", "again")[0] == 0
    assert (tmp_path / "again" / "spike_times.npy").read_bytes() == (tmp_path / "spike_times.npy").read_bytes()


def test_inspect(call, tmp_path):
    np.save("a.npy", SAMPLES)
    call("compress", "a.npy")
    status, output, _ = call("inspect", "a.npy.ctcz")
    assert status == 0
    assert re.search(r"steps +2,000", output)
    facts = json.loads(call("inspect", "a.npy.ctcz", "--json")[1])
    size = (tmp_path / "a.npy.ctcz").stat().st_size
    assert facts["bytes_of_blocks"] + facts["bytes_of_the_rest"] == facts["compressed_bytes"] == size
    assert facts["bits_a_sample"] == 8 * facts["bytes_of_blocks"] / SAMPLES.size


def test_recommend_and_bench(call):
    np.save("a.npy", SAMPLES)
    np.save("r.npy", SAMPLES > 30)
    names = {}
    for command in ("recommend", "bench"):
        for path in ("a.npy", "r.npy"):
            status, output, _ = call(command, path, "--json")
            assert status == 0
            names[command, path] = {coder["name"] for coder in json.loads(output)["coders"]}
    assert names["recommend", "a.npy"] > {"lossless fast", "lossless best"}
    assert names["recommend", "r.npy"] == {"isi", "predictive", "delta", "aer"}
    assert names["bench", "a.npy"] - names["recommend", "a.npy"] >= {"zlib 6", "bz2 9", "lzma 1"}
    assert "ratio" in call("recommend", "r.npy")[1]


def test_recommend_of_what_no_error_can_be_bounded_for(call):
    np.save("nan.npy", np.full((9, 2), np.nan))
    status, output, _ = call("recommend", "nan.npy", "--json")
    assert status == 0
    assert {coder["name"] for coder in json.loads(output)["coders"]} == {"lossless fast", "lossless best"}


def test_demo(call):
    status, output, _ = call("demo")
    assert status == 0
    assert "lossless fast" in output
    assert "isi" in output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_examples(call, command):
    status, output, _ = call(command, "--help")
    assert status == 0
    assert re.search(rf"Examples?\s.*(corticodec|model) {command}", output, re.DOTALL)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["compress", "none.npy"], "source none.npy does not exist"),
        (
            ["compress", "a.dat"],
            "a.dat is raw binary: its channels must be given with --channels (and --dtype, unless int16)",
        ),
        (["compress", "a.dat", "--channels", "0"], "channels must be an integer in 1..9223372036854775807, not 0"),
        (["compress", "a.npy", "--preset", "slow"], "preset must be one of fast, best, not 'slow'"),
        (
            ["compress", "r.npy", "--codec", "zip"],
            "name must be one of aer, delta, isi, predictive, streaming, waveform, not 'zip'",
        ),
        (
            ["compress", "a.npy", "--codec", "isi"],
            "codec must be left out: a.npy holds samples, no raster of bytes 0 and 1",
        ),
        (["compress", "r.npy", "--max-error", "2"], "max_error must be left out: r.npy holds spikes"),
        (["compress", "r.npy", "--preset", "best"], "preset must be left out: r.npy holds spikes"),
        (["compress", "a.npy", "--channels", "3"], "channels must be left out: a.npy does not take it"),
        (["bench", "a.npy", "--series", "3"], "series must be left out: a.npy does not take it"),
        (["compress", "a.npy", "--max-error", "1e300"], "max_error must be at most 16383 for integers, not 1e+300"),
        (
            ["compress", "a.dat", "--channels", "99999"],
            "a.dat has 24000 bytes, too few for a step of 99999 channels of int16",
        ),
        (["compress", "a.npy", "-o", "no/a"], "output no/a cannot be written: No such file or directory"),
        (["compress", "a.npy", "-o", "a.npy", "--force"], "output a.npy must not be the source"),
        (["compress", "a.npy", "-o", ".", "--force"], "output must be a file, not the folder ."),
        (["compress", "a.npy", "-o", "/dev/null"], "output must be a file, not the device or pipe /dev/null"),
        (["compress", "a.npy", "-o", "good.ctcz"], "output good.ctcz is there already; --force replaces it"),
        (["decompress", "a.npy"], "a.npy is no compressed recording, or is cut off: File is not a zip file"),
        (["decompress", "none.ctcz"], "cannot read or write none.ctcz: No such file or directory"),
        (["decompress", "good.ctcz", "-o", "a.npy"], "output a.npy is there already; --force replaces it"),
        (["decompress", "good.ctcz", "-o", "a.txt"], "output must end in .npy, .nwb, .bin, .dat, .raw, not 'a.txt'"),
        (
            ["decompress", "good.ctcz", "-o", "b.npy", "--start", "9999"],
            "start must be an integer in 0..2000, not 9999",
        ),
        (
            ["decompress", "good.ctcz", "-o", "b.nwb"],
            "output b.nwb needs the sampling rate, which compress must be told with --fs",
        ),
        (["verify", "good.ctcz", "--against", "r.npy"], "r.npy is not what good.ctcz was made of: its SHA-256 differs"),
        (["verify", "damaged.ctcz"], "damaged.ctcz is damaged in blocks/00000000"),
        (["report", "good.ctcz", "--fs", "3"], "fs must be left out: there is no source"),
        (["report", "good.ctcz", "--step-ms", "3"], "step_ms must be left out: good.ctcz is no stream of packets"),
        (["recommend", "empty.npy"], "empty.npy is empty: there is nothing to measure"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(call, tmp_path, arguments, sentence):
    pytest.importorskip("pynwb")
    SAMPLES.tofile("a.dat")
    np.save("a.npy", SAMPLES)
    np.save("r.npy", SAMPLES > 0)
    np.save("empty.npy", SAMPLES[:0])
    call("compress", "a.npy", "-o", "good.ctcz")
    data = bytearray((tmp_path / "good.ctcz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "damaged.ctcz").write_bytes(data)
    before = sorted(path.name for path in tmp_path.iterdir())
    status, output, error = call(*arguments)
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"error: {sentence}")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_terminals_get_a_bar_with_rate_and_time_left(tmp_path):
    """What a terminal is, a pseudo-terminal is."""
    np.save(tmp_path / "a.npy", np.zeros((500_000, 8), np.int16))
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "model", "compress", str(tmp_path / "a.npy"), "--workers", "1"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    assert process.wait() == 0
    assert re.search(rb"compressing a.npy.*/8.0 MB.*/s.*\d:\d\d:\d\d", shown)


@pytest.mark.parametrize("output", ["b.ctcz", "b.npy", "b.nwb"])
def test_full_disk(call, tmp_path, output):
    """A limit on the size of files stands for it, in a process of its own: whatever else is written would meet it."""
    if output == "b.nwb":
        pytest.importorskip("pynwb", reason="needs the extra nwb")
    np.save("a.npy", np.random.default_rng(1).integers(-9999, 9999, (20_000, 6)).astype(np.int16))
    call("compress", "a.npy", "--fs", "1000")
    before = sorted(path.name for path in tmp_path.iterdir())
    arguments = ["compress", "a.npy"] if output == "b.ctcz" else ["decompress", "a.npy.ctcz"]
    code = f"""
import resource, sys
from model.__main__ import entry
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
sys.argv[1:] = {[*arguments, "-o", output]}
entry()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    sentence = f"error: output {output} cannot be written: File too large\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.fixture
def interruptible():
    """Processes notice SIGINT even if whoever started the tests ignores it, as a shell does in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(tmp_path, number):
    """Nothing is left behind."""
    with (tmp_path / "a.dat").open("wb") as file:
        file.truncate(1 << 33)  # a file without blocks on the disk, of so many zeros that there is time
    command = [sys.executable, "-m", "model", "compress", str(tmp_path / "a.dat"), "--channels", "64"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "80"})
    try:
        deadline = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(list(tmp_path.iterdir())) == 2
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, error) == (130, "")
    assert [path.name for path in tmp_path.iterdir()] == ["a.dat"]
