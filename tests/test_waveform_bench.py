"""The benchmark of waveforms measures what it says, and checks it."""

import json

import numpy as np
import pytest

from bench import waveform
from bench.file_coders import HYBRID_BITS, has_wavpack
from bench.waveform import all_coders, measure_coder
from bench.waveform_coders import Coder, own_coder, truncated
from bench.waveform_spikes import Made, made_demo, made_realistic, measure_spikes, scores
from bench.waveform_streams import measure_stream
from bench.waveform_workloads import Workload
from model.codecs.waveform_decode import DecodedSpikes
from model.synth import realistic_waveform

SAMPLES = realistic_waveform(400, 3)[0]
SMALL = Workload("small", lambda: [SAMPLES, SAMPLES[:50, :1]], (2,))


@pytest.mark.parametrize("coder", list(all_coders()), ids=lambda coder: coder.name)
def test_rows_hold_sizes_and_speeds(coder):
    row = measure_coder("small", coder, SMALL.make())
    assert row.raw_bytes == SAMPLES.nbytes + 100
    assert row.compressed_bytes == sum(len(part) for samples in SMALL.make() for part in coder.encode(samples))
    assert row.encode_mb_s > 0
    assert row.decode_mb_s > 0


def test_a_coder_that_loses_samples_is_caught():
    fast = own_coder("fast")
    lossy = Coder("lossy", fast.encode, lambda data, shape: np.zeros(shape, np.int16))
    with pytest.raises(RuntimeError, match="lossy does not give back small"):
        measure_coder("small", lossy, SMALL.make())


@pytest.mark.parametrize("bound", [1, 2, 3, 4, 100])
def test_bits_that_are_cut_off_keep_the_bound(bound):
    errors = truncated(SAMPLES, bound).astype(int) - SAMPLES
    assert 0 < np.abs(errors).max() <= bound


def test_spikes_are_scored_by_channel_and_time():
    made = Made(SAMPLES, np.array([100, 200, 300]), np.array([0, 1, 1]), np.array([True, True, False]))
    found = DecodedSpikes(np.array([105, 195, 390, 300]), np.array([0, 0, 1, 1]), None, [])
    assert scores(found, made) == (0.5, 0.5)


def test_rows_of_spikes_hold_what_was_reached():
    for made, least_ratio in ((made_realistic(8000, 16), 55), (made_demo(8000, 16), 24)):
        row = measure_spikes("small", made, "full")
        assert row.ratio > least_ratio
        assert min(row.true_recall, row.true_precision) > 0.75
        assert row.times_share + row.snippets_share + row.background_share < 1
        assert row.encode_million_s > 0


def test_the_command_writes_page_figures_and_plot(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(waveform, "workloads", lambda quick: iter([SMALL]))
    few_spikes = lambda quick: iter([("few", lambda: made_realistic(4000, 8), ("full", "spike"))])  # noqa: E731
    monkeypatch.setattr(waveform, "spike_workloads", few_spikes)
    monkeypatch.setattr(waveform, "stream_rows", lambda quick: iter([measure_stream("lossless, fast", 4, 5000, 4000)]))
    monkeypatch.setattr(waveform, "PAGE", tmp_path / "waveforms.md")
    waveform.main(quick=False)
    figures = json.loads((tmp_path / "waveforms.json").read_text())
    assert {row["coder"] for row in figures["rows"]} == {coder.name for coder in all_coders()}
    assert [(row["coder"], row["bound"]) for row in figures["bounded"]] == [
        ("corticodec bounded", 2),
        ("bits cut off", 2),
        *(("WavPack hybrid", None) for _ in (HYBRID_BITS if has_wavpack() else ())),
    ]
    assert figures["streams"][0]["raw_mb"] == 0.04
    page = (tmp_path / "waveforms.md").read_text()
    assert "| small | corticodec bounded | 2 |" in page
    assert "| few | full |" in page
    assert "| few | spike |" in page
    assert "| 4 | lossless, fast | 0 |" in page
    assert [row["mode"] for row in figures["spikes"]] == ["full", "spike"]
    assert "![Ratio over error](waveforms.png)" in page
    assert (tmp_path / "waveforms.png").stat().st_size > 1000
    assert "corticodec best" in capsys.readouterr().out
