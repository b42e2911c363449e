"""Area in NAND2 equivalents, memories apart."""

import re
from pathlib import Path

from synth.designs import rtlil
from synth.tools import READ, count_cells

LIBRARY = Path(__file__).with_name("nand2.lib")
FLIP_FLOP = float(re.findall(r"\(DFF\) *{ *area *: *([0-9.]+)", LIBRARY.read_text())[0])
"""Area of one, in NAND2."""
DEVICE = "nand2"
"""In the place of a device's name, in the rows of the figures."""
MAPPING = (
    f"{READ}hierarchy -top top; proc; flatten; opt_expr; opt_clean; opt -nodffe -nosdff; wreduce; peepopt; opt_clean; "
    "alumacc; opt; memory -nomap; opt -full; techmap; opt -full; "
    "dfflegalize -cell $_DFF_P_ 01 -mince 99999 -minsrst 99999; opt; dfflibmap -liberty nand2.lib; "
    "abc -liberty nand2.lib; opt_clean"
)
SCRIPT = f"{MAPPING}; tee -q -o stat.json stat -liberty nand2.lib -json"


def gates(design: str, channels: int, lanes: int) -> dict[str, float]:
    """Return a design's NAND2 equivalents without memories, its flip-flops, and the bits of its memories.

    Raises
    ------
    RuntimeError
        Yosys fails, or leaves cells that have no area.
    """
    text = rtlil(design, channels, lanes)
    counts = count_cells({"top.il": text, "script.ys": SCRIPT, "nand2.lib": LIBRARY.read_text()})
    cells = counts["num_cells_by_type"]
    if others := {cell for cell in cells if cell.startswith("$")} - {"$mem_v2", "$scopeinfo"}:
        raise RuntimeError(f"cells without an area are left: {', '.join(sorted(others))}")
    memories = re.findall(r"^\s*memory width (\d+) size (\d+)", text, re.MULTILINE)
    return {
        "nand2": round(counts["area"]),
        "flip_flops": cells.get("DFF", 0),
        "memory_bits": sum(int(width) * int(size) for width, size in memories),
    }
