"""Archives on Dask: what is stored, resumed after a cut, and survives a worker that is killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

distributed = pytest.importorskip("distributed", reason="needs the extra archive, which make test-zarr installs")
zarr = pytest.importorskip("zarr", minversion="3.1", reason="needs zarr 3.1 or newer, which make test-zarr installs")

from model.errors import CodecError  # noqa: E402
from model.files.hints import Hints  # noqa: E402
from model.formats.chunk import WaveformCoder  # noqa: E402
from model.integrations.archive import archive, plan, store_shard, verify_archive  # noqa: E402

SAMPLES = np.random.default_rng(9).integers(-20, 21, (20_000, 8)).cumsum(0).astype(np.int16)
HINTS = Hints(channels=8, sampling_hz=1000.0, gain_microvolts=0.5, offset=3)


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "one.dat"
    path.write_bytes(b"abc" + SAMPLES.tobytes())
    return path


def planned(path, coder=None, shard_bytes=32_000):
    """Plan ten shards of two chunks each."""
    return plan(path, HINTS, coder or WaveformCoder(), 1.0, shard_bytes)


def nothing(_):
    pass


def test_archive(client, source, tmp_path):
    other = tmp_path / "raster.npy"
    np.save(other, SAMPLES[:, :3] > 30)
    plans = [planned(source), planned(other)]
    done = []
    manifest = archive(plans, tmp_path / "out.zarr", client, done.append)
    assert sum(done) == SAMPLES.nbytes + SAMPLES[:, :3].size
    assert [recording["plan"]["coder"] for recording in manifest["recordings"]] == [
        "corticodec_waveform",
        "corticodec_spikes",
    ]
    assert json.loads((tmp_path / "out.zarr" / "manifest.json").read_text()) == json.loads(json.dumps(manifest))
    assert len(manifest["recordings"][0]["shards"]) == 10
    root = zarr.open_group(tmp_path / "out.zarr", mode="r")
    found = root["one/samples"]
    np.testing.assert_array_equal(found[:], SAMPLES)
    np.testing.assert_array_equal(found[3999:4002, 5], SAMPLES[3999:4002, 5])
    np.testing.assert_array_equal(root["raster/samples"][:], np.load(other))
    assert (found.attrs["sampling_hz"], found.attrs["gain_microvolts"]) == (1000, [0.5] * 8)
    assert bytes(root["one/head"][:]) == b"abc"
    assert manifest["recordings"][0]["ratio"] > 2
    verify_archive(tmp_path / "out.zarr", nothing)


def test_bounded(client, source, tmp_path):
    archive([planned(source, WaveformCoder("bounded", max_error=2))], tmp_path / "out.zarr", client, nothing)
    error = np.abs(zarr.open_array(tmp_path / "out.zarr" / "one" / "samples")[:].astype(int) - SAMPLES)
    assert 0 < error.max() <= 2


def test_killed_worker(source, tmp_path):
    """One of two workers is killed as soon as something is written; its work is done again."""
    out = tmp_path / "out.zarr"
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = list(client.run(os.getpid).values())

        def kill():
            while not list(out.glob("one/samples/c/*/0")):
                time.sleep(0.001)
            os.kill(pids[0], signal.SIGKILL)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        # A large recording in 100 shards: there is work left when the worker dies.
        source.write_bytes(b"abc" + np.tile(SAMPLES, (5, 1)).tobytes())
        done = []

        def advance(count):
            done.append(count)
            if len(done) == 20:
                killer.join()

        archive([planned(source, shard_bytes=16_000)], out, client, advance)
        assert len(done) == 100
        assert pids[0] not in client.run(os.getpid).values()
    np.testing.assert_array_equal(zarr.open_array(out / "one" / "samples")[:], np.tile(SAMPLES, (5, 1)))
    verify_archive(out, nothing)


def test_resumed(client, source, tmp_path):
    """What is done stays; what was lost or damaged since is done again; a line that was cut off is no harm."""
    out = tmp_path / "out.zarr"

    class Cut(Exception):
        pass

    done = []

    def cut_off(count):
        done.append(count)
        if len(done) == 6:
            raise Cut

    with pytest.raises(Cut):
        archive([planned(source)], out, client, cut_off)
    journal = (out / "journal.jsonl").read_text().splitlines()
    stored = [json.loads(line)["index"] for line in journal[1:]]
    assert len(stored) == 6
    with (out / "journal.jsonl").open("a") as file:
        file.write('{"name": "o')
    time.sleep(1)  # for shards that were under way
    (out / "one" / "samples" / "c" / str(stored[0]) / "0").unlink()
    damage(out / "one" / "samples" / "c" / str(stored[1]) / "0")
    kept = out / "one" / "samples" / "c" / str(stored[2]) / "0"
    before = kept.stat().st_mtime_ns
    archive([planned(source)], out, client, nothing)
    assert kept.stat().st_mtime_ns == before
    assert not (out / "journal.jsonl").exists()
    np.testing.assert_array_equal(zarr.open_array(out / "one" / "samples")[:], SAMPLES)
    verify_archive(out, nothing)


def test_other_options_do_not_resume(client, source, tmp_path):
    out = tmp_path / "out.zarr"

    def cut_off(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive([planned(source)], out, client, cut_off)
    with pytest.raises(ValueError, match="was begun with other sources or options"):
        archive([planned(source, WaveformCoder(preset="best"))], out, client, nothing)


def test_folders_with_something_else(client, source, tmp_path):
    with pytest.raises(ValueError, match="must be a new folder, an empty one"):
        archive([planned(source)], tmp_path, client, nothing)
    with pytest.raises(ValueError, match="several are called one"):
        archive([planned(source), planned(source)], tmp_path / "out.zarr", client, nothing)


def test_damage_is_found(client, source, tmp_path):
    out = tmp_path / "out.zarr"
    archive([planned(source)], out, client, nothing)
    damage(out / "one" / "samples" / "c" / "4" / "0")
    with pytest.raises(CodecError, match="shard 4 of one differs"):
        verify_archive(out, nothing)
    with pytest.raises(CodecError, match="is no archive, or was not finished"):
        verify_archive(tmp_path, nothing)


def test_what_is_read_back_is_compared(client, source, tmp_path, monkeypatch):
    """A store that loses a bit."""
    from model.integrations import archive as module

    archive([planned(source)], tmp_path / "out.zarr", client, nothing)
    monkeypatch.setattr(module, "_pieces", lambda *_: iter([(0, SAMPLES[:1000] ^ 1)]))
    with pytest.raises(CodecError, match="other samples were read back"):
        store_shard(replace(planned(source)), tmp_path / "out.zarr", 0, None)


def test_command(call, source, tmp_path):
    command = [sys.executable, "-m", "model", "archive", source, tmp_path / "out.zarr"]
    options = ["--channels", "8", "--fs", "1000", "--offset", "3", "--workers", "1", "--json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    facts = json.loads(done.stdout)
    assert (facts["recordings"], facts["source_bytes"]) == (1, SAMPLES.nbytes)
    assert "Dashboard: http://" in done.stderr
    status, output, _ = call("verify", "out.zarr")
    assert status == 0
    assert "verified" in output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--max-error", "2"], "max_error must be left out: {0}/raster.npy holds spikes"),
        (["--preset", "fast"], "preset must be left out: {0}/raster.npy holds spikes"),
        (["--channels", "8"], "channels must be left out: raster.npy does not take it"),
        (["--scheduler", "tcp://127.0.0.1:1", "--workers", "2"], "workers must be left out: the scheduler has its own"),
        (["--chunk-seconds", "0"], "chunk_seconds must be a number above 0, not 0.0"),
    ],
)
def test_options_of_no_use(call, tmp_path, options, sentence):
    np.save("raster.npy", SAMPLES > 30)
    status, output, error = call("archive", "raster.npy", "out.zarr", *options)
    assert (status, output, error) == (2, "", f"error: {sentence.format(tmp_path)}\n")
    assert not (tmp_path / "out.zarr").exists()


def damage(path):
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    path.write_bytes(data)
