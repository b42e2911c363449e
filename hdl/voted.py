"""Registers in three copies, of which an upset one is outvoted: a pass over a design's netlist."""

import re
from pathlib import Path

HEALING_BLOCKS = ("mean", "debt", "spike_check", "comparator_*", "updater_*")
"""Blocks whose registers stay single: what an upset does to them shows in a packet's check and ends at a keyframe."""
HEALING_REGISTERS = "*_memory_stored"
"""Registers of which the same is true, by their names."""
CELLS_FILE, TECHMAP_FILE = "voted_cells.v", "voted_techmap.v"
COPY = "voted_copy"

# Three equal registers are merged to one by every synthesis tool, wherever it finds them: so each has a module of its
# own, which the tool is told to leave alone. An upset is gone with the next clock edge, since what a register keeps is
# the voted value.
CELLS = f"""
(* keep_hierarchy *)
module {COPY} #(parameter WIDTH = 1, parameter [WIDTH-1:0] INIT = 0) (input clk, input [WIDTH-1:0] d,
        output reg [WIDTH-1:0] q = INIT);
    always @(posedge clk) q <= d;
endmodule
"""
TECHMAP = f"""
(* techmap_celltype = "$dff" *)
module vote (CLK, D, Q);
    parameter WIDTH = 1;
    parameter CLK_POLARITY = 1;
    parameter _TECHMAP_WIREINIT_Q_ = 0;
    wire _TECHMAP_REMOVEINIT_Q_ = 1;
    input CLK;
    input [WIDTH-1:0] D;
    output [WIDTH-1:0] Q;
    wire [WIDTH-1:0] copy_0, copy_1, copy_2;
    {COPY} #(.WIDTH(WIDTH), .INIT(_TECHMAP_WIREINIT_Q_)) voter_0 (.clk(CLK), .d(D), .q(copy_0));
    {COPY} #(.WIDTH(WIDTH), .INIT(_TECHMAP_WIREINIT_Q_)) voter_1 (.clk(CLK), .d(D), .q(copy_1));
    {COPY} #(.WIDTH(WIDTH), .INIT(_TECHMAP_WIREINIT_Q_)) voter_2 (.clk(CLK), .d(D), .q(copy_2));
    assign Q = (copy_0 & copy_1) | (copy_0 & copy_2) | (copy_1 & copy_2);
endmodule
"""


def vote_script(name: str) -> str:
    """Return Yosys commands that put each register of the design `name` into three copies.

    The blocks in `HEALING_BLOCKS` and `HEALING_REGISTERS` are left as they are, and so are memories.
    """
    healing = " ".join(f"*.{block}/t:$dff %d" for block in HEALING_BLOCKS)
    healing += f" */w:{HEALING_REGISTERS} %ci1 %d"
    return (
        f"proc -noopt; opt_clean -purge; read_verilog -defer {CELLS_FILE}; select -set voted t:$dff {healing}; "
        f"techmap -map {TECHMAP_FILE} @voted; hierarchy -top {name}; proc -noopt; "
    )


def write_voted_cells(folder: Path) -> None:
    """Write the files that the script reads, which must be run in `folder`."""
    (folder / CELLS_FILE).write_text(CELLS)
    (folder / TECHMAP_FILE).write_text(TECHMAP)


def with_plain_names(verilog: str) -> str:
    """Return Verilog in which the modules of the copies, which Yosys named after their parameters, are numbered.

    They come last, each behind the attribute that keeps them apart, which Yosys' writer leaves out.
    """
    modules = re.findall(r"^module .*?^endmodule$", verilog, flags=re.DOTALL | re.MULTILINE)
    copies = [module for module in modules if COPY in module.split(maxsplit=2)[1]]
    others = "\n\n".join(module for module in modules if module not in copies)
    kept = "\n\n".join(f'(* keep_hierarchy = "yes" *)\n{module}' for module in copies)
    plain = f"{others}\n\n{kept}\n"
    for number, module in enumerate(copies):
        plain = plain.replace(f"{module.split(maxsplit=2)[1]} ", f"{COPY}_{number} ")
    return plain
