"""What README.md says to type works."""

import json
import math
import re
from pathlib import Path

import pytest

from synth.devices import DEVICES
from synth.results import DOCS, load, of_target
from synth.sizing import Recording, size

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_python_runs(capsys):
    """All fragments, one after another: later ones go on with what earlier ones made."""
    names = {}
    for code in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(code, names)
    summary, link, worst, received, ratio = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"isi: 2000 x 64 bins, \d+ spikes, \d+ bytes, ratio 1\d\.\d+, .*", summary)
    assert re.fullmatch(r"\d+\.\d kbit/s, \d+ bytes in a packet at most here", link)
    assert re.fullmatch(r"\d+ bytes at most, whatever the spikes", worst)
    assert received == "1200 steps, 800 missing"
    assert re.fullmatch(r"ratio 3\.\d\d without loss", ratio)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE))))
def test_targets_exist(target):
    assert re.search(rf"^{''.join(target)}: ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("page", re.findall(r"\]\((docs/[a-z-]+\.md)\)", README))
def test_pages_exist(page):
    assert (ROOT / page).is_file()


def test_results_are_those_measured():
    """README's figures against the JSON of the benchmarks."""
    waveforms, stores, spikes = (
        json.loads((ROOT / "docs" / f"{name}.json").read_text())
        for name in ("waveforms", "stores", "spike-codecs-results")
    )
    n1 = {
        row["coder"]: row["raw_bytes"] / row["compressed_bytes"]
        for row in waveforms["rows"]
        if row["workload"] == "Neuralink N1, 10-bit codes"
    }
    saved = {row["compressor"]: row["ratio"] for row in stores["rows"]}
    (probe,) = (one for one in spikes["outcomes"] if (one["group"], one["name"]) == ("neuropixels", "1 ms"))
    # By name alone, without the layout that a general coder did best with; the smallest comes last, and counts.
    by_size = sorted(probe["rows"], key=lambda row: -row["bytes"])
    bits = {
        kind: {row["coder"].split(",")[0]: 8 * row["bytes"] / probe["spikes"] for row in by_size if row["kind"] == kind}
        for kind in ("corticodec", "general")
    }
    rows = [
        (own_best(n1, max), best_other(n1, max), ".3f"),
        (own_best(saved, max), best_other(saved, max), ".3f"),
        (min(bits["corticodec"].values()), best_other(bits["general"], min), ".2f"),
    ]
    found = re.findall(r"^\| .* \| ([\d.]+) \| ([\d.]+), (.*) \|$", README.split("## Results")[1], re.MULTILINE)
    assert found == [(f"{own:{form}}", f"{other:{form}}", name) for own, (other, name), form in rows]


def test_sizes_of_the_hardware_are_those_measured():
    """README's table against `make synth`'s."""
    encoder = {row["device"]: row for row in of_target(load(DOCS)) if row["design"] == "encoder"}
    lines = []
    for name, device in DEVICES.items():
        luts, speed = encoder[name]["lut4"], encoder[name]["speed"]
        assert len(speed["seeds"]) == 5
        clock = f"{speed['median']} ({speed['lowest']} to {speed['highest']})"
        lines.append(f"| {device.name} | {luts:,} LUT4 of {device.luts:,} | {clock} |")
    lines.append(f"| gates | {encoder['nand2']['nand2']:,} NAND2 equivalents | |")
    table = README.split("| encoder, 1,024 channels, 8 lanes |")[1].split("\n\n")[0]
    assert table.splitlines()[2:] == lines


def test_the_clock_that_is_needed_is_the_calculator_s():
    clock_hz = size(Recording(1024, steps_hz=20_000, spikes_hz=5)).clock_hz
    assert f"At 20,000 steps and 5 spikes a channel a second, it needs {math.ceil(clock_hz / 1e4) / 100} MHz" in README


def own_best(figures, best):
    return best(figure for name, figure in figures.items() if name.startswith("corticodec"))


def best_other(figures, best):
    return best((figure, name) for name, figure in figures.items() if not name.startswith("corticodec"))
