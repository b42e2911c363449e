"""Area, speed and sizing: what `make synth` and `make bitstream` are made of."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from board.icebreaker import PINS, IcebreakerTop, constraints
from board.uart_output import UartOutput
from model import Settings, encode_packets
from synth.__main__ import app
from synth.designs import DESIGNS, rtlil
from synth.devices import area, timing
from synth.gates import gates
from synth.page import _target
from synth.sizing import size
from synth.toggles import count_toggles
from synth.tools import ROOT

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
    assert set(ports) == {"\\serial", "\\parity", "\\clk", "\\rst"}


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
    told = timing(report)
    assert (told["from"], told["to"]) == ("gap_counter", "scheduler")
    assert told["through"] == ["gap_counter", "isi_encoder", "scheduler"]
    assert (told["logic_ns"], told["routing_ns"], told["utilization"]) == (0.8, 1.0, {"ICESTORM_LC": 3})


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
