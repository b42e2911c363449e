import random
from collections.abc import Iterable, Iterator

import cocotb

from hdl.bit_packer import BitPacker
from hdl.layouts import CODEWORD, CODEWORD_BITS_MAX, PAYLOAD_BYTE, VALUE_BITS
from model.golden.bit_packer import BitPacker as GoldenBitPacker
from model.golden.codeword import Codeword
from tb.bench import PAUSES, Stream, compare_block
from tb.codewords import codeword_item
from tb.simulate import simulate


def test_bit_packer(simulator):
    simulate(BitPacker(), __name__, simulator)


def random_codeword(source: random.Random) -> Codeword:
    """Return a codeword: short, any, or none at all."""
    kind = source.choice(("short", "any", "none"))
    width = {"short": source.randint(1, 4), "any": source.randint(0, VALUE_BITS), "none": 0}[kind]
    zeros = {"short": source.randint(0, 7), "any": source.randint(0, CODEWORD_BITS_MAX - width), "none": 0}[kind]
    return Codeword(zeros, source.randrange(1 << width), width)


def expected_payloads(codewords: Iterable[Codeword], ends: Iterable[int]) -> Iterator[bytes]:
    golden = GoldenBitPacker()
    for codeword, end in zip(codewords, ends, strict=True):
        golden.push(codeword)
        if end:
            yield golden.finish()


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def payloads_equal_golden(dut, pauses):
    random_source = random.Random(pauses)
    codewords = [random_codeword(random_source) for _ in range(1500)]
    ends = [*(int(random_source.random() < 0.1) for _ in codewords[1:]), 1]
    payloads = list(expected_payloads(codewords, ends))
    assert b"" in payloads, "no empty payload"
    i = Stream.of_block(dut, "i", CODEWORD)
    o = Stream.of_block(dut, "o", PAYLOAD_BYTE)
    items = map(codeword_item, codewords, ends)
    await compare_block(dut, pauses, i, list(items), o, payloads, joined_by="end")
