"""`corticodec inspect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.commands import options
from model.commands.show import print_facts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BARS = " ▁▂▃▄▅▆▇█"
WIDTH = 60


def inspect(file: options.Compressed, as_json: options.Json = False) -> None:
    """Tell what a compressed recording holds, without decoding it.

    The line at the end shows the bits a sample over time, from the file's least to its greatest.

    **Examples**

    `corticodec inspect recording.npy.ctcz`

    `corticodec inspect recording.npy.ctcz --json`
    """
    import numpy as np

    from model.files.compressed import BLOCKS, CompressedRecording

    recording = CompressedRecording(file)
    contents, sizes = recording.contents, recording.sizes()
    blocks = np.array([size for name, size in sizes.items() if name.startswith(BLOCKS)])
    steps = np.diff([*range(0, contents.steps, contents.block_steps), contents.steps])
    total = file.stat().st_size
    bits = 8 * blocks / np.maximum(1, steps * contents.channels)
    hz = contents.sampling_hz
    print_facts(
        {
            "file": str(file),
            "source": contents.source["name"],
            "source_kind": contents.source["kind"],
            "source_sha256": contents.source.get("sha256"),
            "steps": contents.steps,
            "channels": contents.channels,
            "dtype": contents.dtype,
            "sampling_hz": hz,
            "seconds": contents.steps / hz if hz else None,
            "gain_microvolts": contents.gain_microvolts[0] if len(set(contents.gain_microvolts)) == 1 else None,
            "coder": " ".join(f"{name}={value}" for name, value in contents.coder.items() if value is not None),
            "lossless": contents.lossless,
            "worst_error": None if contents.lossless else contents.worst_error,
            "rms_error": None if contents.lossless else contents.rms_error,
            "source_bytes": contents.source["bytes"],
            "compressed_bytes": total,
            "ratio": contents.source["bytes"] / total,
            "bytes_of_blocks": int(blocks.sum()),
            "bytes_of_the_rest": total - int(blocks.sum()),
            "blocks": contents.n_blocks,
            "bits_a_sample": float(8 * blocks.sum() / max(1, contents.steps * contents.channels)),
            "bits_over_time": None if as_json else spark_line(bits),
        },
        as_json,
    )


def spark_line(values: NDArray[np.float64]) -> str | None:
    """Return values as a line of bars, means of neighbours where there are too many; None for fewer than two."""
    import numpy as np

    if values.size < 2:
        return None
    means = np.array([part.mean() for part in np.array_split(values, min(WIDTH, values.size))])
    low, high = float(means.min()), float(means.max())
    scaled = np.rint((means - low) / (high - low or 1) * (len(BARS) - 2)).astype(int) + 1
    return f"{''.join(BARS[level] for level in scaled)} {low:.3f} to {high:.3f}"
