"""The page of a compressed recording."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.files.compressed import BLOCKS, CompressedRecording, Contents
from model.files.recording import Recording, Rows
from model.report import figures
from model.report.page import Page

TRACE_CHANNELS = 8
TRACE_SECONDS = 0.1
SPECTRUM_CHANNELS = 32
RASTER_SECONDS = 10.0
DEFAULT_HZ = 1000.0
"""Of recordings whose sampling rate is not known: time is then in thousands of steps."""


def report(recording: CompressedRecording, source: Recording | None) -> Page:
    """Return the page of a recording.

    Parameters
    ----------
    recording : CompressedRecording
        What to show.
    source : Recording, optional
        What it was made of. Without it, what a lossless recording decodes to is the original, and the errors of
        another one are not shown.

    Raises
    ------
    ValueError
        `source` has another shape.
    """
    contents = recording.contents
    if source is not None and (source.signal.steps, source.signal.channels) != (contents.steps, contents.channels):
        raise ValueError(
            f"source has {source.signal.steps} x {source.signal.channels} samples, "
            f"but the recording {contents.steps} x {contents.channels}"
        )
    page = Page(f"{contents.source['name']}, compressed", _facts(recording))
    if contents.steps and contents.channels:
        middle = contents.n_blocks // 2
        decoded = recording.block(middle)
        start, stop = contents.block_range(middle)
        original = decoded if source is None else source.rows(start, stop)
        if contents.coder["name"] == "corticodec_spikes":
            _add_raster(page, contents, decoded, start)
        else:
            known = source is not None or contents.lossless
            _add_samples(page, contents, original, decoded, start, known)
        _add_bits(page, recording)
    _add_parts(page, recording)
    return page


def _facts(recording: CompressedRecording) -> dict[str, str]:
    contents, size = recording.contents, recording.path.stat().st_size
    source_bytes = contents.source["bytes"]
    hz = contents.sampling_hz
    error = f"at most {contents.worst_error:g}, rms {contents.rms_error:.4g}, in units of the samples"
    return {
        "samples": f"{contents.steps:,} steps of {contents.channels:,} channels, {contents.dtype}",
        "duration": f"{contents.steps / hz:,.3f} s at {hz:,g} Hz" if hz else "sampling rate not known",
        "codec": ", ".join(f"{name} {value}" for name, value in contents.coder.items() if value is not None),
        "error": "none: every sample is as it was" if contents.lossless else error,
        "size": f"{source_bytes:,} bytes, compressed {size:,}: a ratio of {source_bytes / size:.3f}",
        "bits a sample": f"{8 * size / max(1, contents.steps * contents.channels):.4f}",
        "SHA-256 of the samples": contents.samples_sha256,
    }


def _add_samples(page: Page, contents: Contents, original: Rows, decoded: Rows, start: int, known: bool) -> None:
    hz = contents.sampling_hz or DEFAULT_HZ
    shown = slice(0, max(2, min(len(decoded), round(TRACE_SECONDS * hz))))
    seconds = (start + np.arange(len(decoded))[shown]) / hz
    traces = partial(
        figures.draw_traces,
        original=original[shown, :TRACE_CHANNELS],
        decoded=decoded[shown, :TRACE_CHANNELS],
        seconds=seconds,
    )
    sentence = "Original (grey) under decoded (blue), from the middle of the recording; time in seconds."
    page.figures.append(("Traces", sentence, figures.svg(traces, "Traces", 5)))
    if known:
        errors = np.subtract(decoded, original, dtype=np.float64).ravel()
        sentence = f"{errors.size:,} samples; {np.count_nonzero(errors):,} differ."
        image = figures.svg(partial(figures.draw_errors, errors=errors), "Histogram of errors", 2.5)
        page.figures.append(("Errors", sentence, image))
    few = slice(0, SPECTRUM_CHANNELS)
    spectra = partial(figures.draw_spectra, original=original[:, few], decoded=decoded[:, few], sampling_hz=hz)
    sentence = f"Mean of {min(contents.channels, SPECTRUM_CHANNELS)} channels."
    page.figures.append(("Spectrum", sentence, figures.svg(spectra, "Spectrum", 3)))


def _add_raster(page: Page, contents: Contents, decoded: NDArray[Any], start: int) -> None:
    hz = contents.sampling_hz or DEFAULT_HZ
    steps, channels = np.nonzero(decoded[: round(RASTER_SECONDS * hz)])
    raster = partial(figures.draw_raster, steps=steps + start, channels=channels, step_seconds=1 / hz)
    sentence = f"{steps.size:,} spikes, from the middle of the recording; time in seconds."
    page.figures.append(("Raster", sentence, figures.svg(raster, "Raster", 4)))


def _add_bits(page: Page, recording: CompressedRecording) -> None:
    contents, sizes = recording.contents, recording.sizes()
    edges = np.array([*range(0, contents.steps, contents.block_steps), contents.steps])
    blocks = [size for name, size in sizes.items() if name.startswith(BLOCKS)]
    bits = 8 * np.array(blocks) / (np.diff(edges) * contents.channels)
    seconds = edges / (contents.sampling_hz or DEFAULT_HZ)
    draw = partial(figures.draw_steps, edges_seconds=seconds, values=bits, label="bits a sample")
    sentence = f"Of each of {contents.n_blocks:,} blocks, which decode alone; time in seconds."
    page.figures.append(("Bits over time", sentence, figures.svg(draw, "Bits over time", 2.5)))


def _add_parts(page: Page, recording: CompressedRecording) -> None:
    parts: dict[str, int] = {}
    for name, size in recording.sizes().items():
        part = name.split("/")[0]
        parts[part] = parts.get(part, 0) + size
    parts["directory"] = recording.path.stat().st_size - sum(parts.values())
    image = figures.svg(partial(figures.draw_parts, parts=parts), "Bytes by part", 0.7 + 0.35 * len(parts))
    page.figures.append(("Bytes by part", "Blocks hold the samples; the rest is told in docs/files.md.", image))
