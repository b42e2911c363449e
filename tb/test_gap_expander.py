import random

import cocotb
import pytest

from hdl.gap_expander import GapExpander
from hdl.layouts import PACKET_INFO, decoded_token, word
from model.golden.gap_expander import GapExpander as GoldenGapExpander
from tb.bench import PAUSES, Bench, Stream
from tb.decoded import random_packets, watch_words
from tb.simulate import parameters, simulate

BENCH_WORDS = 4000


@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (7, 3), (64, 8), (250, 8)])
def test_gap_expander(simulator, channels, lanes):
    simulate(GapExpander(channels, lanes), __name__, simulator, channels=channels, lanes=lanes)


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def words_equal_golden(dut, pauses):
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    words_a_row = -(-channels // lanes)
    packets = random_packets(random.Random(pauses), channels, 60, max(1, BENCH_WORDS // (60 * words_a_row)))
    golden = GoldenGapExpander(channels, lanes)
    told = [pair for each in packets for pair in each.words(golden.expand(each.gaps_within, len(each.rows)), lanes)]
    source, sink = PAUSES[pauses]
    info = Stream.of_block(dut, "packet", PACKET_INFO)
    i = Stream.of_block(dut, "i", decoded_token(channels))
    o = Stream.of_block(dut, "o", word(lanes))
    async with Bench(dut) as bench:
        bench.watch(info)
        bench.watch(i)
        watch_words(bench, o, told)
        bench.drive(info, [packet.info for packet in packets], source(1))
        bench.drive(i, [token for packet in packets for token in packet.tokens()], source(2))
        bench.drain(o, sink(o, 3))
