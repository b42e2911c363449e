"""The benchmark measures what it says, and checks it."""

import json

import numpy as np
import pytest

from bench import encode, receive
from bench.encode import CODECS, FAST, Codec, Workload, measure
from model import Settings, encode_packets, frame_packets
from model.synth import bernoulli_raster

SMALL = Workload("small", bernoulli_raster(0.1, 100, 16), Settings())


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch):
    monkeypatch.setattr(encode, "REPEAT_S", 0)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_rows_hold_sizes_and_speeds(codec):
    row = measure(codec, SMALL)
    assert row.bits_per_bin == 8 * len(codec.encode(SMALL)) / SMALL.raster.size
    assert row.over_shannon_percent > 0
    assert row.encode_mbin_s > 0
    assert row.decode_mbin_s > 0


def test_a_codec_that_loses_spikes_is_caught():
    lossy = Codec("lossy", FAST.encode, lambda data, workload: np.zeros_like(workload.raster))
    with pytest.raises(RuntimeError, match="lossy does not give back small"):
        measure(lossy, SMALL)


def test_the_command_writes_its_figures(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(encode, "workloads", lambda: iter([SMALL]))
    monkeypatch.setattr(encode, "first_call_s", lambda: {"kernels compiled": 1.0})
    encode.main(tmp_path / "bench" / "encode.json")
    figures = json.loads((tmp_path / "bench" / "encode.json").read_text())
    assert [row["codec"] for row in figures["rows"]] == [codec.name for codec in CODECS]
    assert "zstd-19" in capsys.readouterr().out


@pytest.mark.parametrize("framing", ["serial", "datagram"])
def test_a_receiver_is_timed_by_both_clocks(framing):
    raster = bernoulli_raster(0.05, 60, 16)
    packets = encode_packets(raster, Settings(epoch_steps=20))
    pieces = packets if framing == "datagram" else [frame_packets([packet]) for packet in packets]
    rows = receive.measure(framing, True, pieces, raster)
    assert [(row.framing, row.clock, row.epochs) for row in rows] == [(framing, clock, 3) for clock in receive.CLOCKS]
    assert all(row.times_real_time > 0 for row in rows)


def test_a_receiver_that_loses_or_changes_spikes_is_caught():
    raster = bernoulli_raster(0.05, 60, 16)
    packets = encode_packets(raster, Settings(epoch_steps=20))
    with pytest.raises(RuntimeError, match="datagram: 40 steps are decoded, not 60"):
        receive.measure("datagram", True, packets[:2], raster)
    with pytest.raises(RuntimeError, match="datagram: what is decoded is not the raster"):
        receive.measure("datagram", True, packets, 1 - raster)
