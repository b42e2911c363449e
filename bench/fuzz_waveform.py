"""Anything at all into the waveform codec: `python -m bench.fuzz_waveform`, a part of `make fuzz`.

Streams are damaged or forged as in `bench.fuzz_codecs`. A damaged one must be refused; what is recovered of it must be
what was encoded, or zeros. Of a forged one anything may be decoded, in the shape that its header claims. Neither may
hang, raise anything but `CodecError`, or take memory beyond the limit that the caller set. Where a stream keeps spikes,
the same holds for decoding these alone.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from bench.fuzz_codecs import Source, Tally, ended_if_stuck, forged, run_jobs
from bench.measure import peak_since, start_peak
from bench.report import report
from model import CodecError, WaveformCodec
from model.codecs.stream import Stream
from model.codecs.waveform_decode import DecodedSpikes, Recovered
from model.codecs.waveform_stream import Parameters
from model.raster import MAX_BINS
from model.synth import realistic_waveform
from sim.mutations import MUTATIONS

FORGED = 0.5
"""Share of the streams that are forged; the others are damaged."""
SAMPLES_LIMIT = 1 << 16
RECOVERED = 0.3
"""Share of the damaged streams of which what is left is recovered."""


def waveforms() -> list[NDArray[np.generic]]:
    """Return small waveforms that make the encoder use all that it has."""
    neural, _ = realistic_waveform(400, 9)
    noise = np.random.default_rng(1).normal(0, 3000, (300, 2))
    return [
        neural,
        np.rint(neural * 64.061577 + 31.03).astype(np.int16),
        noise.astype(np.float32),
        (noise * 2**16).astype(np.int32),
        np.full((50, 3), 7, np.uint16),
        np.zeros((0, 4), np.int16),
        neural[:1, :1],
    ]


def humming() -> NDArray[np.int16]:
    """Return a waveform long enough for the filter of `best`, with what it finds, and spikes, which it clips."""
    rng, steps = np.random.default_rng(2), np.arange(9000)
    hum = 4 * np.sin(steps[:, np.newaxis] * np.linspace(0.3, 2.9, 40) ** 1.1).sum(axis=1)
    background = np.convolve(rng.normal(0, 40, steps.size), np.hanning(30))[: steps.size]
    spikes = np.convolve(3000 * (rng.random(steps.size) < 0.01), 0.8 ** np.arange(20) * np.cos(np.arange(20)))
    waveform: NDArray[np.int16] = np.rint(hum + background + spikes[: steps.size]).astype(np.int16)
    return waveform[:, np.newaxis]


def codecs(preset: str) -> Iterator[WaveformCodec]:
    """Yield codecs of all modes."""
    for mode, bound in (("full", None), ("waveform", None), ("spike", None), ("bounded", 3), ("lossless", None)):
        yield WaveformCodec(mode, preset, max_error=bound, chunk_steps=150, group_channels=4, workers=1)


def streams() -> Iterator[tuple[WaveformCodec, bytes]]:
    """Yield a stream of each waveform by each codec that takes it: some take no floats, or no large numbers."""
    for waveform in waveforms():
        for preset in ("fast", "best"):
            for codec in codecs(preset):
                with suppress(ValueError):
                    yield codec, codec.compress(waveform)[0]
    codec = WaveformCodec("lossless", "best", workers=1)
    yield codec, codec.compress(humming())[0]


@cache
def sources() -> tuple[Source, ...]:
    """Return streams of all presets and modes."""
    return tuple(Source(codec, data, decoded(codec, data)) for codec, data in streams())


def decoded(codec: WaveformCodec, data: bytes, max_bins: int = MAX_BINS) -> NDArray[np.generic]:
    """Return the samples of a stream, or, where it keeps only the times of spikes, a raster of these."""
    header = Stream(data).header
    form = Parameters.from_bytes(header.parameters).spikes
    if form is not None:
        spikes = codec.decode_spikes(data, max_bins=max_bins)
        if form.content == "spike":
            return raster_of(spikes, header.steps, header.channels)
    return codec.decompress(data, max_bins=max_bins)


def raster_of(spikes: DecodedSpikes, steps: int, channels: int) -> NDArray[np.int8]:
    """Return spikes as a raster."""
    raster = np.zeros((steps, channels), dtype=np.int8)
    raster[spikes.steps, spikes.channels] = 1
    return raster


def recovered(codec: WaveformCodec, data: bytes) -> Recovered:
    """Return what is left of a damaged stream, in the form of `decoded`."""
    header = Stream(data, verify_first=False).header
    form = Parameters.from_bytes(header.parameters).spikes
    if form is None or form.content != "spike":
        return codec.recover(data, max_bins=SAMPLES_LIMIT)
    spikes = codec.decode_spikes(data, skip_damaged=True, max_bins=SAMPLES_LIMIT)
    return Recovered(raster_of(spikes, header.steps, header.channels), spikes.lost)


@cache
def _originals() -> frozenset[bytes]:
    return frozenset(source.data for source in sources())


def damaged(source: Source, rng: random.Random) -> bytes:
    """Return a stream that was cut, or of which bytes changed."""
    if rng.random() < 0.2:
        return source.data[: rng.randrange(len(source.data))]
    changed = bytearray(source.data)
    for _ in range(rng.randrange(1, 4)):
        rng.choice(MUTATIONS)(changed, rng)
    return bytes(changed)


def feed_damaged(source: Source, data: bytes, recover: bool, tally: Tally) -> None:
    """Raise `AssertionError` unless a damaged stream is refused, and what is recovered of it is right."""
    tally.damaged += 1
    if data in _originals():
        tally.unchanged += 1
        return
    try:
        decoded(source.codec, data)
    except CodecError:
        pass
    else:
        raise AssertionError("the codec decodes a damaged stream")
    if recover:
        try:
            left = recovered(source.codec, data)
        except CodecError:
            return
        _check_recovered(source, left)


def _check_recovered(source: Source, left: Recovered) -> None:
    expected = source.raster.copy()
    for start, stop in left.lost:
        expected[start:stop] = 0
    np.testing.assert_array_equal(left.waveform, expected)


def feed_forged(source: Source, data: bytes, tally: Tally) -> None:
    """Raise `AssertionError` unless a forged stream is refused, or becomes samples in the shape that it claims."""
    tally.forged += 1
    try:
        waveform = decoded(source.codec, data, SAMPLES_LIMIT)
    except CodecError:
        return
    tally.forged_decoded += 1
    header = Stream(data).header
    assert waveform.shape == (header.steps, header.channels)
    assert waveform.size <= SAMPLES_LIMIT


def feed(count: int, seed: int) -> Tally:
    """Feed so many streams."""
    rng = random.Random(f"waveform {seed}")
    tally = Tally()
    before = start_peak()
    with ended_if_stuck():
        for _ in range(count):
            source = rng.choice(sources())
            if rng.random() < FORGED:
                feed_forged(source, forged(source, rng), tally)
            else:
                feed_damaged(source, damaged(source, rng), rng.random() < RECOVERED, tally)
    tally.peak_bytes = peak_since(before) or 0
    return tally


def run(mutations: int, seed: int, console: Console | None = None) -> Tally:
    """Feed everything.

    Raises
    ------
    AssertionError
        A damaged stream was decoded, or a forged one to something that its header does not claim.
    """
    return run_jobs(feed, mutations, seed, "Waveform streams", console)


def main(
    mutations: Annotated[int, typer.Option(min=1, help="How many damaged or forged streams.")] = 50_000,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench/fuzz_waveform.json"),
) -> None:
    """Feed the waveform codec damaged and forged streams; stop at the first that is not refused as it should be."""
    console = Console()
    began = time.monotonic()
    figures = asdict(run(mutations, seed, console)) | {"seconds": round(time.monotonic() - began, 1)}
    report(figures, output, console)


if __name__ == "__main__":
    typer.run(main)
