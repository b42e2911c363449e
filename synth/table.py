"""The table that ends a run in a terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from synth.gates import DEVICE as GATES
from synth.results import Row


def print_table(rows: Iterable[Row], console: Console) -> None:
    """Print what a run measured, by design and device: LUT4 or NAND2 equivalents, memory blocks or bits."""
    table = Table("design", box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    for heading in ("ch x lanes", "on", "area", "FFs", "RAM", "MHz (range)"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in sorted(rows, key=lambda one: (one["design"], one["device"], -one["lanes"], -one["channels"])):
        area = row["nand2" if row["device"] == GATES else "lut4"]
        table.add_row(
            row["design"],
            f"{row['channels']:,} x {row['lanes']}",
            row["device"],
            f"{area:,}",
            f"{row['flip_flops']:,}",
            f"{row['memory_bits']:,} b" if "memory_bits" in row else str(row["block_rams"]),
            _clock(row),
        )
    console.print(table)


def _clock(row: Row) -> str:
    if "speed" not in row:
        return ""
    speed = row["speed"]
    return f"{speed['median']:.3g} ({speed['lowest']:.3g}-{speed['highest']:.3g})" if speed else "no room"
