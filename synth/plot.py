"""The plot silicon.png, made from the measured figures."""

from collections.abc import Sequence
from pathlib import Path

from synth.designs import WHOLE
from synth.gates import DEVICE as GATES
from synth.results import Row, of_target


def draw(rows: Sequence[Row], file: Path) -> bool:
    """Draw NAND2 over channels for each number of lanes, and by block; return whether there was anything to."""
    gates = [row for row in rows if row["device"] == GATES]
    encoders = [row for row in gates if row["design"] == "encoder"]
    blocks = [row for row in of_target(gates) if row["design"] not in WHOLE]
    if not encoders or not blocks:
        return False
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 7), layout="constrained")
    for lanes in sorted({row["lanes"] for row in encoders}):
        sizes = sorted((row["channels"], row["nand2"]) for row in encoders if row["lanes"] == lanes)
        left.plot(*zip(*sizes, strict=True), marker="o", label=f"{lanes} lane{'s' if lanes > 1 else ''}")
    left.set(xscale="log", xlabel="channels", ylabel="NAND2 equivalents without memories", title="Encoder")
    left.set_ylim(0, 1.1 * max(row["nand2"] for row in encoders))
    channels = sorted({row["channels"] for row in encoders})
    left.set_xticks(channels, [f"{width:,}" for width in channels])
    left.minorticks_off()
    left.tick_params("x", labelrotation=45)
    left.legend(loc="center right")
    blocks.sort(key=lambda row: row["nand2"])
    right.barh([row["design"] for row in blocks], [row["nand2"] for row in blocks])
    right.margins(y=0.01)
    for axis in (left.yaxis, right.xaxis):
        axis.set_major_formatter("{x:,.0f}")
    right.locator_params("x", nbins=5)
    right.set(xlabel="NAND2 equivalents", title="Blocks alone, 1,024 channels, 8 lanes")
    figure.savefig(file, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    return True
