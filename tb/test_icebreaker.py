"""The board's design at its pins: bits into the SPI, bits out of the serial line, spikes out of the host's decoder."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, Timer, with_timeout

from board.icebreaker import BAUD_HZ, CLOCK_HZ, SETTINGS, IcebreakerTop
from model import Receiver
from tb.simulate import simulate

CHANNELS = 64
STEPS = 3 * SETTINGS.epoch_steps
PERIOD_PS = 10**12 // CLOCK_HZ // 2 * 2
SPI_HALF_NS = 2 * PERIOD_PS // 1000
BIT_PS = CLOCK_HZ // BAUD_HZ * PERIOD_PS


def test_icebreaker(simulator):
    simulate(IcebreakerTop(CHANNELS), __name__, simulator)


async def send(dut, row: bytes) -> None:
    """Send a row in SPI mode 0, most significant bits first, once there is room."""
    while not dut.spi_ready.value:
        await Timer(1, "us")
    dut.spi_cs_n.value = 0
    for byte in row:
        for place in reversed(range(8)):
            dut.spi_copi.value = byte >> place & 1
            await Timer(SPI_HALF_NS, "ns")
            dut.spi_sck.value = 1
            await Timer(SPI_HALF_NS, "ns")
            dut.spi_sck.value = 0
    await Timer(SPI_HALF_NS, "ns")
    dut.spi_cs_n.value = 1
    await Timer(4 * SPI_HALF_NS, "ns")


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


@cocotb.test()
async def spikes_come_back(dut):
    """Whole epochs that went in come out of the receiver, bit for bit; a cut byte and a reset on the way do no harm."""
    raster = (np.random.default_rng(7).random((STEPS, CHANNELS)) < 0.05).astype(np.int8)
    rows = [np.packbits(row, bitorder="little").tobytes() for row in raster]
    dut.button_n.value, dut.spi_cs_n.value, dut.spi_sck.value, dut.spi_copi.value = 1, 1, 0, 0
    Clock(dut.clock_12mhz, PERIOD_PS, "ps").start()
    await ClockCycles(dut.clock_12mhz, 5)
    await send(dut, bytes(random.Random(1).randbytes(5)))
    dut.button_n.value = 0
    await ClockCycles(dut.clock_12mhz, 5)
    dut.button_n.value = 1
    await ClockCycles(dut.clock_12mhz, 5)

    line = bytearray()
    cocotb.start_soon(listen(dut, line))
    dut.spi_cs_n.value = 0
    for level in (1, 0, 1, 0):  # two bits of a byte that does not go on
        dut.spi_sck.value = level
        await Timer(SPI_HALF_NS, "ns")
    dut.spi_cs_n.value = 1
    await Timer(4 * SPI_HALF_NS, "ns")
    for row in rows:
        await with_timeout(send(dut, row), 5, "ms")
    for _ in range(100):
        await Timer(100, "us")
        if line.count(0x7E) >= 2 * STEPS // SETTINGS.epoch_steps:
            break
    await Timer(100, "us")

    receiver = Receiver()
    epochs = list(receiver.feed(bytes(line)))
    decoded = np.concatenate([epoch.raster for epoch in epochs])
    assert [epoch.step_index for epoch in epochs] == list(range(0, STEPS, SETTINGS.epoch_steps))
    np.testing.assert_array_equal(decoded, raster)
    assert dut.led_lost_n.value == 1
