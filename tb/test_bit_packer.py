import random
from collections.abc import Iterable, Iterator

import cocotb

from hdl.bit_packer import BitPacker
from hdl.layouts import CODEWORD, PAYLOAD_BYTE, VALUE_BITS
from model.golden.bit_packer import BitPacker as GoldenBitPacker
from model.golden.codeword import Codeword
from model.golden.rice_coder import ESCAPE, GAP_BITS
from tb.bench import PAUSES, Item, Stream, compare_block
from tb.simulate import simulate


def test_bit_packer(simulator):
    simulate(BitPacker(), __name__, simulator)


def random_codeword(source: random.Random) -> Item:
    """Return a codeword: short, any, or none at all."""
    kind = source.choice(("short", "any", "none"))
    zeros = {"short": source.randint(0, 7), "any": source.randint(0, ESCAPE + GAP_BITS), "none": 0}[kind]
    width = {"short": source.randint(1, 4), "any": source.randint(0, VALUE_BITS), "none": 0}[kind]
    return {"zeros": zeros, "value": source.randrange(1 << width), "width": width, "end": int(source.random() < 0.1)}


def expected_payloads(codewords: Iterable[Item]) -> Iterator[bytes]:
    golden = GoldenBitPacker()
    for codeword in codewords:
        golden.push(Codeword(codeword["zeros"], codeword["value"], codeword["width"]))
        if codeword["end"]:
            yield golden.finish()


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def payloads_equal_golden(dut, pauses):
    random_source = random.Random(pauses)
    codewords = [random_codeword(random_source) for _ in range(1500)]
    codewords[-1]["end"] = 1
    payloads = list(expected_payloads(codewords))
    assert b"" in payloads, "no empty payload"
    i = Stream.of_block(dut, "i", CODEWORD)
    o = Stream.of_block(dut, "o", PAYLOAD_BYTE)
    await compare_block(dut, pauses, i, codewords, o, payloads, joined_by="end")
