import random
from collections.abc import Iterator

import cocotb
import pytest

from hdl.gap_counter import GapCounter
from hdl.layouts import gap_token, word
from model.golden.gap_counter import GapCounter as GoldenGapCounter
from tb.bench import PAUSES, Item, Stream, compare_block
from tb.simulate import parameters, simulate
from tb.words import Epoch, marked_words, random_epochs, row_words


@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (7, 3), (64, 8), (32, 32)])
def test_gap_counter(simulator, channels, lanes):
    simulate(GapCounter(channels, lanes), __name__, simulator, channels=channels, lanes=lanes)


def expected_tokens(epoch: Epoch, lanes: int) -> Iterator[Item]:
    counter = GoldenGapCounter()
    gaps = [gap for gap in map(counter.push, epoch.bins) if gap is not None]
    in_last_word = row_words(epoch.rows[-1], lanes)[-1].bit_count()
    common = {"keyframe": int(epoch.keyframe), "coder": epoch.coder}
    for left, gap in zip(reversed(range(len(gaps))), gaps, strict=True):
        yield common | {"gap": gap, "error": 1, "end": int(left == 0 and in_last_word > 0)}
    if not in_last_word:
        yield common | {"gap": None, "error": 0, "end": 1}


def without_meaningless(token: Item) -> Item:
    return token if token["error"] else token | {"gap": None}


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def tokens_equal_golden(dut, pauses):
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    epochs = random_epochs(random.Random(pauses), channels, count=30, steps_max=12)
    words = [item for epoch in epochs for item in marked_words(epoch, lanes)]
    tokens = [token for epoch in epochs for token in expected_tokens(epoch, lanes)]
    i = Stream.of_block(dut, "i", word(lanes))
    o = Stream.of_block(dut, "o", gap_token(channels), meaning=without_meaningless)
    await compare_block(dut, pauses, i, words, o, tokens)
