import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import cocotb
import pytest

from hdl.layouts import EMPTY_BITS, PACKET_INFO, run, word
from hdl.run_expander import STARVED_CYCLES, RunExpander
from model.golden.run_expander import RunExpander as GoldenRunExpander
from model.golden.run_gatherer import Run, RunGatherer
from tb.bench import PAUSES, Bench, Item, Pauses, Stream
from tb.decoded import CodedPacket, random_packets, watch_words
from tb.simulate import parameters, simulate

BENCH_WORDS = 4000
PACKETS = 60


@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (7, 3), (250, 8)])
def test_run_expander(simulator, channels, lanes):
    simulate(RunExpander(channels, lanes), __name__, simulator, channels=channels, lanes=lanes)


def runs_of(source: random.Random, packet: CodedPacket) -> Iterator[Item]:
    """Yield a packet's runs, the long ones cut anywhere."""
    runs = list(RunGatherer(parameters()["channels"], parameters()["lanes"]).gather(packet.gaps)) or [Run(0, 0)]
    for left, (empty, bits) in zip(reversed(range(len(runs))), runs, strict=True):
        while empty >= 1 << EMPTY_BITS or (empty and source.random() < 0.1):
            part = source.randrange(min(empty, 1 << EMPTY_BITS))
            yield {"tag": packet.tag, "empty": part, "bits": 0, "end": 0, "bad": 0}
            empty -= part + 1
        yield {"tag": packet.tag, "empty": empty, "bits": bits, "end": int(left == 0), "bad": 0}


def laid_out(packets: Sequence[CodedPacket]) -> list[tuple[Item, Item]]:
    """Return the words of packets, and what is told about each."""
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    gatherer, golden = RunGatherer(channels, lanes), GoldenRunExpander(channels, lanes)
    return [
        pair
        for each in packets
        for pair in each.words(golden.expand(gatherer.gather(each.gaps_within), len(each.rows)), lanes)
    ]


async def expand(
    dut,
    infos: Sequence[Item],
    runs: Sequence[Item],
    told: list[tuple[Item, Item]],
    pauses: str,
    run_pauses: Pauses = None,
    on_next: Callable[[int], object] = lambda index: None,
) -> None:
    """Send info and runs, the latter in `run_pauses` where given, and expect these words."""
    source, sink = PAUSES[pauses]
    info = Stream.of_block(dut, "packet", PACKET_INFO)
    i = Stream.of_block(dut, "i", run(parameters()["lanes"]))
    o = Stream.of_block(dut, "o", word(parameters()["lanes"]))
    async with Bench(dut) as bench:
        bench.watch(info)
        bench.watch(i)
        watch_words(bench, o, told)
        bench.drive(info, infos, source(1))
        bench.drive(i, runs, run_pauses or source(2), on_next)
        bench.drain(o, sink(o, 3))


def some_packets(source: random.Random) -> list[CodedPacket]:
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    steps_max = max(1, BENCH_WORDS // (PACKETS * -(-channels // lanes)))
    return random_packets(source, channels, PACKETS, steps_max)


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def words_equal_golden(dut, pauses):
    source = random.Random(pauses)
    packets = some_packets(source)
    runs = [item for packet in packets for item in runs_of(source, packet)]
    await expand(dut, [packet.info for packet in packets], runs, laid_out(packets), pauses)


@cocotb.test()
@cocotb.parametrize(pauses=["none", "both"])
async def streams_out_of_step_come_into_step_again(dut, pauses):
    """Of some packets the info is missing, of others the runs; both kinds are left out."""
    source = random.Random(pauses)
    packets = some_packets(source)
    no_info, no_runs = set(range(5, PACKETS, 9)), set(range(9, PACKETS, 9))
    infos = [packet.info for packet in packets if packet.sequence not in no_info]
    runs = [item for packet in packets if packet.sequence not in no_runs for item in runs_of(source, packet)]
    whole = [packet for packet in packets if packet.sequence not in no_info | no_runs]
    await expand(dut, infos, runs, laid_out(whole), pauses)


@cocotb.test()
@cocotb.parametrize(pauses=["none", "both"])
async def runs_that_do_not_come_are_given_up(dut, pauses):
    """The end of some packets is lost: they are laid out to their last word, which is marked as bad."""
    source = random.Random(pauses)
    packets = [replace(packet, beyond=()) for packet in some_packets(source)]
    runs, told, pause_at = [], [], set()
    for packet in packets:
        errors = list(runs_of(source, packet))
        words = laid_out([packet])
        if packet.sequence % 7 == 3:
            errors = [item | {"end": 0} for item in errors][: source.randint(1, len(errors))]
            left = sum(item["empty"] + 1 for item in errors)
            words[left:] = [(item | {"bits": 0}, about | {"bad": 1}) for item, about in words[left:]]
            words[-1][1]["bad"] = 1
            pause_at.add(len(runs) + len(errors))
        runs += errors
        told += words
    pausing = 0

    def pause_after_what_is_lost(index: int) -> None:
        nonlocal pausing
        pausing = STARVED_CYCLES + 50 if index in pause_at else 0

    def pauses_left() -> Iterator[bool]:
        nonlocal pausing
        while True:
            pausing -= 1
            yield pausing >= 0

    await expand(dut, [each.info for each in packets], runs, told, pauses, pauses_left(), pause_after_what_is_lost)
