import random
from collections.abc import Iterable, Iterator

import cocotb
import pytest

from hdl.layouts import CODEWORD, gap_token
from hdl.rice_coder import RiceCoder
from model.golden.codeword import Codeword
from model.golden.rice_coder import ESCAPE
from model.golden.rice_coder import RiceCoder as GoldenRiceCoder
from tb.bench import PAUSES, Item, Stream, compare_block
from tb.codewords import codeword_item
from tb.simulate import parameters, simulate
from tb.tokens import random_tokens


@pytest.mark.parametrize("channels", [1, 1000, 4096])
def test_rice_coder(simulator, channels):
    simulate(RiceCoder(channels), __name__, simulator, channels=channels)


def expected_codewords(tokens: Iterable[Item]) -> Iterator[Codeword]:
    golden, first = GoldenRiceCoder(), True
    for token in tokens:
        if first:
            golden = GoldenRiceCoder() if token["keyframe"] else golden
            golden.start_epoch()
        yield golden.encode(token["gap"]) if token["error"] else Codeword(0, 0, 0)
        first = bool(token["end"])


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def codewords_equal_golden(dut, pauses):
    channels = parameters()["channels"]
    tokens = random_tokens(random.Random(pauses), channels, count=1500)
    codewords = list(expected_codewords(tokens))
    assert any(codeword.zeros > ESCAPE for codeword in codewords), "no escape"
    items = [codeword_item(codeword, token["end"]) for codeword, token in zip(codewords, tokens, strict=True)]
    i = Stream.of_block(dut, "i", gap_token(channels))
    o = Stream.of_block(dut, "o", CODEWORD)
    await compare_block(dut, pauses, i, tokens, o, items)
