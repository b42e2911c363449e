"""The board's design at its pins: bits into the SPI, bits out of the serial line, spikes out of the host's decoder.

It is driven and heard as docs/board.md tells, with the numbers of that page, not with those of the design.
"""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, Timer, with_timeout

from board.icebreaker import IcebreakerTop
from model import Receiver
from tb.simulate import parameters, simulate

EPOCHS, EPOCH_STEPS = 2, 20
CLOCK_PS = 83_332  # 12 MHz
SPI_HALF_PS = 2 * CLOCK_PS  # 3 MHz
BIT_PS = 1_000_000  # 1 Mbaud
BUFFER_BYTES = 256
ROOM_BYTES = 64
FLAG = 0x7E


def test_icebreaker(simulator):
    simulate_board(60, simulator)


def test_icebreaker_with_the_channels_of_the_bitstream():
    simulate_board(1024, "verilator")  # minutes in Icarus


def simulate_board(channels: int, simulator: str) -> None:
    simulate(IcebreakerTop(channels), __name__, simulator, channels=channels)


async def start(dut) -> None:
    """Start the clock, with all pins at rest, and reset the design."""
    dut.button_n.value, dut.spi_cs_n.value, dut.spi_sck.value, dut.spi_copi.value = 1, 1, 0, 0
    Clock(dut.clock_12mhz, CLOCK_PS, "ps").start()
    await ClockCycles(dut.clock_12mhz, 5)
    await press_button(dut)


async def press_button(dut) -> None:
    dut.button_n.value = 0
    await ClockCycles(dut.clock_12mhz, 5)
    dut.button_n.value = 1
    await ClockCycles(dut.clock_12mhz, 5)


async def shift(dut, bits: str) -> None:
    """Send bits in SPI mode 0, under one selection."""
    dut.spi_cs_n.value = 0
    for bit in bits:
        dut.spi_copi.value = int(bit)
        await Timer(SPI_HALF_PS, "ps")
        dut.spi_sck.value = 1
        await Timer(SPI_HALF_PS, "ps")
        dut.spi_sck.value = 0
    await Timer(SPI_HALF_PS, "ps")
    dut.spi_cs_n.value = 1
    await Timer(SPI_HALF_PS, "ps")


async def send(dut, data: bytes) -> None:
    """Send bytes without a look at `spi_ready`."""
    await shift(dut, "".join(f"{byte:08b}" for byte in data))


async def send_when_ready(dut, data: bytes) -> None:
    """Send one byte, so that rows begin anywhere, then as many as there may be after each look at `spi_ready`."""
    for chunk in (data[:1], *(data[at : at + ROOM_BYTES] for at in range(1, len(data), ROOM_BYTES))):
        while not dut.spi_ready.value:
            await Timer(1, "us")
        await send(dut, chunk)


async def listen(dut, line: bytearray) -> None:
    """Read bytes from the serial line as a receiver of the nominal rate does."""
    while True:
        await FallingEdge(dut.uart_tx)
        await Timer(BIT_PS * 3 // 2, "ps")
        byte = 0
        for place in range(8):
            byte |= int(dut.uart_tx.value) << place
            await Timer(BIT_PS, "ps")
        assert dut.uart_tx.value == 1, "no stop bit"
        line.append(byte)


async def check_round_trip(dut, density: float) -> None:
    """Send whole epochs, and compare what the receiver makes of the serial line: none is lost."""
    steps, channels = EPOCHS * EPOCH_STEPS, parameters()["channels"]
    raster = (np.random.default_rng(7).random((steps, channels)) < density).astype(np.int8)
    rows = np.pad(raster, ((0, 0), (0, -channels % 8)), constant_values=1)  # what is beyond the channels is ignored
    line = bytearray()
    listener = cocotb.start_soon(listen(dut, line))
    await with_timeout(send_when_ready(dut, np.packbits(rows, axis=1, bitorder="little").tobytes()), 200, "ms")
    for _ in range(100):
        await Timer(100, "us")
        if line.count(FLAG) >= 2 * EPOCHS:
            break
    listener.cancel()
    epochs = Receiver().feed(bytes(line))
    assert [epoch.step_index for epoch in epochs] == list(range(0, steps, EPOCH_STEPS))
    np.testing.assert_array_equal(np.concatenate([epoch.raster for epoch in epochs]), raster)
    assert dut.led_lost_n.value == 1


@cocotb.test()
async def spikes_come_back(dut):
    """Whole epochs come out of the receiver bit for bit; a row and a byte that were cut short before do no harm."""
    await start(dut)
    await send(dut, random.Random(1).randbytes(5))
    await press_button(dut)
    await shift(dut, "11")
    await check_round_trip(dut, density=0.05)


@cocotb.test()
async def whoever_heeds_ready_loses_nothing(dut):
    """The serial line is slower than the input, so that the buffer is full most of the time."""
    await start(dut)
    await check_round_trip(dut, density=0.5)


@cocotb.test()
async def whoever_does_not_lights_the_led_until_a_reset(dut):
    """The buffer takes all that it promises before and after `spi_ready` falls; a reset makes up for the loss."""
    await start(dut)
    noise = random.Random(1)
    sent = sent_when_ready = 0
    while dut.led_lost_n.value == 1:
        assert sent < 10 * BUFFER_BYTES, "no byte is lost, or none is reported"
        sent_when_ready += int(dut.spi_ready.value)
        sent += 1
        await send(dut, noise.randbytes(1))
    assert sent_when_ready > BUFFER_BYTES - ROOM_BYTES
    assert sent - sent_when_ready >= ROOM_BYTES
    await Timer(10, "ms")
    assert dut.spi_ready.value == 1
    assert dut.led_lost_n.value == 0
    await press_button(dut)
    assert dut.led_lost_n.value == 1
    await check_round_trip(dut, density=0.05)
