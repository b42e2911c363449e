"""The page of results: what a row says, and that the page in the project says it still."""

import re

import numpy as np
import pytest

from model import Settings, encode_packets
from sim.figures import FAST, measure, size_of_packets
from sim.loaders import Recording, load
from sim.results import OTHER_PAGES, PAGE, SOURCES, Run, page
from sim.stimulus import Capture, Stimulus

RASTER = (np.random.default_rng(8).random((700, 9)) < 0.05).astype(np.int8)


def run_of(packets) -> Run:
    stimulus = Stimulus(RASTER, Settings(), lanes=8)
    words = np.arange(len(stimulus.words()))
    sent = np.arange(sum(map(len, packets)))
    capture = Capture(packets, words, len(words) + sent, stall_cycles=0, refused_words=0, seconds=1.0)
    figures, _ = measure(Recording("test", RASTER, 1.0), stimulus, capture, FAST, "none")
    return Run(SOURCES[0], figures, size_of_packets(packets, RASTER), 2.0, figures.verdict)


def rows_of(text: str, name: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_row_holds_the_figures():
    packets = encode_packets(RASTER)
    total = sum(map(len, packets))
    recording, size, time = rows_of(page([run_of(packets)]), "neuropixels")
    assert recording[2:6] == ["9", "0.7", "6,300", f"{RASTER.sum()}"]
    # Four packets, the first of which is a keyframe: 16 bytes each and 12 more.
    assert size[1:4] == [f"{total:,}", f"{100 * 76 / total:.0f} %", f"{6300 / (8 * total):.2f}"]
    assert size[4] == f"{8 * total / RASTER.sum():.3f} ({8 * total / 6300:.5f})"
    assert time[1] == "yes"


def test_a_row_names_what_differs():
    packets = encode_packets(RASTER)
    text = page([run_of(packets[:-1])])
    assert "output has 3 packets; the fast path's has 4" in text


@pytest.mark.parametrize("other", OTHER_PAGES, ids=lambda other: other.page)
def test_other_pages_exist_and_are_written_by_a_target(other):
    assert f"`make {other.target}` |" in PAGE.read_text()
    assert (PAGE.parent / other.page).read_text().count(f"`make {other.target}`") >= 1
    assert f"\n{other.target}: " in (PAGE.parents[1] / "Makefile").read_text()


def test_benchmarks_are_all_run_by_one_target():
    makefile = (PAGE.parents[1] / "Makefile").read_text()
    recipe = makefile.split("\nbench: ")[1].split("\n\n")[0]
    targets = set(re.findall(r"^(bench-[a-z]+):", makefile, re.MULTILINE)) | {"results"}
    assert targets <= set(recipe.split())


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_page_in_the_project_is_not_outdated(data_folder, source):
    if not (data_folder / source.path).exists():
        pytest.skip(f"no recording at {data_folder / source.path}")
    raster = load(data_folder / source.path).raster
    recording, size, time = rows_of(PAGE.read_text(), source.name)
    assert recording[2] == f"{raster.shape[1]}"
    assert recording[5] == f"{raster.sum():,}"
    assert size[1] == f"{sum(map(len, encode_packets(raster))):,}"
    assert time[1] == "yes"
