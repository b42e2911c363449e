"""Area, speed and sizing: what `make synth` and `make bitstream` are made of."""

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from board.icebreaker import PINS, IcebreakerTop, constraints
from board.uart_output import UartOutput
from model import Settings, encode_packets
from synth.__main__ import _cases, app
from synth.designs import DESIGNS, rtlil
from synth.devices import DEVICES, _cells, area, block, fmax, timing
from synth.gates import gates
from synth.page import _clock, _target
from synth.sizing import size
from synth.toggles import count_toggles
from synth.tools import ROOT, kept

LANES = 8


def test_a_gate_is_counted_as_one():
    assert area("xor_array", LANES, LANES, "up5k")["lut4"] == LANES
    xors = gates("xor_array", LANES, LANES)
    assert xors == {"nand2": round(2.33 * LANES), "flip_flops": 0, "memory_bits": 0}


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
        ("setup", "design.encoder.scheduler.place_D", 0.25),
    ]
    path = [{"type": kind, "delay": delay, "from": {"cell": cell}, "to": {"cell": cell}} for kind, cell, delay in steps]
    report = {
        "fmax": {"clk": {"achieved": 57.14}},
        "critical_paths": [{"from": "posedge clk", "to": "posedge clk", "path": path}],
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
def placed(monkeypatch, tmp_path):
    """Tools that are quick: the list of those that ran; `place` tells what nextpnr does."""
    ran = []

    def run(tool, arguments, folder):
        ran.append(tool)
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
    monkeypatch.setattr("synth.tools.CACHE", tmp_path)
    return ran, run


def test_seeds_share_a_netlist(placed):
    ran, _ = placed
    told = fmax("xor_array", LANES, LANES, "hx8k", (1, 2, 3))
    assert (told["lowest"], told["median"], told["highest"]) == (21, 22, 23)
    assert ran == ["yosys", "yosys", *["nextpnr-ice40"] * 3]  # one counts the products
    assert fmax("xor_array", LANES, LANES, "hx8k", (1, 2, 3)) == told
    assert len(ran) == 5


def test_a_device_may_be_too_small(placed):
    def fail(message):
        raise RuntimeError(message)

    placed[1].place = lambda file, report: fail("ERROR: Unable to place cell 'x', no BELs remaining to implement it")
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
    assert ran == ["yosys"]


def test_products_beyond_the_blocks_are_of_luts():
    counts = {device: area("rate_updater (a lane)", LANES, LANES, device) for device in ("up5k", "hx8k")}
    few = replace(DEVICES["up5k"], multipliers=0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(DEVICES, "up5k", few)
        assert area("rate_updater (a lane)", LANES, LANES, "up5k") == counts["hx8k"] != counts["up5k"]


def test_threads_take_turns(monkeypatch, tmp_path):
    monkeypatch.setattr("synth.tools.CACHE", tmp_path)
    made = []

    def make(folder):
        time.sleep(0.05)
        made.append(folder)
        return {"file": (folder / "one.txt").read_text()}

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: kept({"one.txt": "text"}, make), range(4)))
    assert results == [{"file": "text"}] * 4
    assert len(made) == 1


def test_sizes_of_the_targets_come_first():
    cases = _cases(["framer", "encoder"], (32, 1024), (1, 8, 64), sweep=True)
    assert cases[:2] == [("framer", 1024, 8), ("encoder", 1024, 8)]
    assert ("encoder", 4096, 8) in cases
    assert ("framer", 4096, 8) not in cases
    assert ("framer", 32, 64) not in cases
    assert len(cases) == len(set(cases))


def test_command_measures(placed, monkeypatch, tmp_path):
    monkeypatch.setattr("synth.results.DATA", tmp_path / "silicon.json")
    monkeypatch.setattr("synth.__main__.write", lambda: None)
    options = ["--design", "framer", "--design", "xor_array", "--channels", "1024", "--lanes", "8", "--device", "ecp5"]
    done = CliRunner().invoke(app, ["measure", *options, "--seeds", "1"])
    assert done.exit_code == 0
    assert re.search(r"^framer +1,024 x 8 +ecp5 +\d+ +\d+ +0 +21 \(21-21\)", done.stdout, re.MULTILINE)
    rows = json.loads((tmp_path / "silicon.json").read_text())
    assert [row["design"] for row in rows] == ["framer", "xor_array"]
    assert {row["speed"]["median"] for row in rows} == {21}
    assert rows[0]["command"].endswith("--design 'framer' --channels 1024 --lanes 8 --device ecp5 --seeds 1")
    refused = CliRunner().invoke(app, ["measure", "--design", "nothing"])
    assert refused.exit_code == 2


def test_page_tells_what_is_missed():
    assert _target("clock", 24, 20, most=False, unit=" MHz").endswith("| missed by 4 MHz, see below |")
    assert _target("clock", 24, 30, most=False, unit=" MHz").endswith("| met |")
    assert _target("gates", 8000, 8001, most=True, unit="").endswith("| missed by 1, see below |")


def test_every_pin_of_the_board_is_placed_once():
    ports = set(IcebreakerTop.__annotations__)
    assert ports == set(PINS)
    assert len(set(PINS.values())) == len(PINS)
    assert "set_io spi_sck 45\n" in constraints()


def test_divisor_must_leave_a_bit_time():
    with pytest.raises(ValueError, match=r"divisor must be at least 2, not 1"):
        UartOutput(1)


@pytest.mark.parametrize("density", [0.0005, 0.01, 0.1])
def test_link_is_as_the_encoder_makes_it(density):
    steps_hz, channels, steps = 1000, 128, 2000
    raster = (np.random.default_rng(1).random((steps, channels)) < density).astype(np.int8)
    packets = encode_packets(raster, Settings(alpha_q8=0, epoch_steps=20, keyframe_interval=50))
    needs = size(channels, LANES, steps_hz, float(raster.mean() * steps_hz))
    sent = 8 * sum(map(len, packets)) / (steps / steps_hz)
    assert sent == pytest.approx(needs.link_bits_per_second, rel=0.1)


def test_sizing_knows_that_short_rows_take_a_word_in_three_cycles():
    assert size(24, 8, 1_000, 1).clock_hz == 3 * 3 * 1_000 + 24


def test_sizing_counts_words_and_errors():
    needs = size(1000, 8, 20_000, 10)
    assert needs.clock_hz == 125 * 20_000 + 10_000
    assert needs.memory_bits == 40_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0, 1, 1, 1), "channels must be an integer in 1..4096, not 0"),
        ((8, 8, 0, 1), "steps_hz must be above 0, not 0"),
        ((8, 8, 10, 11), "spikes_hz must be above 0 and at most 10 (the steps_hz), not 11"),
    ],
)
def test_sizing_refuses(arguments, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        size(*arguments)


def test_command_sizes():
    shown = CliRunner().invoke(app, ["size", "--channels", "384", "--steps-hz", "30000", "--spikes-hz", "10"])
    assert shown.exit_code == 0
    assert "1.44 MHz" in shown.output
    refused = CliRunner().invoke(app, ["size", "--lanes", "2000"])
    assert refused.exit_code == 2


VCD = """\
$scope module TOP $end
$scope module encoder $end
 $var wire 1 # clk $end
 $var wire 4 ! gap [3:0] $end
$scope module lfsr_1 $end
 $var wire 4 ! stored [3:0] $end
 $var wire 1 " spike $end
$upscope $end
$upscope $end
$upscope $end
$enddefinitions $end
#0
b0000 !
1"
0#
#5
b0110 !
1#
#10
b0101 !
0"
0#
"""


def test_toggles_are_bits_that_change():
    """The clock does not count, nor the first value; a net with two names is the inner block's."""
    assert count_toggles(VCD.splitlines(keepends=True)) == {"lfsr": 2 + 2 + 1}


def test_toggles_without_a_recording(tmp_path, monkeypatch):
    monkeypatch.setenv("CORTICODEC_DATA", str(tmp_path))
    told = CliRunner().invoke(app, ["toggles"])
    assert told.exit_code == 0
    assert "no toggles counted" in told.output
