"""How fast a clock, how many lanes and how fast a link a recording needs."""

import math
from typing import NamedTuple

from hdl.layouts import check_geometry, words_per_row
from hdl.predictor import CYCLES_ALONE, WORDS_IN_FLIGHT
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES

STATE_BITS = 40
"""Memory of a channel: LFSR and rate."""
RICE_OVERHEAD_BITS = 2
"""What a Golomb codeword takes beyond log2 of the mean gap, at most, on average over geometric gaps."""


class Sizing(NamedTuple):
    """What a recording needs.

    Attributes
    ----------
    clock_hz : float
        Slowest clock: a cycle a word, or three in rows of three words or fewer, and one for each error, as if all of
        them came second in their words.
    memory_bits : int
        Memory of the channels' state.
    payload_bits_per_second, link_bits_per_second : float
        Of the gaps alone; and with headers and trailers, one keyframe in `keyframe_interval` packets.
    latency_s : float
        From a spike to the end of its packet, if it came first in its epoch: the epoch, and the rest of a byte time.
    """

    clock_hz: float
    memory_bits: int
    payload_bits_per_second: float
    link_bits_per_second: float
    latency_s: float


def size(
    channels: int, lanes: int, steps_hz: float, spikes_hz: float, epoch_steps: int = 20, keyframe_interval: int = 50
) -> Sizing:
    """Return what a recording needs whose spikes are not predicted, so that every spike is an error.

    Parameters
    ----------
    channels, lanes : int
        As for the encoder.
    steps_hz : float
        Rows a second, above 0.
    spikes_hz : float
        Spikes of a channel a second, above 0 and at most `steps_hz`.
    epoch_steps, keyframe_interval : int
        Settings of the encoder, at least 1.

    Raises
    ------
    ValueError
        A number is out of its range.
    """
    check_geometry(channels, lanes)
    if not steps_hz > 0:
        raise ValueError(f"steps_hz must be above 0, not {steps_hz!r}")
    if not 0 < spikes_hz <= steps_hz:
        raise ValueError(f"spikes_hz must be above 0 and at most {steps_hz} (the steps_hz), not {spikes_hz!r}")
    if min(epoch_steps, keyframe_interval) < 1:
        raise ValueError("epoch_steps and keyframe_interval must be at least 1")
    errors_hz = channels * spikes_hz
    words = words_per_row(channels, lanes)
    word_cycles = 1 if words >= WORDS_IN_FLIGHT else CYCLES_ALONE
    mean_gap = channels * steps_hz / errors_hz
    payload = errors_hz * (math.log2(mean_gap) + RICE_OVERHEAD_BITS)
    packets_hz = steps_hz / epoch_steps
    packet_bytes = HEADER_BYTES + TRAILER_BYTES + SETTINGS_BYTES / keyframe_interval + 0.5  # padding is 4 bits a packet
    link = payload + 8 * packets_hz * packet_bytes
    return Sizing(
        clock_hz=word_cycles * words * steps_hz + errors_hz,
        memory_bits=STATE_BITS * words * lanes,
        payload_bits_per_second=payload,
        link_bits_per_second=link,
        latency_s=epoch_steps / steps_hz,
    )
