"""Area in NAND2 equivalents, memories apart."""

import json
import re
from pathlib import Path

from synth.designs import rtlil
from synth.tools import READ, kept, run_tool

FOLDER = Path(__file__).parent
SCRIPT = (
    f"{READ}hierarchy -top top; proc; flatten; opt_expr; opt_clean; opt -nodffe -nosdff; wreduce; peepopt; opt_clean; "
    "alumacc; opt; memory -nomap; opt -full; techmap -map ripple.v -map +/techmap.v; opt -full; "
    "dfflegalize -cell $_DFF_P_ 01 -mince 99999 -minsrst 99999; opt; dfflibmap -liberty nand2.lib; "
    "abc -liberty nand2.lib; opt_clean; tee -q -o stat.json stat -liberty nand2.lib -json"
)


def gates(design: str, channels: int, lanes: int) -> dict[str, float]:
    """Return a design's NAND2 equivalents without memories, its flip-flops, and the bits of its memories."""
    files = {name: (FOLDER / name).read_text() for name in ("nand2.lib", "ripple.v")}
    return kept({"top.il": rtlil(design, channels, lanes), "script.ys": SCRIPT, **files}, _gates)


def _gates(folder: Path) -> dict[str, float]:
    run_tool("yosys", ["-q", "-s", "script.ys"], folder)
    counts = json.loads((folder / "stat.json").read_text())["design"]
    memories = re.findall(r"^\s*memory width (\d+) size (\d+)", (folder / "top.il").read_text(), re.MULTILINE)
    others = {cell for cell in counts["num_cells_by_type"] if cell.startswith("$")} - {"$mem_v2", "$scopeinfo"}
    if others:
        raise RuntimeError(f"cells without an area are left: {', '.join(sorted(others))}")
    return {
        "nand2": round(counts["area"]),
        "flip_flops": counts["num_cells_by_type"].get("DFF", 0),
        "memory_bits": sum(int(width) * int(size) for width, size in memories),
    }
