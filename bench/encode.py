"""The spike codec against its specification and general compressors: `python -m bench.encode`."""

from __future__ import annotations

import bz2
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import typer
import zstandard
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from model import Settings, decode_raster, encode_raster
from model.bounds import shannon_bound_bits
from model.golden import SpikeDecoder, SpikeEncoder, container
from model.synth import bernoulli_raster, physiological_raster

GOLDEN_BINS = 50_000
"""The golden model, whose speed does not depend on the length of a recording, is given only so many bins."""
REPEAT_S = 0.3
"""A function is repeated for this time, and its best run counts."""

Raster = NDArray[np.int8]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Workload:
    """A raster, and the settings to encode it with."""

    name: str
    raster: Raster
    settings: Settings


@dataclass(frozen=True)
class Codec:
    """A way to bytes and back."""

    name: str
    encode: Callable[[Workload], bytes]
    decode: Callable[[bytes, Workload], Raster]


@dataclass(frozen=True)
class Row:
    """One codec on one workload. Speeds are in millions of bins a second."""

    workload: str
    codec: str
    bins: int
    bits_per_bin: float
    over_shannon_percent: float
    encode_mbin_s: float
    decode_mbin_s: float


def workloads() -> Iterator[Workload]:
    """Yield densities first, then shapes, then epochs as short as they can be, then a physiological raster."""
    one_packet = Settings(epoch_steps=20_000)
    for percent in (0.1, 1, 5, 10, 30):
        yield Workload(f"{percent:g} %, 20000 x 1024, one epoch", bernoulli_raster(percent / 100), one_packet)
    for steps, channels in ((500_000, 1), (200_000, 16), (50_000, 256), (5_000, 4096)):
        yield Workload(f"1 %, {steps} x {channels}", bernoulli_raster(0.01, steps, channels), Settings())
    yield Workload("1 %, 20000 x 256, epochs of 1", bernoulli_raster(0.01, 20_000, 256), Settings(epoch_steps=1))
    yield Workload("physiological, 20000 x 256", physiological_raster(256, 20_000), Settings())


def _golden_encode(workload: Workload) -> bytes:
    return container.join(SpikeEncoder(workload.raster.shape[1], workload.settings).encode(workload.raster.tolist()))


def _golden_decode(data: bytes, _: Workload) -> Raster:
    return np.array(SpikeDecoder().decode(container.split(data)), dtype=np.int8)


def _unpack(data: bytes, workload: Workload) -> Raster:
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), count=workload.raster.size)
    return bits.reshape(workload.raster.shape).view(np.int8)


def _general(name: str, compress: Callable[[bytes], bytes], decompress: Callable[[bytes], bytes]) -> Codec:
    return Codec(
        name,
        lambda workload: compress(np.packbits(workload.raster).tobytes()),
        lambda data, workload: _unpack(decompress(data), workload),
    )


FAST = Codec(
    "corticodec",
    lambda workload: encode_raster(workload.raster, workload.settings),
    lambda data, _: decode_raster(data),
)
GOLDEN = Codec("corticodec golden", _golden_encode, _golden_decode)
CODECS = [
    FAST,
    GOLDEN,
    _general("zlib-9, packed bits", lambda data: zlib.compress(data, 9), zlib.decompress),
    _general(
        "zstd-19, packed bits", zstandard.ZstdCompressor(level=19).compress, zstandard.ZstdDecompressor().decompress
    ),
    _general("bz2-9, packed bits", bz2.compress, bz2.decompress),
]


def measure(codec: Codec, workload: Workload) -> Row:
    """Return size and speed of a codec.

    Raises
    ------
    RuntimeError
        What is decoded differs from what was encoded.
    """
    data, encode_s = _best_of(lambda: codec.encode(workload))
    decoded, decode_s = _best_of(lambda: codec.decode(data, workload))
    if not np.array_equal(decoded, workload.raster):
        raise RuntimeError(f"{codec.name} does not give back {workload.name}")
    bins = workload.raster.size
    return Row(
        workload=workload.name,
        codec=codec.name,
        bins=bins,
        bits_per_bin=8 * len(data) / bins,
        over_shannon_percent=100 * (8 * len(data) / shannon_bound_bits(workload.raster) - 1),
        encode_mbin_s=bins / encode_s / 1e6,
        decode_mbin_s=bins / decode_s / 1e6,
    )


def _best_of(function: Callable[[], Result]) -> tuple[Result, float]:
    best, end = float("inf"), time.perf_counter() + REPEAT_S
    while True:
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
        if time.perf_counter() > end:
            return result, best


def run_all() -> list[Row]:
    """Return a row for each codec on each workload."""
    measure(FAST, Workload("compiles the kernels", bernoulli_raster(0.5, 10, 10), Settings()))
    rows = []
    for workload in track(list(workloads()), description="Measuring", transient=True):
        few_rows = workload.raster[: max(1, GOLDEN_BINS // workload.raster.shape[1])]
        for codec in CODECS:
            taken = Workload(workload.name, few_rows, workload.settings) if codec is GOLDEN else workload
            rows.append(measure(codec, taken))
    return rows


def first_call_s() -> dict[str, float]:
    """Return how long a new process takes to import, encode and decode, before and after kernels are on disk."""
    code = "import model; model.decode_raster(model.encode_raster([[0, 1]]))"
    times = {}
    with tempfile.TemporaryDirectory() as cache:
        for name in ("kernels compiled", "kernels from disk"):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], env=os.environ | {"NUMBA_CACHE_DIR": cache}, check=True)
            times[name] = time.perf_counter() - start
    return times


def table_of(rows: list[Row]) -> Table:
    """Return the rows as a table, with speeds also in multiples of the golden model's."""
    golden = {row.workload: row for row in rows if row.codec == GOLDEN.name}
    whole = {row.workload: row.bins for row in rows if row.codec == FAST.name}
    table = Table("workload", "codec", title="Sizes and speeds (speed: millions of bins a second; x: against golden)")
    for heading in ("bits a bin", "over Shannon", "encode", "x", "decode", "x"):
        table.add_column(heading, justify="right")
    for number, row in enumerate(rows):
        base = golden[row.workload]
        sizes = f"{row.bits_per_bin:.4f}", f"{row.over_shannon_percent:+.1f} %"
        table.add_row(
            row.workload if number == 0 or rows[number - 1].workload != row.workload else "",
            row.codec,
            *(sizes if row.bins == whole[row.workload] else ("on a part", "")),
            f"{row.encode_mbin_s:.4g}",
            f"{row.encode_mbin_s / base.encode_mbin_s:.0f}",
            f"{row.decode_mbin_s:.4g}",
            f"{row.decode_mbin_s / base.decode_mbin_s:.0f}",
            end_section=number + 1 == len(rows) or rows[number + 1].workload != row.workload,
        )
    return table


def main(output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench/encode.json")) -> None:
    """Measure the spike codec against its specification and general compressors."""
    rows, first_call = run_all(), first_call_s()
    console = Console()
    console.print(table_of(rows))
    for name, seconds in first_call.items():
        console.print(f"First encode and decode of a process, {name}: {seconds:.2f} s")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"first_call_s": first_call, "rows": [asdict(row) for row in rows]}, indent=2) + "\n")
    console.print(f"Figures: {output}")


if __name__ == "__main__":
    typer.run(main)
