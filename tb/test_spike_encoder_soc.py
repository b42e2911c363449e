"""The encoder with its bus interfaces, driven by cocotbext-axi: bytes are the golden model's, counters are right."""

import random

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiResp, AxiStreamFrame

from hdl.encoder_registers import DEFAULTS, REGISTERS
from hdl.isi_encoder import CODERS
from hdl.spike_encoder_soc import SpikeEncoderSoc
from model.golden import Settings, SpikeEncoder
from model.golden.predictor import Predictor
from tb.axi import RegisterMaster, raster_words, reset, word_sink, word_source
from tb.requests import request
from tb.simulate import parameters, simulate
from tb.words import random_row

ENABLE, FLUSH = 1, 2
BUSY, EPOCH_OPEN, FLUSH_PENDING = 1, 2, 4


@pytest.mark.parametrize(("channels", "lanes"), [(20, 12)])
def test_spike_encoder_soc(channels, lanes):
    simulate(SpikeEncoderSoc(channels, lanes), __name__, "verilator", channels=channels, lanes=lanes)


class Soc:
    """The design after a reset, with what drives its ports."""

    def __init__(self, dut, pause=0.3):
        self.dut = dut
        self.registers = RegisterMaster(dut, "s_axil", REGISTERS, pause)
        self.words = word_source(dut, "s_axis", pause, 2)
        self.bytes = word_sink(dut, "m_axis", pause, 3)
        self.waits = {"REFUSED": 0, "STALLS": 0}

    async def start(self, settings=None):
        """Reset; write and check settings, enable."""
        await reset(self.dut)
        cocotb.start_soon(self._count_waits())
        for name, value in request(settings or Settings()).items():
            await self.registers.write(name.upper(), value)
            assert await self.registers.read(name.upper()) == value
        await self.registers.write("CONTROL", ENABLE)

    async def _count_waits(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            self.waits["REFUSED"] += int(dut.s_axis_tvalid.value and not dut.s_axis_tready.value)
            self.waits["STALLS"] += int(dut.m_axis_tvalid.value and not dut.m_axis_tready.value)

    async def send(self, rows):
        """Offer a raster whose last word has `tlast`; do not wait."""
        await self.words.send(AxiStreamFrame(raster_words(rows, parameters()["lanes"])))

    async def until(self, bits, value=0):
        """Wait until these bits of STATUS have a value."""
        for _ in range(1000):
            if await self.registers.read("STATUS") & bits == value:
                return
        raise AssertionError(f"STATUS bits {bits:#b} never become {value:#b}")

    def packets(self):
        """Return the packets that came out since the last call."""
        return [bytes(self.bytes.recv_nowait(compact=False).tdata) for _ in range(self.bytes.count())]


def random_rows(source, steps):
    return [random_row(source, parameters()["channels"], source.choice((0.01, 0.2, 0.5))) for _ in range(steps)]


def prediction_errors(rows, settings):
    """Return how many predictions of the golden model are wrong."""
    count = 0
    for step, row in enumerate(rows):
        if step % (settings.epoch_steps * settings.keyframe_interval) == 0:
            predictor = Predictor(len(row), settings)
        count += sum(spike != predicted for spike, predicted in zip(row, predictor.predict(), strict=True))
        predictor.learn(row)
    return count


@cocotb.test()
async def identification_defaults_and_wrong_addresses(dut):
    soc = Soc(dut)
    await reset(dut)
    registers = soc.registers
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    assert (await registers.read("ID")).to_bytes(4) == b"SPKE"
    assert await registers.read("VERSION") == 0x101
    assert await registers.read("GEOMETRY") == lanes << 16 | channels
    assert (await registers.read("CONTROL"), await registers.read("STATUS")) == (0, 0)
    for name in DEFAULTS:
        assert await registers.read(name.upper()) == request(Settings())[name]
    for name in ("ID", "STATUS", "PACKETS"):
        (address,) = (register.address for register in REGISTERS if register.name == name)
        assert await registers.write_at(address, 0) == AxiResp.SLVERR
    for address in (0x14, 0x38, 0x54, 0xFC):
        assert await registers.write_at(address, 0) == AxiResp.SLVERR
        assert await registers.read_at(address) == (AxiResp.SLVERR, 0)


@cocotb.test()
@cocotb.parametrize(coder=list(CODERS), pause=[0.0, 0.3])
async def bytes_and_counters_equal_golden(dut, coder, pause):
    source = random.Random(coder)
    settings = Settings(alpha_q8=64, sharpness=7, seed=0xBEEF, coder=coder, epoch_steps=7, keyframe_interval=3)
    rows = random_rows(source, 60)
    soc = Soc(dut, pause)
    await soc.start(settings)
    await soc.send(rows)
    await soc.words.wait()
    await soc.until(BUSY)

    expected = SpikeEncoder(parameters()["channels"], settings).encode(rows)
    assert soc.packets() == expected
    assert await soc.registers.read("PACKETS") == len(expected)
    assert await soc.registers.read("BYTES") == sum(map(len, expected))
    assert await soc.registers.read("ERRORS") == prediction_errors(rows, settings)
    assert soc.waits["REFUSED"], "no word was ever refused"
    assert {name: await soc.registers.read(name) for name in soc.waits} == soc.waits


@cocotb.test()
@cocotb.parametrize(pause=[0.0, 0.3])
async def disabled_takes_nothing_and_never_cuts_an_epoch(dut, pause):
    settings = Settings(epoch_steps=10, keyframe_interval=2)
    rows = random_rows(random.Random(1), 40)
    expected = SpikeEncoder(parameters()["channels"], settings).encode(rows)
    soc = Soc(dut, pause)
    await soc.start(settings)
    await soc.registers.write("CONTROL", 0)
    await soc.send(rows)
    await ClockCycles(dut.clk, 100)
    assert await soc.registers.read("BYTES") == 0
    seen = []
    while len(seen) < len(expected):
        await soc.registers.write("CONTROL", ENABLE)
        await soc.registers.write("CONTROL", 0)
        await soc.until(BUSY)
        await ClockCycles(dut.clk, 100)
        assert await soc.registers.read("STATUS") == 0
        came = soc.packets()
        assert came, "no epoch was taken while enabled"
        seen += came
    assert seen == expected


@cocotb.test()
@cocotb.parametrize(pause=[0.0, 0.3])
async def flush_ends_only_the_open_epoch(dut, pause):
    settings = Settings(epoch_steps=50, keyframe_interval=2)
    source = random.Random(1)
    golden = SpikeEncoder(parameters()["channels"], settings)
    soc = Soc(dut, pause)
    await soc.start(settings)
    await soc.registers.write("CONTROL", ENABLE | FLUSH)
    assert await soc.registers.read("STATUS") == 0, "a flush without an open epoch is not remembered"

    # Few errors, so that the first word after a flushed epoch is taken at once.
    rows = [random_row(source, parameters()["channels"], 0.01) for _ in range(600)]
    await soc.send(rows)
    seen, flushes = [], 0
    while not soc.words.idle():
        await ClockCycles(dut.clk, source.randint(20, 60))
        await soc.registers.write("CONTROL", ENABLE | FLUSH)
        flushes += 1
        seen += soc.packets()
    await soc.until(BUSY)
    seen += soc.packets()

    steps = [int.from_bytes(packet[-8:-6], "little") for packet in seen]
    assert sum(steps) == len(rows)
    assert 0 < sum(count < 50 for count in steps[:-1]) <= flushes, f"{flushes} flushes make packets of {steps} steps"
    expected = []
    for count in steps:
        taken, rows = rows[:count], rows[count:]
        expected += [packet for row in taken if (packet := golden.push_row(row))]
        expected += [packet] if (packet := golden.flush()) else []
    assert seen == expected


@cocotb.test()
async def flush_waits_for_a_word(dut):
    soc = Soc(dut, pause=0.0)
    await soc.start(Settings(epoch_steps=50))
    rows = random_rows(random.Random(1), 4)
    words = raster_words(rows, parameters()["lanes"])
    soc.words.set_pause_generator(index >= 40 for index in range(1_000_000))
    await soc.words.send(AxiStreamFrame(words * 50))
    await ClockCycles(dut.clk, 60)
    assert await soc.registers.read("STATUS") == BUSY | EPOCH_OPEN
    await soc.registers.write("CONTROL", FLUSH)
    assert await soc.registers.read("STATUS") == BUSY | EPOCH_OPEN | FLUSH_PENDING
    assert not soc.packets()
    soc.words.clear_pause_generator()
    soc.words.pause = False
    await soc.until(BUSY)
    assert len(soc.packets()) == 1, "a disabled encoder takes no word after the flushed epoch"
