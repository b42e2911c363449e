"""What the benches of the decoders of codewords share."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from cocotb.triggers import RisingEdge, Timer

from hdl.bit_unpacker import WINDOW_BITS
from hdl.layouts import gap_bits
from model.golden.codeword_decoder import CodewordDecoder, read_tokens
from tb.bench import Bench, Item, Packing

Payload = tuple[bool, bytes]
"""Whether a payload is a keyframe's, and its bytes."""


def golden_tokens(golden: CodewordDecoder, payload: bytes, channels: int) -> list[Item]:
    """Return the tokens of a payload, good or bad, by the golden decoder."""
    tokens = read_tokens(golden, payload, gap_bits(channels))
    return [
        {"gap": gap, "error": int(gap is not None), "end": int(gap is None), "bad": int(bad)} for gap, bad in tokens
    ]


async def compare_tokens(
    dut: Any, packing: Packing, source: random.Random, payloads: Sequence[Payload], expected: Sequence[Sequence[Item]]
) -> None:
    """Show the decoder each payload, bit by bit as it takes them and as fast as a coin has it; compare its tokens."""
    dut.start.value = dut.enable.value = 0
    async with Bench(dut) as bench:
        bench.abandon()
        for (keyframe, payload), tokens in zip(payloads, expected, strict=True):
            dut.start.value, dut.keyframe.value, dut.enable.value = 1, int(keyframe), 0
            await RisingEdge(dut.clk)
            dut.start.value, dut.enable.value = 0, 1
            assert await _decode(dut, packing, source, payload) == list(tokens), payload.hex()


async def _decode(dut: Any, packing: Packing, source: random.Random, payload: bytes) -> list[Item]:
    bits = "".join(f"{byte:08b}" for byte in payload)
    taken = shown = 0
    tokens: list[Item] = []
    while not (tokens and tokens[-1]["end"]):
        shown = min(len(bits), max(shown, taken) + source.choice((0, 8, WINDOW_BITS)), taken + WINDOW_BITS)
        dut.available.value = shown - taken
        dut.ended.value = int(shown == len(bits))
        dut.window.value = int(bits[taken:shown].ljust(WINDOW_BITS, "0"), 2)
        dut.o__ready.value = int(source.random() < 0.7)
        await Timer(1, "ns")
        taken += int(dut.take.value)
        assert taken <= shown, "bits taken that are not there"
        if dut.o__valid.value and dut.o__ready.value:
            token = packing.unpack(int(dut.o__payload.value))
            del token["tag"]
            tokens.append(token if token["error"] else token | {"gap": None})
        await RisingEdge(dut.clk)
        await Timer(1, "ns")
    return tokens
