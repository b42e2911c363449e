"""The register block, driven by cocotbext-axi: every kind of field, every response, any order of the channels."""

import random
import re

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiResp

from hdl.register_block import Access, Field, Register, RegisterBlock, check_registers
from tb.axi import RegisterMaster, reset
from tb.simulate import simulate

REGISTERS = (
    Register("FIXED", 0x00, (Field("fixed", Access.CONSTANT, 32, "", value=0x12345678),)),
    Register(
        "MIXED",
        0x04,
        (
            Field("level", Access.SETTING, 3, "", value=5),
            Field("start", Access.TRIGGER, 1, "", low=4),
            Field("stop", Access.TRIGGER, 1, "", low=20),
        ),
    ),
    Register("WIDE", 0x40, (Field("wide", Access.SETTING, 32, "", value=0xDEADBEEF),)),
    Register("LEVELS", 0x80, (Field("low", Access.STATE, 4, ""), Field("high", Access.STATE, 8, "", low=24))),
    Register("TALLY", 0xFC, (Field("tally", Access.COUNT, 6, "", step_bits=3),)),
)
START, STOP = 1 << 4, 1 << 20


def test_register_block():
    simulate(RegisterBlock(REGISTERS), __name__, "verilator")


@pytest.mark.parametrize(
    ("registers", "message"),
    [
        ([Register("A", 2, ())], "address of A must be a multiple of 4 in 0..252 that no other register has, not 2"),
        ([Register("A", 256, ())], "address of A must be"),
        ([Register("A", 4, ()), Register("B", 4, ())], "address of B must be"),
        (
            [Register("A", 0, (Field("x", Access.STATE, 1, ""), Field("x", Access.STATE, 1, "", low=1)))],
            "field 'x' of A",
        ),
        ([Register("A", 0, (Field("rdata", Access.STATE, 1, ""),))], "field 'rdata' of A"),
        ([Register("A", 0, (Field("x", Access.STATE, 2, "", low=31),))], "not bits 31..32 with 0"),
        ([Register("A", 0, (Field("x", Access.STATE, 2, ""), Field("y", Access.STATE, 1, "", low=1)))], "field y of A"),
        ([Register("A", 0, (Field("x", Access.SETTING, 2, "", value=4),))], "not bits 0..1 with 4"),
    ],
)
def test_tables_that_cannot_be(registers, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_registers(registers)


async def begin(dut, pause=0.3, seed=1) -> RegisterMaster:
    for name in ("low", "high", "tally"):
        getattr(dut, name).value = 0
    registers = RegisterMaster(dut, "", REGISTERS, pause, seed)
    await reset(dut)
    return registers


@cocotb.test()
async def fields_read_as_they_should(dut):
    registers = await begin(dut)
    assert await registers.read("FIXED") == 0x12345678
    assert await registers.read("MIXED") == 5
    assert await registers.read("WIDE") == 0xDEADBEEF
    dut.low.value, dut.high.value = 9, 0xA5
    assert await registers.read("LEVELS") == 0xA5000009


@cocotb.test()
async def refused_accesses_change_nothing(dut):
    registers = await begin(dut)
    known = {register.address for register in REGISTERS}
    for address in range(256):
        response, value = await registers.read_at(address) if address % 4 == 0 else (None, None)
        if response is not None:
            assert response == (AxiResp.OKAY if address in known else AxiResp.SLVERR), f"read of {address:#x}"
            assert response == AxiResp.OKAY or value == 0
        if address not in (0x04, 0x40):
            assert await registers.write_at(address, 0, 1) == AxiResp.SLVERR, f"write of {address:#x}"
    for address in (0x01, 0x42, 0x7F):
        assert (await registers.master.read(address, 1)).resp == AxiResp.SLVERR, f"read of {address:#x}"
    for bit in range(32):
        expected = AxiResp.OKAY if bit in (0, 1, 2, 4, 20) else AxiResp.SLVERR
        assert await registers.write_at(0x04, 5 | 1 << bit) == expected, f"write of bit {bit}"
        await registers.write_at(0x04, 5)
    assert (await registers.read("MIXED"), await registers.read("WIDE")) == (5, 0xDEADBEEF)


@cocotb.test()
@cocotb.parametrize(pause=[0.0, 0.3, 0.8])
async def writes_in_any_order_of_the_channels(dut, pause):
    registers = await begin(dut, pause, seed=int(pause * 10))
    source = random.Random(1)
    expected = 0xDEADBEEF
    for _ in range(60):
        if source.random() < 0.5:
            size = source.randint(1, 4)
            value = source.getrandbits(8 * size)
            expected = expected >> 8 * size << 8 * size | value
            assert await registers.write_at(0x40, value, size) == AxiResp.OKAY
        assert dut.wide.value == expected
        assert await registers.read("WIDE") == expected


@cocotb.test()
async def strobes_choose_bytes(dut):
    registers = await begin(dut)
    write = registers.master.write_if
    for strobes in range(16):
        before = int(dut.wide.value)
        address, data = write.aw_channel._transaction_obj(), write.w_channel._transaction_obj()
        address.awaddr, data.wdata, data.wstrb = 0x40, 0x01020304 * (strobes + 1), strobes
        await write.w_channel.send(data)
        await ClockCycles(dut.clk, 10)
        assert dut.wide.value == before, "written before the address came"
        await write.aw_channel.send(address)
        assert (await write.b_channel.recv()).bresp == AxiResp.OKAY
        mask = sum(0xFF << 8 * byte for byte in range(4) if strobes >> byte & 1)
        assert dut.wide.value == before & ~mask | data.wdata & mask


@cocotb.test()
async def triggers_last_a_cycle(dut):
    registers = await begin(dut)
    seen = {"start": 0, "stop": 0}

    async def count() -> None:
        while True:
            await RisingEdge(dut.clk)
            for name in seen:
                seen[name] += int(getattr(dut, name).value)

    cocotb.start_soon(count())
    for value in (START, STOP, START | STOP, 0, START | 7):
        await registers.write("MIXED", value)
    assert await registers.write_at(0x04, START | 1 << 31) == AxiResp.SLVERR
    assert await registers.write_at(0x04, 0, 2) == AxiResp.OKAY
    await ClockCycles(dut.clk, 5)
    assert seen == {"start": 3, "stop": 2}
    assert await registers.read("MIXED") == 0


@cocotb.test()
async def counters_wrap(dut):
    registers = await begin(dut)
    for steps in (0, 7, 40, 64, 3):
        before = await registers.read("TALLY")
        dut.tally.value = 5
        await ClockCycles(dut.clk, steps)
        dut.tally.value = 0
        await ClockCycles(dut.clk, 1)
        assert await registers.read("TALLY") == (before + 5 * steps) % 64
