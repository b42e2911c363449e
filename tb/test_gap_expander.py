import random
from collections.abc import Iterator

import cocotb
import pytest

from hdl.gap_expander import GapExpander
from hdl.layouts import PACKET_INFO, decoded_token, word
from hdl.run_expander import WORD_INFO
from model.golden.gap_expander import GapExpander as GoldenGapExpander
from tb.bench import PAUSES, Bench, Item, Packing, Stream
from tb.decoded import CodedPacket, random_packets
from tb.simulate import parameters, simulate
from tb.words import Epoch, marked_words

BENCH_WORDS = 4000


@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (7, 3), (64, 8), (250, 8)])
def test_gap_expander(simulator, channels, lanes):
    simulate(GapExpander(channels, lanes), __name__, simulator, channels=channels, lanes=lanes)


def expected_words(packet: CodedPacket, channels: int, lanes: int) -> Iterator[tuple[Item, Item]]:
    """Yield a packet's words and what is told about each."""
    gaps = [token["gap"] for token in packet.tokens() if token["error"]][: sum(map(sum, packet.rows))]
    rows = GoldenGapExpander(channels).expand(gaps, len(packet.rows))
    words = list(marked_words(Epoch(rows, packet.keyframe, 0), lanes))
    about = {"packet": Packing(PACKET_INFO).pack(packet.info)}
    for place, item in enumerate(words):
        step = sum(before["row_last"] for before in words[:place])
        yield (
            item,
            about
            | {
                "epoch_first": int(place == 0),
                "step_index": packet.step_index + step,
                "bad": int(item["epoch_last"] and bool(packet.beyond)),
            },
        )


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def words_equal_golden(dut, pauses):
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    words_a_row = -(-channels // lanes)
    packets = random_packets(random.Random(pauses), channels, 60, max(1, BENCH_WORDS // (60 * words_a_row)))
    told = [pair for packet in packets for pair in expected_words(packet, channels, lanes)]
    packing = Packing(WORD_INFO)

    def check_about(_: Item) -> None:
        """With each word, `about` tells of the word before."""
        taken = len(output.cycles) - 1
        assert taken == 0 or dut.about.value == packing.pack(told[taken - 1][1]), f"about word {taken - 1}"

    source, sink = PAUSES[pauses]
    info = Stream.of_block(dut, "packet", PACKET_INFO)
    i = Stream.of_block(dut, "i", decoded_token(channels))
    o = Stream.of_block(dut, "o", word(lanes))
    async with Bench(dut) as bench:
        bench.watch(info)
        bench.watch(i)
        output = bench.watch(o, [item for item, _ in told])
        output.listeners.append(check_about)
        bench.drive(info, [packet.info for packet in packets], source(1))
        bench.drive(i, [token for packet in packets for token in packet.tokens()], source(2))
        bench.drain(o, sink(o, 3))
