"""What the encoder promises of its speed, counted in clock cycles of the simulated Verilog.

Nothing pauses in these benches. Words are counted from the transfer of the first to that of the last, so that the time
in which the pipeline fills counts, and the time in which it empties does not.
"""

import itertools
import random
from collections.abc import Iterator, Sequence

import cocotb
import pytest

from hdl.isi_encoder import CODERS
from hdl.layouts import words_per_row
from hdl.predictor import CYCLES_ALONE, WORDS_IN_FLIGHT
from hdl.spike_encoder_top import SpikeEncoderTop
from model.golden import Settings
from tb.encoder import EncoderBench, record
from tb.requests import request
from tb.simulate import parameters, simulate
from tb.words import Row, random_row, row_words

WORDS_A_CYCLE = 0.99
"""At least so many words are taken at 1 % errors."""
FIRST_BYTE_CYCLES = 34
"""Longest wait from the first error of an epoch to the first byte of its packet."""


@pytest.mark.parametrize(("channels", "lanes"), [(1000, 8), (64, 1)])
def test_speed(simulator, channels, lanes):
    simulate(SpikeEncoderTop(channels, lanes), __name__, simulator, channels=channels, lanes=lanes)


def test_speed_in_short_rows(simulator):
    channels, lanes = 24, 8
    top = SpikeEncoderTop(channels, lanes)
    simulate(top, __name__, simulator, channels=channels, lanes=lanes, only="words_in_one_packet")


def random_rows(density: float, steps: int) -> list[Row]:
    source = random.Random(1)
    return [random_row(source, parameters()["channels"], density) for _ in range(steps)]


async def encode(dut, rows: Sequence[Row], coder: str, epoch_steps: int, keyframe_interval: int) -> EncoderBench:
    """Encode a raster without prediction, so that every spike is an error."""
    settings = Settings(alpha_q8=0, coder=coder, epoch_steps=epoch_steps, keyframe_interval=keyframe_interval)
    flushed = [False] * (len(rows) - 1) + [True]
    async with EncoderBench(dut) as bench:
        bench.send(record(rows, flushed, itertools.repeat(request(settings)), list(CODERS)), parameters()["lanes"])
    return bench


def words_of(rows: Sequence[Row]) -> list[int]:
    return [word for row in rows for word in row_words(row, parameters()["lanes"])]


def check_no_word_late(bench: EncoderBench, rows: Sequence[Row]) -> None:
    """Check that every word is taken by when it is due: in as many cycles as it has errors, at least one or three."""
    words = words_per_row(parameters()["channels"], parameters()["lanes"])
    least = 1 if words >= WORDS_IN_FLIGHT else CYCLES_ALONE
    cycles = [max(least, word.bit_count()) for word in words_of(rows)]
    due = itertools.accumulate(cycles[:-1], initial=bench.input.cycles[0])
    late = [taken - by for taken, by in zip(bench.input.cycles, due, strict=True)]
    assert max(late) <= 0, f"word {late.index(max(late))} of {len(late)} is taken {max(late)} cycles late"


@cocotb.test()
@cocotb.parametrize(coder=list(CODERS))
async def words_at_one_percent(dut, coder):
    rows = random_rows(0.01, steps=100)
    bench = await encode(dut, rows, coder, epoch_steps=20, keyframe_interval=2)
    taken = bench.input.cycles
    rate = (len(taken) - 1) / (taken[-1] - taken[0])
    cocotb.log.info("%.4f words a cycle", rate)
    assert rate >= WORDS_A_CYCLE
    check_no_word_late(bench, rows)


@cocotb.test()
async def bins_at_all_ones(dut):
    """Never less than a bin a cycle where every bin is an error, from the first word on and across keyframes."""
    rows = random_rows(1, steps=40)
    for epoch_steps in (1, 20):
        check_no_word_late(await encode(dut, rows, "rice", epoch_steps, keyframe_interval=2), rows)


@cocotb.test()
async def words_in_one_packet(dut):
    for density in (0, 0.01, 1):
        rows = random_rows(density, steps=40)
        check_no_word_late(await encode(dut, rows, "rice", epoch_steps=100, keyframe_interval=1), rows)


@cocotb.test()
@cocotb.parametrize(coder=list(CODERS))
async def keyframes_without_dead_cycle(dut, coder):
    """A word in every cycle, across a keyframe in every second row."""
    rows = random_rows(0, steps=20)
    bench = await encode(dut, rows, coder, epoch_steps=2, keyframe_interval=1)
    first = bench.input.cycles[0]
    assert bench.input.cycles == list(range(first, first + len(words_of(rows))))


def first_byte_waits(bench: EncoderBench, rows: Sequence[Row], epoch_steps: int) -> Iterator[int]:
    """Yield, for each epoch with an error, the cycles from the word with the first one to the packet's first byte."""
    epoch_words = epoch_steps * words_per_row(parameters()["channels"], parameters()["lanes"])
    words = words_of(rows)
    first_bytes = itertools.accumulate(map(len, bench.packets.wholes[:-1]), initial=0)
    for first_word, first_byte in zip(range(0, len(words), epoch_words), first_bytes, strict=True):
        errors = [place for place in range(first_word, first_word + epoch_words) if words[place]]
        if errors:
            yield bench.output.cycles[first_byte] - bench.input.cycles[errors[0]]


@cocotb.test()
@cocotb.parametrize(coder=list(CODERS), epoch_steps=[1, 7])
async def first_byte(dut, coder, epoch_steps):
    """The first byte of a packet leaves soon after its epoch's first error, however many bytes went before."""
    for density in (0.01, 0.1, 0.3, 0.6, 1):
        rows = random_rows(density, steps=28)
        bench = await encode(dut, rows, coder, epoch_steps, keyframe_interval=2)
        longest = max(first_byte_waits(bench, rows, epoch_steps))
        cocotb.log.info("at most %d cycles at density %s", longest, density)
        assert longest <= FIRST_BYTE_CYCLES
