"""How fast a clock, how many lanes, which buffers and how fast a link a recording needs.

The formulas are bounds for spikes that come independently and are not predicted, with the coder `rice`. Their constants
were found by simulation, and tests/test_sizing.py holds each formula to the simulated encoder.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from hdl.layouts import PAYLOAD_BYTE, check_geometry, words_per_row
from hdl.predictor import CYCLES_ALONE, WORDS_IN_FLIGHT
from hdl.spike_encoder import PAYLOAD_DEPTH
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.golden.rice_coder import GAP_BITS
from model.golden.settings import EPOCH_STEPS_MAX, KEYFRAME_INTERVAL_MAX, check_int

CHANNEL_BITS = 40
"""Memory of a channel: LFSR and rate."""
FIFO_BITS = (PAYLOAD_DEPTH - 1) * PAYLOAD_BYTE.size
"""Memory of the encoder's FIFO, whose last place is a register."""
LANES = 8
"""Where neither lanes nor clock are given."""
LINK_SHARE = 1.5
"""The link where none is given, in units of what the encoder sends."""
RATE_MIN, RATE_MAX = 1e-3, 1e9
"""Rows a second that are taken."""

RICE_BITS = 2
"""What a Golomb codeword takes beyond log2 of the mean gap, at most, on average over geometric gaps."""
BIN_BITS = 33 / 32
"""What a bin takes at most: docs/wire-format.md, section 14."""
PADDING_BYTES = 0.5
"""Of a packet, on average."""
LEARNING_BYTES = 10
"""What the codewords of a keyframe take more, at most, since its coder begins anew: docs/wire-format.md, section 14."""
TRAILER_CYCLES = 24
"""From a packet's last word until its trailer is out, and a row of the next packet may end."""
PACKET_CYCLES = 6
"""Of a packet in which no byte leaves, on average at most, where bytes are what takes longest."""
BURST_CYCLES = 16
"""What several errors a word, more than are expected, hold up words; one in a million longer."""
BURST_CYCLES_AN_ERROR = 8
"""The same for each error that a word has on average, where that is longer."""
BURST_ERRORS = 7
"""Errors that come at once: half the natural logarithm of 10^6, so that one moment in a million has more."""
BACKLOG_BYTES = HEADER_BYTES + SETTINGS_BYTES + TRAILER_BYTES + 8
"""What comes at once at the end of a packet: trailer, header of a keyframe, and payload that waited for them."""


@dataclass(frozen=True)
class Recording:
    """What is to be encoded, and in what packets.

    Parameters
    ----------
    channels : int
        As for the encoder, 1..4096.
    steps_hz : float
        Rows a second, 0.001..10^9.
    spikes_hz : float
        Spikes of a channel a second, above 0 and at most `steps_hz`.
    epoch_steps, keyframe_interval : int
        Settings of the encoder, 1..65535.

    Raises
    ------
    ValueError
        A number is out of its range.
    """

    channels: int
    steps_hz: float
    spikes_hz: float
    epoch_steps: int = 20
    keyframe_interval: int = 50

    def __post_init__(self) -> None:
        check_geometry(self.channels, 1)
        if not RATE_MIN <= self.steps_hz <= RATE_MAX:
            raise ValueError(f"steps_hz must be in {RATE_MIN:g}..{RATE_MAX:g}, not {self.steps_hz!r}")
        if not 0 < self.spikes_hz <= self.steps_hz:
            raise ValueError(
                f"spikes_hz must be above 0 and at most {self.steps_hz!r} (the steps_hz), not {self.spikes_hz!r}"
            )
        check_int("epoch_steps", self.epoch_steps, 1, EPOCH_STEPS_MAX)
        check_int("keyframe_interval", self.keyframe_interval, 1, KEYFRAME_INTERVAL_MAX)

    @property
    def packets_hz(self) -> float:
        """Packets a second."""
        return self.steps_hz / self.epoch_steps

    @property
    def errors_hz(self) -> float:
        """Errors a second: all spikes."""
        return self.channels * self.spikes_hz

    @property
    def error_bits(self) -> float:
        """Bits of an error's codeword, on average and at most."""
        gap = min(self.steps_hz / self.spikes_hz, 2**GAP_BITS)
        return min(math.log2(gap) + RICE_BITS, BIN_BITS * gap)

    @property
    def payload_bits_per_second(self) -> float:
        """Of the codewords alone."""
        return self.errors_hz * self.error_bits

    @property
    def frame_bits_per_second(self) -> float:
        """Of all else in packets: headers, trailers, padding, and what each keyframe costs the coder."""
        errors = self.errors_hz / self.packets_hz
        keyframe = SETTINGS_BYTES + LEARNING_BYTES * min(1, errors)
        return 8 * self.packets_hz * (HEADER_BYTES + TRAILER_BYTES + PADDING_BYTES + keyframe / self.keyframe_interval)

    @property
    def bits_per_second(self) -> float:
        """What the encoder sends, at most a fifth above what it does (test_link_is_a_bound)."""
        return self.payload_bits_per_second + self.frame_bits_per_second


class Sizing(NamedTuple):
    """What a recording needs.

    Attributes
    ----------
    lanes : int
        Lanes of the encoder.
    clock_hz : float
        Its clock: the slowest one, unless one was given.
    memory_bits : int
        Its memories: state of the channels, and FIFO.
    sent_bits_per_second, payload_bits_per_second : float
        What it sends, and the codewords in it.
    link_bits_per_second : float
        The link.
    input_words : int
        FIFO in front of `s_axis`, for a source that cannot wait.
    output_bytes : int
        FIFO between `m_axis` and the link.
    latency_s : float
        From a spike to the end of its packet at the link's far end, if it came first in its epoch.
    """

    lanes: int
    clock_hz: float
    memory_bits: int
    sent_bits_per_second: float
    payload_bits_per_second: float
    link_bits_per_second: float
    input_words: int
    output_bytes: int
    latency_s: float


def size(
    recording: Recording,
    lanes: int | None = None,
    clock_hz: float | None = None,
    link_bits_per_second: float | None = None,
) -> Sizing:
    """Return what a recording needs.

    Parameters
    ----------
    recording : Recording
        What is to be encoded.
    lanes : int, optional
        Lanes, 1..channels. By default the fewest that the clock allows; 8, or as many as channels, without a clock.
    clock_hz : float, optional
        Clock. By default the slowest that the lanes allow.
    link_bits_per_second : float, optional
        Link, faster than what is sent. By default half as fast again.

    Raises
    ------
    ValueError
        `lanes` is out of range, or the clock or the link is too slow.
    """
    if lanes is None:
        lanes = min(LANES, recording.channels) if clock_hz is None else fewest_lanes(recording, clock_hz)
    slowest = slowest_clock(recording, lanes)
    if clock_hz is None:
        clock_hz = slowest
    if not slowest <= clock_hz < math.inf:
        raise ValueError(
            f"clock_hz must be at least {math.ceil(slowest)} and finite for {_many(lanes, 'lane')}, not {clock_hz!r}"
        )
    if link_bits_per_second is None:
        link_bits_per_second = LINK_SHARE * recording.bits_per_second
    wait = waiting_cycles(recording, lanes)
    waiting_bytes = output_bytes(recording, link_bits_per_second)
    words = words_per_row(recording.channels, lanes)
    return Sizing(
        lanes=lanes,
        clock_hz=clock_hz,
        memory_bits=CHANNEL_BITS * words * lanes + FIFO_BITS,
        sent_bits_per_second=recording.bits_per_second,
        payload_bits_per_second=recording.payload_bits_per_second,
        link_bits_per_second=link_bits_per_second,
        input_words=1 + math.ceil(wait / clock_hz * words * recording.steps_hz),
        output_bytes=waiting_bytes,
        latency_s=1 / recording.packets_hz
        + (wait + TRAILER_CYCLES) / clock_hz
        + 8 * waiting_bytes / link_bits_per_second,
    )


def slowest_clock(recording: Recording, lanes: int) -> float:
    """Return the slowest clock in hertz with which the encoder keeps up, while `m_axis_tready` is always 1.

    A packet takes the cycles of its words and their further errors, as if all came together, and what its first row
    waits for the trailer before it; or those of its bytes (test_words_do_not_pile_up_at_the_slowest_clock).

    Raises
    ------
    ValueError
        `lanes` is out of range.
    """
    check_geometry(recording.channels, lanes)
    word = _word_cycles(recording, lanes)
    row = word * words_per_row(recording.channels, lanes)
    further_errors_hz = max(0, 1 - word / lanes) * recording.errors_hz
    for_words = row * recording.steps_hz + further_errors_hz + max(0, TRAILER_CYCLES - row) * recording.packets_hz
    for_bytes = recording.bits_per_second / 8 + PACKET_CYCLES * recording.packets_hz
    return max(for_words, for_bytes)


def fewest_lanes(recording: Recording, clock_hz: float) -> int:
    """Return the fewest lanes, 1..channels, with which a clock is fast enough.

    Raises
    ------
    ValueError
        The clock is too slow with any number of lanes.
    """
    clocks = {lanes: slowest_clock(recording, lanes) for lanes in range(1, recording.channels + 1)}
    enough = [lanes for lanes, slowest in clocks.items() if slowest <= clock_hz]
    if not enough:
        best = min(clocks, key=clocks.__getitem__)
        raise ValueError(
            f"clock_hz must be at least {math.ceil(clocks[best])}, with {_many(best, 'lane')}, not {clock_hz!r}"
        )
    return enough[0]


def waiting_cycles(recording: Recording, lanes: int) -> float:
    """Return the longest time in cycles that words wait in front of `s_axis`, while `m_axis_tready` is always 1.

    It is that until the trailer is out, less what the row itself takes, and a burst of errors (test_buffers_suffice).
    """
    row = _word_cycles(recording, lanes) * words_per_row(recording.channels, lanes)
    burst = max(BURST_CYCLES, BURST_CYCLES_AN_ERROR * lanes * recording.spikes_hz / recording.steps_hz)
    return max(0, TRAILER_CYCLES - row) + burst


def output_bytes(recording: Recording, link_bits_per_second: float) -> int:
    """Return the bytes of a FIFO between encoder and link, full in one moment of a million (test_buffers_suffice).

    The link's rate is thought to be shared: as much as they take on average for headers and trailers, which come at
    once at the end of a packet, and the rest for codewords. With a share `load` of this rest in use, more than `n`
    codewords wait with a probability of at most `exp(-2 * (1 - load) * n)`, the Cramer-Lundberg bound.

    Raises
    ------
    ValueError
        The link is not faster than what is sent.
    """
    sent = recording.bits_per_second
    if not sent < link_bits_per_second < math.inf:
        raise ValueError(
            f"link_bits_per_second must be finite and above {math.ceil(sent)}, which the encoder sends, "
            f"not {link_bits_per_second!r}"
        )
    load = recording.payload_bits_per_second / (link_bits_per_second - recording.frame_bits_per_second)
    return math.ceil(BACKLOG_BYTES + BURST_ERRORS * recording.error_bits / 8 / (1 - load))


def lines(recording: Recording, needs: Sizing) -> list[str]:
    """Return a sizing as text, each number rounded up."""
    slowest = slowest_clock(recording, needs.lanes)
    words, waiting = needs.input_words, needs.output_bytes
    return [
        f"lanes   {needs.lanes}",
        f"clock   at least {up(slowest / 1e6)} MHz, here {up(needs.clock_hz / 1e6)} MHz",
        f"memory  {needs.memory_bits:,} bits",
        f"sends   {up(needs.sent_bits_per_second / 1e3)} kbit/s on average",
        f"link    {up(needs.link_bits_per_second / 1e3)} kbit/s",
        f"buffers {words} words of {_many(needs.lanes, 'bit')} before s_axis, {waiting} bytes behind m_axis",
        f"delay   at most {up(needs.latency_s * 1e3)} ms from a spike to its packet's end on the link",
    ]


def up(value: float, digits: int = 3) -> str:
    """Return a number above 0 rounded up to so many digits, since less than a minimum is not enough."""
    places = digits - 1 - math.floor(math.log10(value))
    scaled = math.ceil(value * 10.0**places - 1e-9)  # 1.1 * 100 is a little above 110
    return f"{scaled / 10.0**places:,.{max(0, places)}f}"


def _many(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _word_cycles(recording: Recording, lanes: int) -> int:
    return 1 if words_per_row(recording.channels, lanes) >= WORDS_IN_FLIGHT else CYCLES_ALONE
