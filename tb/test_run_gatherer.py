import random
from collections.abc import Callable, Iterator

import cocotb
import pytest
from cocotb.triggers import RisingEdge, Timer

from hdl.layouts import decoded_token, run
from hdl.run_gatherer import RunGatherer
from model.golden.run_gatherer import Run
from model.golden.run_gatherer import RunGatherer as GoldenRunGatherer
from model.golden.settings import EPOCH_STEPS_MAX
from tb.bench import PAUSES, Bench, Item, Packing, Scoreboard, Stream
from tb.decoded import CodedPacket, random_packets
from tb.simulate import parameters, simulate

BENCH_WORDS = 4000
PACKETS = 60


@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (7, 3), (250, 8)])
def test_run_gatherer(simulator, channels, lanes):
    simulate(RunGatherer(channels, lanes), __name__, simulator, channels=channels, lanes=lanes)


def tokens_of(packet: CodedPacket) -> list[Item]:
    """Return a packet's tokens; the last one of a packet in three says that the payload is bad."""
    *tokens, end = packet.tokens()
    return [*tokens, end | {"bad": int(packet.sequence % 3 == 0), "gap": packet.sequence % 16}]


def expected_runs(packet: CodedPacket) -> Iterator[Item]:
    runs = list(GoldenRunGatherer(parameters()["channels"], parameters()["lanes"]).gather(packet.gaps)) or [Run(0, 0)]
    for left, (empty, bits) in zip(reversed(range(len(runs))), runs, strict=True):
        bad = int(left == 0 and packet.sequence % 3 == 0)
        yield {"tag": packet.tag, "empty": empty, "bits": bits, "end": int(left == 0), "bad": bad}


def whole_runs(board: Scoreboard) -> Callable[[Item], None]:
    """Return a listener that joins runs that were cut before it compares them."""
    empty = 0

    def take(item: Item) -> None:
        nonlocal empty
        if item["bits"] or item["end"]:
            board.compare(item | {"empty": empty + item["empty"]})
            empty = 0
        else:
            empty += item["empty"] + 1

    return take


def some_packets(seed: str) -> list[CodedPacket]:
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    steps_max = max(1, BENCH_WORDS // (PACKETS * -(-channels // lanes)))
    return random_packets(random.Random(seed), channels, PACKETS, steps_max)


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def runs_equal_golden(dut, pauses):
    packets = some_packets(pauses)
    source, sink = PAUSES[pauses]
    i = Stream.of_block(dut, "i", decoded_token(parameters()["channels"]))
    o = Stream.of_block(dut, "o", run(parameters()["lanes"]))
    dut.skip.value = 0
    async with Bench(dut) as bench:
        board = Scoreboard("o", [item for packet in packets for item in expected_runs(packet)])
        bench.scoreboards.append(board)
        bench.watch(i)
        bench.watch(o).listeners.append(whole_runs(board))
        bench.drive(i, [token for packet in packets for token in tokens_of(packet)], source(1))
        bench.drain(o, sink(o, 2))


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def what_is_skipped_takes_no_time_and_leaves_no_trace(dut, pauses):
    """Between any two packets comes one whose gaps lead through a whole epoch each, and which is skipped."""
    channels = parameters()["channels"]
    packets = some_packets(pauses)
    longest = {"tag": 0, "gap": channels * EPOCH_STEPS_MAX - 1, "error": 1, "end": 0, "bad": 0}
    skipped = [longest] * 4 + [{"tag": 0, "gap": 0, "error": 0, "end": 1, "bad": 0}]
    ended = of_skipped = 0

    def count_ends(item: Item) -> None:
        nonlocal ended, of_skipped
        of_skipped += ended % 2
        ended += item["end"]
        assert of_skipped <= len(skipped) * (ended + 1), "runs are made of what is skipped"

    async def skip_every_other() -> None:
        while True:
            await RisingEdge(dut.clk)
            await Timer(1, "ns")
            ends = dut.o__valid.value and packing.unpack(int(dut.o__payload.value))["end"]
            dut.skip.value = (ended + bool(ends)) % 2

    layout = run(parameters()["lanes"])
    packing = Packing(layout)
    source, sink = PAUSES[pauses]
    i, o = Stream.of_block(dut, "i", decoded_token(channels)), Stream.of_block(dut, "o", layout)
    dut.skip.value = 0
    async with Bench(dut) as bench:
        board = Scoreboard("o", [item for packet in packets for item in expected_runs(packet)])
        bench.scoreboards.append(board)
        compare = whole_runs(board)
        output = bench.watch(o)
        output.listeners.append(lambda item: compare(item) if ended % 2 == 0 else None)
        output.listeners.append(count_ends)
        bench.start(skip_every_other())
        bench.watch(i)
        bench.drive(i, [token for packet in packets for token in [*tokens_of(packet), *skipped]], source(1))
        bench.drain(o, sink(o, 2))
