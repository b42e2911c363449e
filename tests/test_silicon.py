"""Area and speed: what `make synth` is made of."""

import gc
import json
import os
import re
import shutil
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from rich.console import Console
from typer.testing import CliRunner

from synth.__main__ import CHANNELS, SWEEP, _cases, _row, app
from synth.__main__ import LANES as LANES_OF_ALL
from synth.designs import DESIGNS, WHOLE, rtlil
from synth.devices import APART, DEVICES, TOGETHER, _cells, _map, area, block, fmax, timing
from synth.digest import digest
from synth.gates import LIBRARY, MAPPING, SCRIPT, gates
from synth.page import UNDERSTOOD, _clock, _target, write
from synth.results import DOCS, add, key, load, of_target
from synth.table import print_table
from synth.tools import READ, ROOT, made, run_tool

LANES = 8


@pytest.fixture(autouse=True)
def cache(monkeypatch):
    """An empty cache: what an earlier run left would hide what is broken since. The tools see no folder of /tmp."""
    (ROOT / "build").mkdir(exist_ok=True)
    with TemporaryDirectory(dir=ROOT / "build") as folder:
        monkeypatch.setattr("synth.tools.CACHE", Path(folder))
        monkeypatch.setattr("synth.results.CACHE", Path(folder))
        yield Path(folder)


def test_a_gate_is_counted_as_one():
    assert area("xor_array", LANES, LANES, "up5k")["lut4"] == LANES
    xors = gates("xor_array", LANES, LANES)
    assert xors == {"nand2": round(2.33 * LANES), "flip_flops": 0, "memory_bits": 0}


EQUIVALENT = (
    f"{READ}hierarchy -top top; proc; flatten; opt_clean; rename top gold; design -stash gold; {{mapping}}; "
    "read_liberty nand2.lib; flatten; rename top gate; design -stash gate; design -copy-from gold gold; "
    "design -copy-from gate gate; equiv_make gold gate equiv; hierarchy -top equiv; flatten; opt_clean; "
    "equiv_simple -undef; equiv_induct -undef; equiv_status -assert"
)


@pytest.mark.parametrize("name", ["lfsr (a lane)", "comparator (a lane)", "rice_debt"])
def test_gates_do_what_the_design_does(name, cache):
    assert SCRIPT.startswith(f"{MAPPING}; ")
    files = {"top.il": rtlil(name, 32, LANES), "script.ys": EQUIVALENT.format(mapping=MAPPING)}
    for file, text in (files | {LIBRARY.name: LIBRARY.read_text()}).items():
        (cache / file).write_text(text)
    run_tool("yosys", ["-q", "-s", "script.ys"], cache)


def test_registers_and_memories_are_counted():
    assert gates("rice_debt", LANES, LANES)["flip_flops"] == area("rice_debt", LANES, LANES, "up5k")["flip_flops"] == 13
    words = gates("predictor", 32, LANES)
    assert words["memory_bits"] == 32 * 40


ECP5_CELLS = {"LUT4": 5, "CCU2C": 2, "TRELLIS_DPR16X4": 1, "TRELLIS_FF": 7, "DP16KD": 3, "MULT18X18D": 2, "PFUMX": 9}
ICE40_CELLS = {"SB_LUT4": 5, "SB_CARRY": 2, "SB_DFFESR": 4, "SB_DFF": 3, "SB_RAM40_4K": 3, "SB_MAC16": 2}


@pytest.mark.parametrize(("device", "cells", "lut4"), [("ecp5", ECP5_CELLS, 5 + 4 + 4), ("up5k", ICE40_CELLS, 5)])
def test_cells_of_each_kind_are_counted(placed, device, cells, lut4):
    placed[1].cells = cells
    assert area("framer", LANES, LANES, device) == {"lut4": lut4, "flip_flops": 7, "block_rams": 3, "multipliers": 2}


def test_products_take_multiplier_blocks_where_there_are_some():
    cells = area("rate_updater (a lane)", LANES, LANES, "up5k")
    assert cells["multipliers"] == 1
    assert cells["lut4"] < 60


def test_state_is_in_memories():
    sizes = [gates("predictor", channels, 1) for channels in (16, 64)]
    assert [one["memory_bits"] for one in sizes] == [16 * 40, 64 * 40]
    assert sizes[0]["flip_flops"] < 16 * 40


def test_netlists_repeat():
    code = "from synth.designs import rtlil; print(rtlil('isi_encoder', 32, 8))"
    texts = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert texts[0] == texts[1]
    assert str(ROOT) not in texts[0]


@pytest.mark.parametrize("name", DESIGNS)
def test_every_block_is_made_with_pins(name):
    top = rtlil(name, 32, 8, pins=True).split("\nmodule \\top\n")[1].split("\nend\n")[0]
    ports = re.findall(r"^  wire .*put \d+ +(\S+)$", top, re.MULTILINE)
    assert set(ports) == {"\\serial", "\\load", "\\parity", "\\clk", "\\rst"}


def test_pins_leave_a_design_whole():
    # The debt is always small where what is learnt from is told to restart in the next cycle.
    synthesis, ports = DEVICES["up5k"].synthesis, 2 * (4 + 7 + 1 + 1) + 2 * 4
    alone, between = (_cells(rtlil("rice_debt", 32, 8, pins=pins), synthesis) for pins in (False, True))
    assert between["flip_flops"] == alone["flip_flops"] + ports
    assert alone["lut4"] <= between["lut4"] <= alone["lut4"] + 3


def test_timing_names_the_blocks():
    steps = [
        ("clk-to-q", "design.encoder.gap_counter.held_Q", 0.5),
        ("routing", "design.encoder.isi_encoder.x_LUT", 1.0),
        ("logic", "$nextpnr_CCU2C_1$CCU2_COMB0", 0.05),
        ("setup", "design.encoder.scheduler.place_D", 0.25),
    ]
    path = [{"type": kind, "delay": delay, "from": {"cell": cell}, "to": {"cell": cell}} for kind, cell, delay in steps]
    report = {
        "fmax": {"clk": {"achieved": 57.14}},
        "critical_paths": [
            {"from": "<async>", "to": "posedge clk", "path": path[2:]},
            {"from": "posedge clk", "to": "posedge clk", "path": path},
        ],
        "utilization": {"ICESTORM_LC": {"used": 3, "available": 5280}, "ICESTORM_PLL": {"used": 0, "available": 1}},
    }
    encoder = "top.design.encoder"
    told = timing(report, {"top", *(f"{encoder}.{name}" for name in ("gap_counter", "isi_encoder", "scheduler"))})
    assert (told["from"], told["to"]) == ("gap_counter", "scheduler")
    assert told["through"] == ["gap_counter", "isi_encoder", "scheduler"]
    assert (told["logic_ns"], told["routing_ns"], told["utilization"]) == (0.8, 1.0, {"ICESTORM_LC": 3})


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("shifted_DFF", "top"),
        ("design.place_DFF", "design"),
        ("design.isi_encoder.coder.held.gap_LUT", "coder"),
        ("design.isi_encoder.crc$34.crc_DFF", "crc"),
        ("design.isi_encoder.seeds.0.1", "isi_encoder memory"),
        ("design.isi_encoder.bits_4", "isi_encoder"),
    ],
)
def test_cells_belong_to_the_innermost_block(cell, name):
    modules = ["top", "top.design", *(f"top.design.isi_encoder{end}" for end in ("", ".coder", ".crc$34"))]
    assert block(cell, modules) == name


@pytest.fixture
def placed(monkeypatch):
    """Tools that are quick: the list of those that ran; `place` tells what nextpnr does."""
    ran = []

    def run(tool, arguments, folder):
        ran.append((tool, arguments))
        if tool == "yosys":
            (folder / "made.json").write_text("{}")
            (folder / "stat.json").write_text(json.dumps({"design": {"num_cells_by_type": run.cells}}))
        else:
            path = [{"type": "clk-to-q", "delay": 1, "from": {"cell": "a.b"}, "to": {"cell": "a.b"}}]
            report = {
                "fmax": {"clk": {"achieved": 20.0 + int(arguments[arguments.index("--seed") + 1])}},
                "critical_paths": [{"from": "posedge clk", "to": "posedge clk", "path": path}],
                "utilization": {},
            }
            run.place(folder / arguments[arguments.index("--report") + 1], json.dumps(report))

    run.place, run.cells = lambda file, report: file.write_text(report), {}
    monkeypatch.setattr("synth.devices.run_tool", run)
    monkeypatch.setattr("synth.tools.run_tool", run)
    return ran, run


def test_seeds_share_a_netlist(placed):
    ran, _ = placed
    told = fmax("xor_array", LANES, LANES, "hx8k", (1, 2, 3))
    assert (told["lowest"], told["median"], told["highest"]) == (21, 22, 23)
    assert told["path"]["megahertz"] == 22
    assert [tool for tool, _ in ran] == ["yosys", "yosys", *["nextpnr-ice40"] * 3]  # one counts the products
    assert fmax("xor_array", LANES, LANES, "hx8k", (1, 2, 3)) == told
    assert len(ran) == 5


@pytest.mark.parametrize(
    ("device", "tool", "options", "synthesis"),
    [
        ("up5k", "nextpnr-ice40", "--up5k --package sg48 --pcf-allow-unconstrained --freq 24", "-dsp -dff"),
        ("hx8k", "nextpnr-ice40", "--hx8k --package ct256 --pcf-allow-unconstrained --freq 48", "synth_ice40 -top"),
        (
            "ecp5",
            "nextpnr-ecp5",
            "--25k --package CABGA381 --lpf-allow-unconstrained --tmg-ripup --freq 100",
            "abc9 -W 600",
        ),
    ],
)
def test_each_device_is_placed_as_the_page_tells(placed, cache, device, tool, options, synthesis):
    fmax("xor_array", LANES, LANES, device, (1,))
    ran, arguments = placed[0][-1]
    assert (ran, " ".join(arguments).endswith(options)) == (tool, True)
    assert all(synthesis in script.read_text() for script in cache.rglob("script.ys"))


def test_what_is_too_large_for_abc_is_mapped_in_parts(monkeypatch, cache):
    scripts = []

    def run(tool, arguments, folder):
        scripts.append(arguments[-1])
        if "keep_hierarchy" not in scripts[-1]:
            raise RuntimeError("abc failed")

    monkeypatch.setattr("synth.devices.run_tool", run)
    (cache / "script.ys").write_text(f"{READ}synth_ice40 -top top -json made.json")
    _map(cache)
    assert scripts[1] == f"{READ}{APART}synth_ice40 -top top; {TOGETHER}"


def test_parts_are_put_together(cache):
    (cache / "top.il").write_text(rtlil("comparator (a lane)", LANES, LANES, pins=True))
    (cache / "script.ys").write_text(f"{READ}{APART}synth_ice40 -top top; {TOGETHER}")
    run_tool("yosys", ["-q", "-s", "script.ys"], cache)
    modules = json.loads((cache / "made.json").read_text())["modules"]
    (top,) = (one for one in modules.values() if "top" in one["attributes"])
    assert {"SB_LUT4", "SB_DFF"} <= {cell["type"] for cell in top["cells"].values()}
    assert not [cell for cell in top["cells"].values() if cell["type"].startswith("top.")]


@pytest.mark.parametrize(("products", "patient"), [(28, True), (29, False)])
def test_the_largest_designs_are_routed_once(placed, products, patient):
    placed[1].cells = {"MULT18X18D": products}
    fmax("xor_array", LANES, LANES, "ecp5", (1,))
    assert ("--tmg-ripup" in placed[0][-1][1]) == patient


def test_designs_are_placed_where_there_are_seeds(placed, monkeypatch):
    monkeypatch.setattr("synth.__main__.gates", lambda *design: {"nand2": 9})
    for name in ("xor_array", "encoder"):
        rows = [_row(name, 128, LANES, device, seeds, {}) for device, seeds in (("up5k", ()), ("up5k", (1,)))]
        assert ["speed" in row for row in rows] == [False, True]
    gates_row = _row("xor_array", 4, 4, "nand2", (1,), {})
    assert "speed" not in gates_row
    assert gates_row["command"].endswith("--device nand2")


@pytest.mark.parametrize(
    "message", ["Unable to place cell 'x', no BELs remaining to implement it", "Failed to expand region (0, 0) of 8383"]
)
def test_a_device_may_be_too_small(placed, message):
    def fail(message):
        raise RuntimeError(message)

    placed[1].place = lambda file, report: fail(f"ERROR: {message}")
    assert fmax("xor_array", LANES, LANES, "hx8k", (1, 2)) is None
    assert _clock({"speed": None}) == "no room"
    placed[1].place = lambda file, report: fail("ERROR: something else")
    with pytest.raises(RuntimeError, match="something else"):
        fmax("xor_array", LANES, LANES, "up5k", (1,))


@pytest.mark.parametrize("cells", [{"SB_LUT4": 7681}, {"SB_RAM40_4K": 33}])
def test_what_is_larger_than_a_device_is_not_placed(placed, cells):
    ran, run = placed
    run.cells = cells
    assert fmax("xor_array", LANES, LANES, "hx8k", (1,)) is None
    assert [tool for tool, _ in ran] == ["yosys"]


@pytest.mark.parametrize(("device", "left"), [("up5k", 0), ("ecp5", 3)])
def test_products_beyond_the_blocks_are_of_luts(device, left, monkeypatch):
    blocks = area("predictor", LANES, LANES, device)
    assert blocks["multipliers"] == LANES
    monkeypatch.setitem(DEVICES, device, replace(DEVICES[device], multipliers=3))
    few = area("predictor", LANES, LANES, device)
    assert few["multipliers"] == left
    assert few["lut4"] > blocks["lut4"] + 200 * (LANES - left)


def test_a_file_is_made_once(cache):
    ran = []

    def make(folder, name):
        time.sleep(0.05)
        ran.append(name)
        (folder / name).write_text((folder / "one.txt").read_text())

    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: made({"one.txt": "text"}, "two.txt", make), range(4)))
    assert {path.read_text() for path in paths} == {"text"}
    assert ran == ["unfinished_two.txt"]


def test_other_tools_make_other_files(monkeypatch):
    def make(folder, name):
        (folder / name).write_text("")

    paths = {made({}, "one.txt", make)}
    monkeypatch.setattr("synth.tools.versions", lambda: {"yosys": "other"})
    assert len(paths | {made({}, "one.txt", make)}) == 2


def test_rows_that_are_added_at_once_all_stay(tmp_path):
    rows = [{"design": "framer", "channels": 32, "lanes": lanes, "device": "up5k"} for lanes in range(1, 20)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda row: add(row, tmp_path), rows * 2))
    assert [row["lanes"] for row in load(tmp_path)] == [*range(1, 20)]


def test_a_row_replaces_all_of_the_one_before(tmp_path):
    row = {"design": "framer", "channels": 32, "lanes": 8, "device": "up5k"}
    add(row | {"speed": {"median": 20}}, tmp_path)
    add(row, tmp_path)
    assert ["speed" in one for one in load(tmp_path)] == [False]


def test_designs_are_what_their_names_say():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Amaranth's: none of them is elaborated
        made_of = {name: type(factory(32, LANES)).__name__ for name, factory in DESIGNS.items()}
        gc.collect()
    assert [made_of.pop(name) for name in WHOLE] == ["SpikeEncoderTop", "SpikeDecoderTop"]
    for name, component in made_of.items():
        assert re.sub(r"(?<!^)([A-Z])", r"_\1", component).lower() == name.split()[0]


def test_everything_is_measured_unless_told_otherwise():
    assert (CHANNELS, LANES_OF_ALL, SWEEP) == ((32, 128, 384, 1024), (1, 8, 32), (128, 256, 512, 1024, 2048, 4096))


def test_sizes_of_the_targets_come_first():
    cases = _cases(["framer", "encoder"], (32, 1024), (1, 8, 64), sweep=True)
    assert cases[:2] == [("framer", 1024, 8), ("encoder", 1024, 8)]
    assert ("encoder", 4096, 8) in cases
    assert ("framer", 4096, 8) not in cases
    assert ("framer", 32, 64) not in cases
    assert len(cases) == len(set(cases))


MEASURE = ["measure", "--channels", "1024", "--lanes", "8", "--device", "ecp5", "--seeds", "1"]


def test_command_measures(placed, tmp_path):
    designs = ["--design", "framer", "--design", "xor_array"]
    done = CliRunner().invoke(app, [*MEASURE, *designs, "--output", str(tmp_path)])
    assert done.exit_code == 0
    assert re.search(r"^framer +1,024 x 8 +ecp5 +0 +0 +0 +21 \(21-21\)", done.stdout, re.MULTILINE)
    rows = load(tmp_path)
    assert [row["design"] for row in rows] == ["framer", "xor_array"]
    assert {row["speed"]["median"] for row in rows} == {21}
    assert rows[0]["command"].endswith("--design 'framer' --channels 1024 --lanes 8 --device ecp5 --seeds 1")
    assert "| framer | 1,024 | 8 | ECP5-25K |" in (tmp_path / "silicon.md").read_text()


def test_command_goes_on_behind_a_failure(placed, tmp_path, monkeypatch):
    def row(name, *size_and_device):
        if name == "framer":
            raise RuntimeError("nextpnr failed")
        return _row(name, *size_and_device)

    monkeypatch.setattr("synth.__main__._row", row)
    designs = ["--design", "framer", "--design", "xor_array"]
    done = CliRunner().invoke(app, [*MEASURE, *designs, "--output", str(tmp_path)])
    assert done.exit_code == 1
    assert "error: nextpnr failed" in done.stdout
    assert [row["design"] for row in load(tmp_path)] == ["xor_array"]


def test_command_can_keep_what_is_known(placed, cache, tmp_path, monkeypatch):
    def run(*options):
        shutil.rmtree(cache)
        placed[0].clear()
        arguments = [*MEASURE, "--design", "xor_array", "--output", str(tmp_path), *options]
        assert CliRunner().invoke(app, arguments).exit_code == 0
        return [tool for tool, _ in placed[0]]

    everything = ["yosys", "yosys", "nextpnr-ecp5"]
    assert run("--missing") == everything
    assert run("--missing") == []
    assert run() == everything
    assert run("--missing", "--seeds", "2") == [*everything, "nextpnr-ecp5"]
    monkeypatch.setitem(DEVICES, "ecp5", replace(DEVICES["ecp5"], megahertz=50))
    assert run("--missing", "--seeds", "2") == [*everything, "nextpnr-ecp5"]
    monkeypatch.setattr("synth.__main__.versions", lambda: {"yosys": "other"})
    assert run("--missing", "--seeds", "2") == [*everything, "nextpnr-ecp5"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--design", "nothing"], "--design must be of encoder"),
        (["--device", "ice"], "--device must be of up5k, hx8k, ecp5, nand2"),
        (["--channels", "0"], "Invalid value for '--channels'"),
        (["--channels", "5000"], "Invalid value for '--channels'"),
        (["--lanes", "0"], "Invalid value for '--lanes'"),
        (["--channels", "8", "--lanes", "16"], "--lanes must be at most --channels"),
    ],
)
def test_command_refuses_what_cannot_be(options, told, tmp_path):
    refused = CliRunner().invoke(app, ["measure", *options, "--output", str(tmp_path)])
    assert refused.exit_code == 2
    assert told in " ".join(refused.output.replace("│", " ").split())
    assert not list(tmp_path.iterdir())


def test_table_tells_where_there_is_no_room():
    console = Console(record=True, width=80)
    row = {"design": "decoder", "channels": 32, "lanes": 8, "device": "up5k", "lut4": 6000, "flip_flops": 10}
    print_table([row | {"block_rams": 34, "speed": None}], console)
    assert re.search(r"decoder +32 x 8 +up5k +6,000 +10 +34 +no room", console.export_text())


def _figures(device, nand2_or_lut4, median=None, *, design="encoder", channels=1024):
    row = {"design": design, "channels": channels, "lanes": 8, "device": device, "flip_flops": 100}
    row |= {"versions": {"yosys": "1"}}
    if device == "nand2":
        return row | {"nand2": nand2_or_lut4, "memory_bits": 50}
    row |= {"lut4": nand2_or_lut4, "block_rams": 2, "multipliers": 8}
    if median is None:
        return row
    path = {"from": "top", "to": "design memory", "through": ["coder"], "logic_ns": 1.5, "routing_ns": 2.5}
    speed = {"median": median, "lowest": median - 1, "highest": median + 1, "seeds": [1, 2]}
    return row | {"speed": speed | {"path": path | {"utilization": {"ICESTORM_LC": 3000}}}}


TOGGLES_ROW = {
    **{"design": "encoder", "channels": 4, "lanes": 8, "device": "toggles", "recording": "recording", "bins": 100},
    **{"spikes": 5, "simulator": "simulator", "toggles": {"coder": 150, "lfsr": 3, "framer": 1}},
    **{"memory_bits_read_and_written": 8000, "versions": {}},
}


def test_page_tells_what_was_measured(tmp_path):
    rows = [
        _figures("nand2", 7000),
        _figures("up5k", 1320, 30),
        _figures("ecp5", 1500, 90),
        _figures("up5k", 1000, channels=128),
        _figures("up5k", 1200, channels=4096),
        _figures("nand2", 25, design="lfsr (a lane)"),
        _figures("nand2", 400, design="rate_updater (a lane)"),
        *(_figures("nand2", 500, design=name) for name in ("predictor", "isi_encoder", "scheduler", "packetizer")),
        _figures("up5k", 40, 50, design="scheduler"),
        _figures("up5k", 60, 45, design="scheduler", channels=128),
        _figures("up5k", 9, 80, design="framer"),
        _figures("up5k", 9, 80, design="framer", channels=128),
        TOGGLES_ROW,
    ]
    (tmp_path / "silicon.json").write_text(json.dumps(rows))
    write(tmp_path)
    page = (tmp_path / "silicon.md").read_text()
    for line in (
        "Tools: yosys 1. Devices: iCE40 UP5K (--up5k --package sg48 --pcf-allow-unconstrained --freq 24)",
        "| NAND2 equivalents without memories | at most 8,000 | 7,000 | met |",
        "| share of a UP5K's LUTs | at most 40 % | 25.0 % | met |",
        "| clock, UP5K | at least 24 MHz | 30 MHz | met |",
        "| clock, ECP5-25K | at least 100 MHz | 90 MHz | missed by 10 MHz, see below |",
        "| more LUTs from 128 to 4,096 channels | at most 15 % | 20.0 % | missed by 5.0 %, see below |",
        "takes 3,000 of the UP5K's 5,280 logic cells.",
        "| LFSR | 2,000 | 8 times lfsr (a lane) | 200 |",
        "| total | 44,000 | encoder | 7,000 |",
        "| encoder | 1,024 | 8 | ECP5-25K | 1,500 | 100 | 2 | 8 | 90 (89 to 91, 2 seeds) |",
        "| encoder | 1,024 | 8 | ECP5-25K | pins | encoder memory | coder | 1.5 | 2.5 |",
        "8 rate updaters take 3,200 of the encoder's 7,000 NAND2, and 3,800 are left without them.",
        "The 100 flip-flops of all blocks are 533,",
        "| iCE40 UP5K, area | 128 x 8 | 1,024 x 8 | | --- | ---: | ---: | | scheduler | 60 / 100 / 2 | 40 / 100 / 2 |",
        "| iCE40 UP5K, MHz | 128 x 8 | 1,024 x 8 | | --- | ---: | ---: | | scheduler | 45 | 50 |",
        "recording, 4 channels, 8 lanes, 100 bins with 5 spikes (simulator):",
        "| coder | 1.50 | | others | 0.04 | | all | 1.54 | | bits of memories read and written | 80 |",
    ):
        assert line in " ".join(page.split())
    assert max(map(len, page.splitlines())) <= 200
    assert (tmp_path / "silicon.png").exists()


def test_published_page_is_of_the_published_figures(tmp_path):
    shutil.copy(DOCS / "silicon.json", tmp_path)
    write(tmp_path)
    assert (tmp_path / "silicon.md").read_text() == (DOCS / "silicon.md").read_text()


@pytest.mark.parametrize("design", DESIGNS)
def test_published_figures_are_of_this_hardware(design):
    rows = [row for row in load(DOCS) if row["design"] == design and (row in of_target([row]) or "toggles" in row)]
    stale = [row["device"] for row in rows if row["netlist"] != digest(row, placed="speed" in row)]
    assert not stale, f"run make synth SYNTH_ARGS='--missing --design {design}'"
    assert {row["device"] for row in rows} >= {*DEVICES, "nand2"}


def test_published_sizes_are_all_there():
    """What `make synth` measures, all of it placed, and the areas of what `make synth-full` adds."""
    devices = (*DEVICES, "nand2")
    sizes = list(product((1, 8, 32), (32, 128, 384, 1024)))
    sweep = [(8, channels) for channels in (128, 256, 512, 1024, 2048, 4096)]
    rows = {(*key(row)[:2], key(row)[2:]): row for row in load(DOCS) if row["device"] in devices}
    assert set(rows) == {*product(DESIGNS, devices, sizes), *product(WHOLE, devices, sweep)}
    assert all("speed" in rows[one] for one in product(DESIGNS, DEVICES, sizes))


def test_paths_are_understood():
    """Each block where a path of the encoder or decoder begins or ends is in the text about them."""
    told = set(re.findall(r"`(\w+)`", UNDERSTOOD))
    for row in load(DOCS):
        if row["design"] in WHOLE and row.get("speed"):
            ends = {re.sub(r"_\d+$| memory$", "", row["speed"]["path"][end]) for end in ("from", "to")}
            assert ends <= told, key(row)


def test_page_tells_what_is_missed():
    assert _target("clock", 24, 20, most=False, unit=" MHz").endswith("| missed by 4 MHz, see below |")
    assert _target("clock", 24, 30, most=False, unit=" MHz").endswith("| met |")
    assert _target("gates", 8000, 8001, most=True, unit="").endswith("| missed by 1, see below |")
