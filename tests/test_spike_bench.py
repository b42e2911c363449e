"""The benchmark of the spike codecs measures what it says, and shows what it measured."""

import json
import random

import numpy as np
import pytest
from rich.console import Console

from bench import coders, measure, spike_page, spikes
from bench.coders import CODECS, GENERAL, LAYOUTS, OURS, REFERENCE, Coder, Compressor, best_coder
from bench.spike_figures import Figures, Outcome, Row, from_json
from bench.spike_limits import FirstResult, Latency, Limits, Scaling, latencies, scaling
from bench.spikes import limit_tables, measure_coder, table_of
from bench.workloads import TABLE_PERCENT, Workload, all_workloads, bci_raster, bursts_raster, probe_raster
from model import get_codec
from model.synth import bernoulli_raster

RASTER = bernoulli_raster(0.1, 200, 16)
BY_TITLE = {workload.title: workload for workload in all_workloads()}


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch):
    monkeypatch.setattr(measure, "REPEAT_S", 0)


def row(coder: str, kind: str, size: int) -> Row:
    return Row(coder, kind, size, 100.0, 200.0, 1000, 2000)


def figures() -> Figures:
    rows = (*(row(name, OURS, 100 + at) for at, name in enumerate(CODECS)), row("zstd-3, bits", GENERAL, 90))
    outcomes = (
        Outcome("bernoulli", "1 %", 200, 16, 320, 640.0, (*rows, row("isi", REFERENCE, 300))),
        Outcome("bursts", "", 100, 10, 50, 400.0, rows),
        Outcome("retina", "1 ms", 1000, 10, 50, 800.0, rows),
    )
    names = tuple(CODECS)
    limits = Limits(
        tuple(Scaling(name, (200, 2000, 20_000, 200_000), (123.4,) * 4, (8.0, 2.0, 1.0, 99.0)) for name in names),
        tuple(FirstResult(name, 5.0, 0.5) for name in names),
        (Latency("pack", "wall", 100, 0.01, 0.02, 0.5),),
    )
    return Figures("a machine", outcomes, limits)


# Workloads


def test_the_published_table_is_drawn_from_one_generator():
    random_state = np.random.RandomState(42)
    for percent in TABLE_PERCENT:
        expected = (random_state.random_sample((2000, 64)) < percent / 100).astype(np.int8)
        np.testing.assert_array_equal(BY_TITLE[f"table, {percent:g} %"].make(), expected)


@pytest.mark.parametrize(
    ("make", "shape", "spikes"),
    [(bursts_raster, (2000, 32), 6400), (bci_raster, (20_000, 1024), 2254), (probe_raster, (10_000, 384), 94_523)],
)
def test_made_rasters_are_the_same_for_everyone(make, shape, spikes):
    raster = make()
    assert (raster.shape, raster.dtype, raster.sum()) == (shape, np.int8, spikes)


@pytest.mark.parametrize(("name", "spikes"), [("10 units, 1-5 Hz", 68), ("50 units, 0.5-3 Hz", 193)])
def test_physiological_trains_are_the_published_ones(name, spikes):
    pytest.importorskip("spikeinterface", reason="SpikeInterface is not installed: make bench-spikes installs it")
    assert BY_TITLE[f"physiological, {name}"].make().sum() == spikes


# Measuring


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_layouts_come_back(layout):
    np.testing.assert_array_equal(layout.unpack(layout.pack(RASTER), RASTER.shape), RASTER)


def test_the_best_layout_is_chosen():
    rng = random.Random(1)
    for wanted in LAYOUTS:
        sizes = {layout.pack(RASTER): 2 + rng.randrange(9) for layout in LAYOUTS} | {wanted.pack(RASTER): 1}
        compressor = Compressor("made up", lambda data, sizes=sizes: bytes(sizes[data]), lambda data: data)
        assert best_coder(compressor, RASTER).name == f"made up, {wanted.name}"


def test_general_coders_come_back():
    for library in ("blosc2", "brotli"):
        pytest.importorskip(library, reason=f"{library} is not installed: make bench-spikes installs it")
    measured = [measure_coder(coder, RASTER) for coder in coders.general_coders(RASTER)]
    names = [row.coder.partition(",")[0] for row in measured]
    assert names == ["zstd-3", "zlib-9", "bz2-9", "lzma-6", "zstd-19", "brotli-11", "blosc2-zstd-9"]


def test_rows_of_own_codecs_hold_sizes_speeds_and_memory():
    for coder in map(coders.own_coder, ("isi", "aer")):
        measured = measure_coder(coder, RASTER)
        assert measured.bytes == get_codec(coder.name).compress(RASTER)[1].compressed_bytes
        assert measured.encode_mbit_s > 0
        assert measured.decode_mbit_s > 0


def test_a_codec_that_loses_spikes_is_caught():
    lossy = Coder("lossy", OURS, lambda raster: b"", lambda data, shape: np.zeros(shape, dtype=np.int8))
    with pytest.raises(RuntimeError, match="lossy does not give back its raster"):
        measure_coder(lossy, RASTER)


def test_memory_is_that_of_the_largest_moment():
    before = measure.start_peak()
    if before is None:
        pytest.skip("this system does not tell the peak of a process's memory")
    measured = measure.measure(lambda: np.ones(1 << 23, dtype=np.int8).sum())
    assert 1 << 23 <= measured.peak_bytes < 1 << 25
    assert measure.measure(lambda: 1).peak_bytes < 1 << 22


def test_scaling_and_frames():
    assert len(scaling(coders.own_coder("isi"), (10, 20)).encode_ns) == 2
    measured = latencies(5)
    assert [(one.what, one.clock, one.frames) for one in measured] == [
        ("pack", "wall", 5),
        ("pack", "processor", 5),
        ("unpack", "wall", 5),
        ("unpack", "processor", 5),
    ]
    assert all(one.median_ms <= one.p99_9_ms <= one.worst_ms for one in measured)


# What is shown


def shown(table) -> str:
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(table)
    return console.export_text()


def test_tables_fit_100_columns():
    made = figures()
    for table in (*map(table_of, made.outcomes), *limit_tables(made.limits)):
        text = shown(table)
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= 100


def test_a_table_holds_the_figures():
    text = shown(table_of(figures().outcomes[0]))
    assert "bernoulli, 1 %: 200 x 16 bins, 320 spikes, bound 5.00" in text
    isi = next(line for line in text.splitlines() if line.startswith("│ isi "))
    assert [cell.strip() for cell in isi.strip("│").split("│")][1:] == ["4.00", "+25.0 %", "2.50", "100", "200", "0.0"]
    assert "published isi" in text


def test_figures_survive_json():
    assert from_json(figures().to_json()) == figures()


def test_the_page_holds_the_figures():
    text = spike_page.page(figures())
    (bernoulli,) = (line for line in text.splitlines() if line.startswith("| bernoulli, 1 % |"))
    assert [cell.strip() for cell in bernoulli.strip("|").split("|")] == [
        "bernoulli, 1 %", "200 x 16", "320", "5.00",
        "**4.00**", *(f"{400 / (100 + at):.2f}" for at in range(1, len(CODECS))),
        "+25.00 %", "4.44 zstd-3, bits", "1.33 isi",
    ]  # fmt: skip
    assert any(line.startswith("| retina, 1 ms |") and "**16.00**" in line for line in text.splitlines())
    assert "| isi | 123.40 / 8.00 | 123.40 / 2.00 |" in text


def test_the_command_writes_its_figures(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(spikes, "all_workloads", lambda: iter([Workload("bursts", "", lambda: RASTER)]))
    for name in ("general_coders", "published_coders"):
        monkeypatch.setattr(spikes, name, lambda _: ())
    monkeypatch.setattr(spikes, "own_coders", lambda: [coders.own_coder("aer")])
    spikes.main(only=["bursts"], limits=False, output=tmp_path / "bench" / "spikes.json")
    (outcome,) = json.loads((tmp_path / "bench" / "spikes.json").read_text())["outcomes"]
    assert [row["coder"] for row in outcome["rows"]] == ["aer"]
    assert "bursts: 200 x 16 bins" in capsys.readouterr().out


def test_an_unknown_group_is_named():
    with pytest.raises(Exception, match=r"--only must be one of .*bursts.*, not nothing"):
        spikes.main(only=["nothing"])


def test_publishing_writes_page_figures_and_plot(monkeypatch, tmp_path):
    for name, suffix in (("PAGE", ".md"), ("JSON", ".json"), ("PLOT", ".png")):
        monkeypatch.setattr(spike_page, name, tmp_path / f"page{suffix}")
    assert [path.name for path in spike_page.publish(figures())] == ["page.json", "page.png", "page.md"]
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
