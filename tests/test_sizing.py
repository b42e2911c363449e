"""What a recording needs, against the simulated encoder."""

import json
import math
import re
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from documents import Document
from typer.testing import CliRunner

from hdl.layouts import words_per_row
from model import Settings, encode_packets
from sim.link import LAST, encoder, raster_words
from synth.__main__ import app
from synth.sizing import (
    BURST_CYCLES,
    PACKET_CYCLES,
    Recording,
    fewest_lanes,
    size,
    slowest_clock,
    up,
    waiting_cycles,
)

STEPS_HZ = 1000
FOREVER = 10**9


class Paced(NamedTuple):
    """The encoder, at the slowest clock, while words come evenly and a byte may leave in every cycle.

    Attributes
    ----------
    queue : int
        Most words that waited.
    cycles_out : ndarray of int
        When bytes left.
    ends : ndarray of int
        Which of them were the last ones of packets.
    row_cycles : float
        From one row to the next.
    fastest_cycles : float
        From one row to the next where words are always on offer.
    """

    queue: int
    cycles_out: np.ndarray
    ends: np.ndarray
    row_cycles: float
    fastest_cycles: float


def raster_of(recording, steps):
    density = recording.spikes_hz / recording.steps_hz
    return (np.random.default_rng(3).random((steps, recording.channels)) < density).astype(np.int8)


def settings_of(recording):
    return Settings(alpha_q8=0, epoch_steps=recording.epoch_steps, keyframe_interval=recording.keyframe_interval)


@cache
def paced(recording, lanes):
    """Return what the simulated encoder does with a random recording at the slowest clock."""
    row_cycles = slowest_clock(recording, lanes) / recording.steps_hz
    row_words = words_per_row(recording.channels, lanes)
    packets = min(120, max(12, 2400 // (row_words * recording.epoch_steps)))
    steps = packets * recording.epoch_steps
    words = raster_words(raster_of(recording, steps), lanes)
    comes = np.ceil(np.arange(len(words) + 1) * row_cycles / row_words).astype(np.int64)
    comes[-1] += 1000
    queue, taken, cycles_out, output = 0, 0, [], []
    with encoder(recording.channels, lanes, settings_of(recording)) as circuit:
        for came, (now, then) in enumerate(pairwise(comes.tolist()), 1):
            queue = max(queue, came - taken)
            if then == now:
                continue
            run = circuit.run(words[taken:came], cycles_max=then - now, quiet_cycles=FOREVER)
            taken += len(run.cycles_in)
            cycles_out.append(run.cycles_out + now)
            output.append(run.output[:, 0])
        circuit.reset()
        fastest = circuit.run(words).cycles_in
    ends = np.flatnonzero(np.concatenate(output) & LAST)
    return Paced(queue, np.concatenate(cycles_out), ends, row_cycles, (fastest[-1] - fastest[0] + 1) / steps)


N1 = (Recording(1024, 20_000, 5), 8)
CASES = [
    N1,
    (Recording(1024, STEPS_HZ, 10, 12), 8),
    *((Recording(64, STEPS_HZ, STEPS_HZ * density, epoch), 8) for epoch in (1, 4, 20) for density in (0.01, 0.3, 1)),
    (Recording(64, STEPS_HZ, 10, 20, 1), 8),
    (Recording(64, STEPS_HZ, 100, 4), 8),
    *((Recording(32, STEPS_HZ, STEPS_HZ * density, epoch), 32) for epoch in (1, 4) for density in (0.01, 0.3, 1)),
    (Recording(8, STEPS_HZ, 10, 1), 8),
    (Recording(8, STEPS_HZ, 10, 1, 1), 8),
    (Recording(8, STEPS_HZ, 300, 20), 8),
]
BUFFERED = [case for case in CASES if case[0].epoch_steps >= 4]


def case_name(case):
    recording, lanes = case
    percent = 100 * recording.spikes_hz / recording.steps_hz
    packets = f"epochs of {recording.epoch_steps}, keyframe in {recording.keyframe_interval}"
    return f"{recording.channels}x{lanes}, {percent:g} %, {packets}"


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_words_do_not_pile_up_at_the_slowest_clock(case):
    """The formula is at most a fifth too large while spikes are rare, and in between 1.6 times as large."""
    recording, lanes = case
    did = paced(recording, lanes)
    assert did.queue <= size(recording, lanes).input_words
    rare = recording.spikes_hz <= 0.01 * recording.steps_hz
    assert did.fastest_cycles <= did.row_cycles <= (1.2 if rare else 1.6) * did.fastest_cycles


def departures(cycles, bytes_a_cycle):
    """Return when bytes have left a link, given when they came to it."""
    left, times = 0.0, []
    for cycle in cycles.tolist():
        left = max(left, cycle) + 1 / bytes_a_cycle
        times.append(left)
    return np.array(times)


@pytest.mark.parametrize("share", [1.05, 1.5, 3])
@pytest.mark.parametrize("case", BUFFERED, ids=case_name)
def test_buffers_suffice(case, share):
    """Neither is absurdly large, although one moment in a million needs more than a short simulation does."""
    recording, lanes = case
    did, clock = paced(recording, lanes), slowest_clock(recording, lanes)
    needs = size(recording, lanes, link_bits_per_second=share * recording.bits_per_second)
    left = departures(did.cycles_out, needs.link_bits_per_second / 8 / clock)
    still_there = np.arange(1, len(left) + 1) - np.searchsorted(left, did.cycles_out, side="right")
    assert still_there.max() <= needs.output_bytes <= max(64, 8 * still_there.max())
    assert did.queue <= needs.input_words <= 20 + 3 * did.queue
    begins = np.arange(len(did.ends)) * recording.epoch_steps * did.row_cycles
    delay = (left[did.ends] - begins).max() / clock
    assert delay <= needs.latency_s <= 4 * delay


DENSITIES = (0.0005, 0.003, 0.01, 0.1, 0.2, 0.3, 0.5, 0.9, 1.0)


@pytest.mark.parametrize("density", DENSITIES)
@pytest.mark.parametrize("channels", [8, 128, 1024])
@pytest.mark.parametrize(("epoch_steps", "keyframe_interval"), [(1, 1), (1, 50), (20, 1), (20, 50), (200, 50)])
def test_link_is_a_bound(density, channels, epoch_steps, keyframe_interval):
    """It is at most a fifth too large where one packet in 50 is a keyframe, and 1.4 times as large where all are."""
    steps = max(60 * epoch_steps, 10_000 // channels)
    raster = raster_of(Recording(channels, STEPS_HZ, density * STEPS_HZ), steps)
    if not raster.any():
        pytest.skip("no spike")
    recording = Recording(channels, STEPS_HZ, float(raster.mean() * STEPS_HZ), epoch_steps, keyframe_interval)
    sent = 8 * sum(map(len, encode_packets(raster, settings_of(recording)))) / (steps / STEPS_HZ)
    assert sent <= recording.bits_per_second <= (1.4 if keyframe_interval == 1 else 1.2) * sent


def test_some_cycles_of_a_packet_have_no_byte():
    """Six at most on average, where words take nearly as long as bytes: 42 % of 32 channels in packets of two rows."""
    recording, lanes = Recording(32, STEPS_HZ, 0.42 * STEPS_HZ, 2, 1), 32
    assert slowest_clock(recording, lanes) == recording.bits_per_second / 8 + 6 * recording.packets_hz
    with encoder(recording.channels, lanes, settings_of(recording)) as circuit:
        run = circuit.run(raster_words(raster_of(recording, 480), lanes))
    ends = np.flatnonzero(run.output[:, 0] & LAST)
    bytes_sent, cycles = np.ptp(ends), np.ptp(run.cycles_out[ends])
    assert 5 < (cycles - bytes_sent) / (len(ends) - 1) <= PACKET_CYCLES


def burst_cycles(density, lanes):
    """Return what one word in a million waits longer than, if it takes a cycle for each error, at least one."""
    recording, words = Recording(1024, STEPS_HZ, density * STEPS_HZ), 2_000_000
    word_cycles = slowest_clock(recording, lanes) / STEPS_HZ / words_per_row(recording.channels, lanes)
    errors = np.random.default_rng(3).binomial(lanes, density, words)
    behind = np.cumsum(np.maximum(1, errors) - word_cycles)
    waits = behind - np.minimum.accumulate(np.minimum(0, behind))
    return np.quantile(waits, 1 - 1e-6)


def test_words_wait_for_bursts_of_errors():
    longest = 0.0
    for lanes, density in ((8, 0.01), (8, 0.1), (8, 0.25), (32, 0.001), (32, 0.06)):
        assert waiting_cycles(Recording(1024, STEPS_HZ, density * STEPS_HZ), lanes) == BURST_CYCLES
        longest = max(longest, burst_cycles(density, lanes))
    assert 12 < longest <= BURST_CYCLES


def test_words_wait_longer_where_each_has_many_errors():
    used = []
    for lanes, density in ((8, 0.4), (32, 0.1), (32, 0.3), (64, 0.1), (128, 0.25)):
        waiting = waiting_cycles(Recording(1024, STEPS_HZ, density * STEPS_HZ), lanes)
        assert waiting == pytest.approx(8 * lanes * density + 24 - min(24, 1024 / lanes))
        used.append(burst_cycles(density, lanes) / (8 * lanes * density))
    assert 0.8 < max(used) <= 1


def test_short_rows_take_a_word_in_three_cycles():
    assert slowest_clock(Recording(24, 1000, 1, 10_000), 3) == pytest.approx(8 * 1000 + 24 * 2 / 3, rel=0.01)
    assert slowest_clock(Recording(24, 1000, 1, 10_000), 8) == pytest.approx(3 * 3 * 1000 + 24 * 5 / 8, rel=0.01)


def test_long_rows_take_a_cycle_a_word_and_further_error():
    recording = Recording(1000, 20_000, 10)
    assert slowest_clock(recording, 8) == 125 * 20_000 + 10_000 * 7 / 8
    assert slowest_clock(recording, 1) == 1000 * 20_000
    assert size(recording, 8).memory_bits == 40_000 + 310


@pytest.mark.parametrize("clock_hz", [0.2e6, 0.9e6, 3e6, 5e6, 24e6])
def test_lanes_are_the_fewest_for_a_clock(clock_hz):
    recording = Recording(384, 20_000, 10)
    lanes = fewest_lanes(recording, clock_hz)
    assert slowest_clock(recording, lanes) <= clock_hz
    assert all(slowest_clock(recording, fewer) > clock_hz for fewer in range(1, lanes))
    assert size(recording, clock_hz=clock_hz).lanes == lanes
    if words_per_row(recording.channels, lanes) >= 24:
        stated = math.ceil(recording.channels / math.floor((clock_hz - recording.errors_hz) / recording.steps_hz))
        assert lanes <= stated <= lanes + 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"channels": 0}, "channels must be an integer in 1..4096, not 0"),
        ({"steps_hz": 0}, "steps_hz must be in 0.001..1e+09, not 0"),
        ({"steps_hz": math.inf}, "steps_hz must be in 0.001..1e+09, not inf"),
        ({"steps_hz": math.nan}, "steps_hz must be in 0.001..1e+09, not nan"),
        ({"steps_hz": 1e308}, "steps_hz must be in 0.001..1e+09, not 1e+308"),
        ({"spikes_hz": 11}, "spikes_hz must be above 0 and at most 10 (the steps_hz), not 11"),
        ({"spikes_hz": math.nan}, "spikes_hz must be above 0 and at most 10 (the steps_hz), not nan"),
        ({"epoch_steps": 70_000}, "epoch_steps must be an integer in 1..65535, not 70000"),
        ({"keyframe_interval": 0}, "keyframe_interval must be an integer in 1..65535, not 0"),
    ],
)
def test_a_recording_out_of_range_is_refused(change, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Recording(**({"channels": 8, "steps_hz": 10, "spikes_hz": 1} | change))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"lanes": 9}, "lanes must be an integer in 1..8 (the channels), not 9"),
        ({"lanes": 2, "clock_hz": 40}, "clock_hz must be at least 54 and finite for 2 lanes, not 40"),
        ({"lanes": 2, "clock_hz": math.inf}, "clock_hz must be at least 54 and finite for 2 lanes, not inf"),
        ({"clock_hz": 10}, "clock_hz must be at least 46, with 8 lanes, not 10"),
        ({"link_bits_per_second": 100}, "link_bits_per_second must be finite and above 111, which the encoder sends"),
        ({"link_bits_per_second": math.inf}, "link_bits_per_second must be finite and above 111"),
    ],
)
def test_a_sizing_that_cannot_be_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        size(Recording(8, 10, 1), **arguments)


def test_the_rarest_spikes_have_a_size():
    needs = size(Recording(8, 1e9, 5e-324))
    assert all(map(math.isfinite, needs))


@pytest.mark.parametrize(
    ("value", "text"),
    [(23.04, "23.1"), (23.1, "23.1"), (1.1, "1.10"), (0.0456123, "0.0457"), (999.1, "1,000"), (123_456, "124,000")],
)
def test_a_minimum_is_rounded_up(value, text):
    assert up(value) == text


def invoke(*options):
    return CliRunner().invoke(app, ["size", *options])


def test_command_sizes():
    shown = invoke("--channels", "384", "--steps-hz", "30000", "--spikes-hz", "10", "--clock-hz", "12e6")
    assert shown.exit_code == 0
    assert "lanes   1\nclock   at least 11.6 MHz, here 12.0 MHz\n" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80


def test_command_sizes_for_machines():
    shown = invoke("--channels", "64", "--keyframe-interval", "10", "--link-bits-per-second", "5e5", "--json")
    recording = Recording(64, 20_000, 5, keyframe_interval=10)
    assert json.loads(shown.output) == size(recording, link_bits_per_second=5e5)._asdict()


def test_command_refuses():
    refused = invoke("--lanes", "2000")
    assert refused.exit_code == 2
    assert refused.stderr == "error: lanes must be an integer in 1..1024 (the channels), not 2000\n"


def test_without_bytes_behind_words_wait_in_front():
    """The page says how many, at the N1, with a link of 1.5 times what is sent."""
    waited, steps, places = Document("integration.md").numbers(
        "Sizes", r"word, (\d+) words waited in (\d+) simulated rows, where (\d+) bytes suffice"
    )
    recording, lanes = N1
    needs = size(recording, lanes)
    word_cycles = 2
    clock_hz = word_cycles * words_per_row(recording.channels, lanes) * recording.steps_hz
    byte_cycles = int(8 * clock_hz / needs.link_bits_per_second)
    words = raster_words(raster_of(recording, steps), lanes)
    queue, taken = 0, 0
    with encoder(recording.channels, lanes, settings_of(recording)) as circuit:
        for cycle in range(word_cycles * len(words)):
            came = cycle // word_cycles + 1
            queue = max(queue, came - taken)
            stalls = 0.0 if cycle % byte_cycles == 0 else 1.0
            run = circuit.run(words[taken:came], cycles_max=1, quiet_cycles=FOREVER, stalls=stalls)
            taken += len(run.cycles_in)
    assert (queue, needs.output_bytes) == (waited, places)
    waiting_s = 8 * needs.output_bytes / needs.link_bits_per_second
    assert queue <= waiting_s * words_per_row(recording.channels, lanes) * recording.steps_hz
