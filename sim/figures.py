"""What a run is judged by: whether the bytes are right, how many there are, and how long they took."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import zstandard
from numpy.typing import NDArray

from model import CodecError
from model.bounds import shannon_bound_bits
from model.golden import Settings, SpikeDecoder, SpikeEncoder
from model.raster import decode_packets, encode_packets
from sim.loaders import Raster, Recording
from sim.stimulus import Capture, Stimulus
from sim.waits import Codewords, Waits, find_codewords, longest_waits


class Reference(NamedTuple):
    """A model to compare the hardware with."""

    name: str
    encode: Callable[[Raster, Settings], list[bytes]]
    decode: Callable[[Sequence[bytes]], NDArray[Any]]


GOLDEN = Reference(
    "golden model",
    lambda raster, settings: SpikeEncoder(raster.shape[1], settings).encode(raster.tolist()),
    lambda packets: np.array(SpikeDecoder().decode(packets), np.int8),
)
FAST = Reference("fast path", encode_packets, decode_packets)


class Verdict(NamedTuple):
    """Whether an output is right.

    Attributes
    ----------
    equal_to_reference : bool
        Whether every byte is the reference's.
    decoded_equal_to_input : bool
        Whether the reference's decoder makes the raster of it.
    differences : tuple of str
        What is wrong; empty if nothing is.
    """

    equal_to_reference: bool
    decoded_equal_to_input: bool
    differences: tuple[str, ...]


class Size(NamedTuple):
    """How small a coder makes the raster."""

    coder: str
    bytes: int
    bits_per_bin: float
    bits_per_spike: float | None


@dataclass(frozen=True)
class Figures:
    """The figures of a run.

    Attributes
    ----------
    sizes : tuple of Size
        Of the encoder's output, and what to measure it against, the raster at 1 bit a bin first.
    errors : int
        Bins that the prediction got wrong.
    packet_bits : tuple of int
        Size of each packet.
    longest_wait_cycles, longest_wait_in_encoder_cycles : int or None
        See `Waits`; None where nothing was sent, or something wrong.
    stall_cycles : int
        Cycles in which a word was offered and not taken.
    """

    recording: str
    notes: tuple[str, ...]
    bin_ms: float
    steps: int
    channels: int
    lanes: int
    gaps: float
    stalls: float
    settings: Settings
    bins: int
    spikes: int
    errors: int
    sizes: tuple[Size, ...]
    packet_bits: tuple[int, ...]
    reference: str
    verdict: Verdict
    simulator: str
    words: int
    cycles: int
    cycles_per_word: float
    longest_wait_cycles: int | None
    longest_wait_in_encoder_cycles: int | None
    stall_cycles: int
    simulated_cycles_per_s: float

    @property
    def output(self) -> Size:
        """Size of the encoder's output."""
        return self.sizes[1]

    @property
    def shannon_bound(self) -> Size:
        """What independent bins of this density take at least."""
        return self.sizes[2]


def judge(stimulus: Stimulus, capture: Capture, reference: Reference, expected: Sequence[bytes]) -> Verdict:
    """Compare an output with the packets that a reference expects, and with its input."""
    wrong_bytes = _difference_of_packets(capture.packets, expected, reference)
    wrong_raster = _difference_of_raster(capture.packets, stimulus.raster, reference)
    wrong_count = None
    if capture.refused_words != capture.stall_cycles:
        wrong_count = f"status_refused_words is {capture.refused_words} after {capture.stall_cycles} refused words"
    differences = tuple(wrong for wrong in (wrong_bytes, wrong_raster, wrong_count) if wrong is not None)
    return Verdict(wrong_bytes is None, wrong_raster is None, differences)


def measure(
    recording: Recording, stimulus: Stimulus, capture: Capture, reference: Reference, simulator: str
) -> tuple[Figures, Codewords]:
    """Return the figures of a run, and where the codewords of its correct output are.

    Parameters
    ----------
    recording, stimulus
        What was sent.
    capture : Capture
        What came back.
    reference : Reference
        The model that tells what should have.
    simulator : str
        Its name, for the report.
    """
    expected = reference.encode(stimulus.raster, stimulus.settings)
    verdict = judge(stimulus, capture, reference, expected)
    codewords = find_codewords(expected)
    waits = Waits(None, None)
    if verdict.equal_to_reference:
        waits = longest_waits(capture, codewords, stimulus.channels, stimulus.lanes)
    figures = Figures(
        recording=recording.name,
        notes=recording.notes,
        bin_ms=recording.bin_ms,
        steps=len(stimulus.raster),
        channels=stimulus.channels,
        lanes=stimulus.lanes,
        gaps=stimulus.gaps,
        stalls=stimulus.stalls,
        settings=stimulus.settings,
        bins=stimulus.raster.size,
        spikes=int(np.count_nonzero(stimulus.raster)),
        errors=len(codewords.bins),
        sizes=_sizes(stimulus.raster, capture.packets),
        packet_bits=tuple(8 * len(packet) for packet in capture.packets),
        reference=reference.name,
        verdict=verdict,
        simulator=simulator,
        words=len(capture.word_cycles),
        cycles=capture.cycles,
        cycles_per_word=capture.cycles_per_word,
        longest_wait_cycles=waits.bin_to_byte,
        longest_wait_in_encoder_cycles=waits.in_encoder,
        stall_cycles=capture.stall_cycles,
        simulated_cycles_per_s=capture.cycles / capture.seconds,
    )
    return figures, codewords


def _difference_of_packets(packets: Sequence[bytes], expected: Sequence[bytes], reference: Reference) -> str | None:
    for number, (packet, right) in enumerate(zip(packets, expected, strict=False)):
        if packet != right:
            pairs = zip(packet, right, strict=False)
            byte = next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(packet), len(right)))
            return f"output differs from the {reference.name}'s at byte {byte} of packet {number}"
    if len(packets) != len(expected):
        return f"output has {len(packets)} packets; the {reference.name}'s has {len(expected)}"
    return None


def _difference_of_raster(packets: Sequence[bytes], raster: Raster, reference: Reference) -> str | None:
    try:
        decoded = reference.decode(packets)
    except CodecError as error:
        return f"output cannot be decoded: {error}"
    if decoded.shape != raster.shape:
        return f"output decodes to shape {decoded.shape}, not {raster.shape}"
    wrong = np.flatnonzero(decoded != raster)
    if wrong.size:
        step, channel = divmod(int(wrong[0]), raster.shape[1])
        return f"output decodes to {wrong.size} wrong bins, the first at step {step}, channel {channel}"
    return None


def size_of(coder: str, bits: float, raster: Raster) -> Size:
    """Return a size of `bits`, per bin and per spike of a raster."""
    spikes = int(np.count_nonzero(raster))
    return Size(coder, math.ceil(bits / 8), bits / raster.size, bits / spikes if spikes else None)


def size_of_packets(packets: Sequence[bytes], raster: Raster) -> Size:
    """Return the size of an encoder's output."""
    return size_of("Corticodec", 8 * sum(map(len, packets)), raster)


def _sizes(raster: Raster, packets: Sequence[bytes]) -> tuple[Size, ...]:
    return (
        size_of("raster, 1 bit a bin", raster.size, raster),
        size_of_packets(packets, raster),
        size_of("Shannon bound", shannon_bound_bits(raster), raster),
        *(size_of(coder, 8 * count, raster) for coder, count in _general_coders(raster)),
    )


def _general_coders(raster: Raster) -> list[tuple[str, int]]:
    """Return what general-purpose coders make of the packed raster, each in the order of bins that suits it better."""
    orders = {"by step": np.packbits(raster), "by channel": np.packbits(raster.T)}
    coders = {"zlib-9": lambda data: zlib.compress(data, 9), "zstd-19": zstandard.ZstdCompressor(level=19).compress}
    best = []
    for coder, compress in coders.items():
        count, order = min((len(compress(packed.tobytes())), order) for order, packed in orders.items())
        best.append((f"{coder}, {order}", count))
    return best
