"""What the benches share that are judged by cocotbext-axi: a design with its clock, its reset and random pauses."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp, AxiStreamBus, AxiStreamSink, AxiStreamSource

from hdl.register_block import WORD_BYTES, Register
from tb.bench import CLOCK_NS, RESET_CYCLES, coins
from tb.words import Row, row_words


async def reset(dut: Any) -> None:
    """Start the clock and reset the design."""
    cocotb.start_soon(Clock(dut.clk, CLOCK_NS, "ns").start())
    dut.rst.value = 1
    await ClockCycles(dut.clk, RESET_CYCLES)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 1)


def word_source(dut: Any, name: str, pause: float, seed: int) -> AxiStreamSource:
    """Return what drives the stream `name`, pausing with a chance; a word is one item, however wide."""
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, name), dut.clk, dut.rst, byte_lanes=1)
    source.set_pause_generator(coins(pause, seed))
    return source


def word_sink(dut: Any, name: str, pause: float, seed: int) -> AxiStreamSink:
    """Return what reads the stream `name`, pausing with a chance; a word is one item, however wide."""
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, name), dut.clk, dut.rst, byte_lanes=1)
    sink.set_pause_generator(coins(pause, seed))
    return sink


def raster_words(rows: Sequence[Row], lanes: int) -> list[int]:
    """Return the words of a raster."""
    return [word for row in rows for word in row_words(row, lanes)]


class RegisterMaster:
    """Reads and writes registers by name; each of the five channels pauses at random.

    Attributes
    ----------
    master : AxiLiteMaster
        What drives the port.
    """

    def __init__(self, dut: Any, prefix: str, registers: Sequence[Register], pause: float = 0.3, seed: int = 1) -> None:
        bus = AxiLiteBus.from_prefix(dut, prefix) if prefix else AxiLiteBus.from_entity(dut)
        self.master = AxiLiteMaster(bus, dut.clk, dut.rst)
        self._addresses: Mapping[str, int] = {register.name: register.address for register in registers}
        source = random.Random(seed)
        write, read = self.master.write_if, self.master.read_if
        for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
            channel.set_pause_generator(coins(pause, source.getrandbits(32)))

    async def write_at(self, address: int, value: int, size: int = WORD_BYTES) -> int:
        """Write the low `size` bytes of a word; return the response."""
        return (await self.master.write(address, value.to_bytes(size, "little"))).resp

    async def read_at(self, address: int) -> tuple[int, int]:
        """Read a word; return the response and the value."""
        answer = await self.master.read(address, WORD_BYTES)
        return answer.resp, int.from_bytes(answer.data, "little")

    async def write(self, name: str, value: int) -> None:
        """Write a register."""
        assert await self.write_at(self._addresses[name], value) == AxiResp.OKAY, f"{name} refuses {value:#x}"

    async def read(self, name: str) -> int:
        """Read a register."""
        response, value = await self.read_at(self._addresses[name])
        assert response == AxiResp.OKAY, f"{name} cannot be read"
        return value
