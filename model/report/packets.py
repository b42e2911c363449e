"""The page of packets that were received: what came, what it cost, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.events import Epoch, Gap, Start
from model.kernels.deframer import Deframer
from model.receiver import PACKET_BYTES_MAX, Receiver
from model.report import figures
from model.report.page import Page
from model.sources import Source

STEPS_SHOWN = 1 << 20
"""Steps that are shown; the facts are of all."""


@dataclass
class _Received:
    """What is shown of a recording."""

    epochs: list[tuple[int, int, int]] = field(default_factory=list)
    """First step, steps and bits of each."""
    spikes: list[NDArray[Any]] = field(default_factory=list)
    """Step and channel of each spike, shape (2, spikes)."""
    gaps: list[Gap] = field(default_factory=list)
    channels: int = 0


def report(source: Source, step_ms: float) -> Page:
    """Return the page of a stream of packets. Of several recordings in it, the first one is shown.

    Parameters
    ----------
    source : Source
        A file with serial framing, or a container.
    step_ms : float
        Length of a step.

    Raises
    ------
    CodecError
        No packet can be decoded.
    """
    receiver = Receiver("datagram")
    shown, n_spikes = _Received(), 0
    for packet in _packets(source):
        for event in receiver.receive(packet):
            if isinstance(event, Epoch):
                n_spikes += int(np.count_nonzero(event.raster))
            if receiver.counters.starts == 1 and not isinstance(event, Start):
                _show(shown, event, 8 * len(packet))
    if not shown.epochs:
        raise CodecError(f"no packet could be decoded from {source.name}")
    counters = receiver.counters
    page = Page(
        f"{source.name}, received",
        {
            "packets": f"{counters.packets:,} intact, {counters.lost_packets:,} lost, "
            f"{counters.undecodable_packets:,} undecodable, {counters.damaged:,} pieces of bytes that are none",
            "steps": f"{counters.steps:,} received, {counters.missing_steps:,} missing",
            "channels": f"{shown.channels:,}",
            "spikes": f"{n_spikes:,}",
            "size": f"{counters.bytes:,} bytes, {8 * counters.bytes / n_spikes:.3f} bits a spike" if n_spikes else "-",
            "restarts of the encoder": f"{counters.starts - 1:,}",
        },
    )
    _add_figures(page, shown, step_ms / 1000)
    return page


def _packets(source: Source) -> Iterator[bytes]:
    """Yield the packets of a source, without framing."""
    pieces: Iterable[bytes] = source.pieces
    if source.framing == "datagram":
        yield from (packet for packet in pieces if packet)
        return
    deframer = Deframer(PACKET_BYTES_MAX)
    for piece in pieces:
        # What is no frame becomes a packet that is damaged, so that it is counted.
        yield from (frame.packet or b"?" for frame in deframer.push(piece))


def _show(shown: _Received, event: object, bits: int) -> None:
    if isinstance(event, Gap):
        shown.gaps.append(event)
    elif isinstance(event, Epoch) and event.step_index < STEPS_SHOWN:
        steps, channels = np.nonzero(event.raster)
        shown.spikes.append(np.stack([steps + event.step_index, channels]))
        shown.epochs.append((event.step_index, len(event.raster), bits))
        shown.channels = event.raster.shape[1]


def _add_figures(page: Page, shown: _Received, step_seconds: float) -> None:
    steps, channels = np.concatenate(shown.spikes, axis=1)
    gaps = [(gap.step_index * step_seconds, (gap.step_index + gap.steps) * step_seconds) for gap in shown.gaps]

    def raster(axes: figures.Axes) -> None:
        figures.draw_raster(axes, steps, channels, step_seconds)
        figures.draw_gaps(axes, gaps)

    sentence = f"{steps.size:,} spikes; time in seconds. Where packets were lost, steps are unknown, not silent."
    page.figures.append(("Raster", sentence, figures.svg(raster, "Raster and packet losses", 4)))
    starts, lengths, bits = np.array(shown.epochs).T
    # A stretch for each epoch, and one of nothing for what is missing before it.
    edges = np.stack([starts, starts + lengths], axis=1).ravel() * step_seconds
    values = np.stack([bits, np.zeros_like(bits)], axis=1).ravel()[:-1]
    draw = partial(figures.draw_steps, edges_seconds=edges, values=values, label="bits")
    sentence = (
        f"Of {bits.size:,} epochs, header and trailer included: {bits.mean():,.0f} on average, at most {bits.max():,}."
    )
    page.figures.append(("Bits per epoch", sentence, figures.svg(draw, "Bits per epoch", 2.5)))
    reasons: dict[str, int] = {"received": int(lengths.sum())}
    for gap in shown.gaps:
        reasons[gap.reason.value] = reasons.get(gap.reason.value, 0) + gap.steps
    image = figures.svg(
        partial(figures.draw_parts, parts=reasons, label="steps"), "Steps by fate", 1 + 0.35 * len(reasons)
    )
    page.figures.append(("Packet losses", "Steps that were received, and those missing by reason.", image))
