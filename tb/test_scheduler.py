import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cocotb
import pytest
from cocotb.triggers import RisingEdge

from hdl.isi_encoder import CODERS
from hdl.layouts import CLOSING, SETTINGS, input_word, word, words_per_row
from hdl.scheduler import Scheduler
from model.golden.scheduler import Scheduler as GoldenScheduler
from model.golden.settings import CODER_IDS, Settings
from model.golden.spike_check import SpikeCheck
from tb.bench import PAUSES, Bench, Item, Packing, Stream, bursts
from tb.requests import in_range, junk, random_request, request
from tb.simulate import parameters, simulate
from tb.words import Epoch, Row, marked_words, random_row, row_words


@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (7, 3), (8, 8), (16, 4)])
def test_scheduler(simulator, channels, lanes):
    simulate(Scheduler(channels, lanes), __name__, simulator, channels=channels, lanes=lanes, coders=list(CODERS))


@pytest.mark.parametrize("coder", CODERS)
def test_scheduler_with_one_coder(simulator, coder):
    simulate(Scheduler(5, 2, (coder,)), __name__, simulator, channels=5, lanes=2, coders=[coder])


@dataclass(frozen=True)
class PlannedEpoch:
    """An epoch with the settings in force, and, of a keyframe, those asked for."""

    epoch: Epoch
    requested: Item
    settings: Settings
    flushed: bool


def random_plan(source: random.Random, channels: int, coders: Sequence[str], count: int) -> Iterator[PlannedEpoch]:
    """Yield epochs as the golden scheduler cuts them; about one in three ends early."""
    golden = None
    for _ in range(count):
        if golden is None or golden.starts_keyframe:
            requested = random_request(source)
            golden = GoldenScheduler(in_range(requested, coders))
        keyframe = golden.in_keyframe
        rows: list[Row] = []
        flush_at = source.choice((1, source.randint(1, 12)))
        complete = False
        while not complete and len(rows) < flush_at:
            rows.append(random_row(source, channels, 0.5))
            complete = golden.step()
        golden.end_epoch()
        epoch = Epoch(rows, keyframe, CODER_IDS[golden.settings.coder])
        yield PlannedEpoch(epoch, requested, golden.settings, flushed=not complete)


def input_words(source: random.Random, planned: PlannedEpoch, lanes: int) -> Iterator[Item]:
    """Yield an epoch's words, with `last` in any word of the last row, and with any bits beyond the last channel."""
    channels = len(planned.epoch.rows[0])
    count = words_per_row(channels, lanes)
    for step, row in enumerate(planned.epoch.rows):
        last_row = planned.flushed and step == len(planned.epoch.rows) - 1
        last_at = source.randrange(count) if last_row else None
        beyond = source.randrange(1 << (count * lanes - channels)) << (channels - (count - 1) * lanes)
        for place, spikes in enumerate(row_words(row, lanes)):
            junk_bits = beyond if place == count - 1 else 0
            yield {"spikes": spikes | junk_bits, "last": int(place == last_at)}


def expected_closing(epoch: Epoch) -> Item:
    """Return what an epoch's closing says, by the golden check of its spikes."""
    check = SpikeCheck()
    for spike in epoch.bins:
        check.push(spike)
    return {"steps": len(epoch.rows), "check": check.value}


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def words_equal_golden(dut, pauses):
    channels, lanes, coders = (parameters()[name] for name in ("channels", "lanes", "coders"))
    random_source = random.Random(pauses)
    plan = list(random_plan(random_source, channels, coders, count=150))
    words = [item for planned in plan for item in input_words(random_source, planned, lanes)]
    marked = [(item, planned) for planned in plan for item in marked_words(planned.epoch, lanes)]
    packing = Packing(SETTINGS)
    packed_settings = [packing.pack(request(planned.settings)) for _, planned in marked]

    def put_request(index: int) -> None:
        """Ask for settings with the first word of a keyframe, and for anything else at other times."""
        item, planned = marked[index]
        first = item["restart"] and item["row_first"]
        dut.requested.value = packing.pack(planned.requested if first else junk(random_source))

    def check_settings_taken(_: Item) -> None:
        """With each word, the settings are those of the word before."""
        taken = len(output.cycles) - 1
        assert taken == 0 or dut.settings.value == packed_settings[taken - 1], f"settings at word {taken}"

    async def toggle_backlogged() -> None:
        for backlogged in bursts(9, seed=5):
            dut.backlogged.value = backlogged
            await RisingEdge(dut.clk)

    def check_backlogged(_: Item) -> None:
        """An epoch is offered only where nothing is backlogged."""
        taken = len(output.cycles) - 1
        begins = taken == 0 or marked[taken - 1][0]["epoch_last"]
        assert not (begins and output.waited == 0 and dut.backlogged.value), f"word {taken}"

    def check_settings_opened(_: Item) -> None:
        """A packet's settings hold until its opening is taken."""
        opened = len(openings.cycles) - 1
        assert dut.settings.value == packing.pack(request(plan[opened].settings)), f"settings at opening {opened}"

    source, sink = PAUSES[pauses]
    i = Stream.of_block(dut, "i", input_word(lanes))
    o = Stream.of_block(dut, "o", word(lanes))
    opening = Stream.of_block(dut, "opening", 1)
    closing = Stream.of_block(dut, "closing", CLOSING)
    async with Bench(dut) as bench:
        bench.watch(i)
        output = bench.watch(o, [item for item, _ in marked])
        output.listeners += [check_settings_taken, check_backlogged]
        bench.start(toggle_backlogged())
        openings = bench.watch(opening, [int(planned.epoch.keyframe) for planned in plan])
        openings.listeners.append(check_settings_opened)
        bench.watch(closing, [expected_closing(planned.epoch) for planned in plan])
        bench.drive(i, words, source(1), put_request)
        bench.drain(o, sink(o, 2))
        bench.drain(opening, sink(opening, 3))
        bench.drain(closing, sink(closing, 4))
