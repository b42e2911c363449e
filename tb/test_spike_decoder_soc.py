"""The decoder with its bus interfaces, driven by cocotbext-axi: rasters come back, registers tell what happened."""

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import AxiResp, AxiStreamFrame

from hdl.decoder_registers import REGISTERS
from hdl.isi_encoder import CODERS
from hdl.layouts import words_per_row
from hdl.spike_decoder_soc import SpikeDecoderSoc
from tb.axi import RegisterMaster, reset, word_sink, word_source
from tb.simulate import parameters, simulate
from tb.test_spike_decoder_top import EPOCH_STEPS, check, epochs

ENABLE = 1
BUSY, PACKET_OPEN, IN_STEP = 1, 2, 4
BUFFER_BYTES = 1024
HANG_NS = 1_000_000
"""After so long bytes that are not taken never will be."""
FATES = ("PACKETS", "DROPPED", "REJECTED", "REPEATED", "HIDDEN", "BAD")


@pytest.mark.parametrize(("channels", "lanes"), [(20, 12)])
def test_spike_decoder_soc(channels, lanes):
    component = SpikeDecoderSoc(channels, lanes, BUFFER_BYTES)
    simulate(component, __name__, "verilator", channels=channels, lanes=lanes)


class Soc:
    """The design after a reset, with what drives its ports."""

    def __init__(self, dut, pause=0.3):
        self.dut = dut
        self.registers = RegisterMaster(dut, "s_axil", REGISTERS, pause)
        self.bytes = word_source(dut, "s_axis", pause, 2)
        self.words = word_sink(dut, "m_axis", pause, 3)
        self.counts = {"BYTES": 0, "WORDS": 0, "STALLS": 0, "REFUSED": 0}

    async def start(self, control=ENABLE):
        """Reset and enable."""
        await reset(self.dut)
        cocotb.start_soon(self._count())
        await self.registers.write("CONTROL", control)

    async def _count(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            for name, taken, waits in (("s_axis", "BYTES", "REFUSED"), ("m_axis", "WORDS", "STALLS")):
                if getattr(dut, f"{name}_tvalid").value:
                    self.counts[taken if getattr(dut, f"{name}_tready").value else waits] += 1

    async def send(self, packets):
        """Offer packets; do not wait."""
        for packet in packets:
            await self.bytes.send(AxiStreamFrame(packet))

    async def until_idle(self):
        """Wait until all that was offered has gone in and nothing is left inside."""
        await with_timeout(self.bytes.wait(), HANG_NS, "ns")
        for _ in range(1000):
            if not await self.registers.read("STATUS") & BUSY:
                return
        raise AssertionError("STATUS never tells that the decoder is idle")

    async def fates(self):
        """Return the counters of packets."""
        return {name: await self.registers.read(name) for name in FATES}

    def frames(self):
        """Return what came out since the last call."""
        return [self.words.recv_nowait(compact=False) for _ in range(self.words.count())]


def with_fates(**counts):
    return dict.fromkeys(FATES, 0) | counts


@cocotb.test()
async def identification_and_wrong_addresses(dut):
    soc = Soc(dut)
    await soc.start(control=0)
    registers = soc.registers
    assert (await registers.read("ID")).to_bytes(4) == b"SPKD"
    assert await registers.read("VERSION") == 0x101
    assert await registers.read("GEOMETRY") == parameters()["lanes"] << 16 | parameters()["channels"]
    assert await registers.read("BUFFER_BYTES") == BUFFER_BYTES
    assert (await registers.read("CONTROL"), await registers.read("STATUS")) == (0, 0)
    assert await soc.fates() == with_fates()
    for address in (0x00, 0x0C, 0x14, 0x40, 0x6C, 0xFC):
        assert await registers.write_at(address, 0) == AxiResp.SLVERR
    assert await registers.write_at(0x08, 2) == AxiResp.SLVERR, "there is nothing to flush"
    assert await registers.read_at(0x20) == (AxiResp.SLVERR, 0)


@cocotb.test()
@cocotb.parametrize(coder=list(CODERS), pause=[0.0, 0.3])
async def rasters_and_counters(dut, coder, pause):
    rows, packets = epochs(coder, count=12)
    soc = Soc(dut, pause)
    await soc.start()
    await soc.send(packets)
    await soc.until_idle()
    frames = soc.frames()
    assert len(frames) == len(rows)
    for epoch, frame in enumerate(frames):
        check(frame, rows[epoch], epoch)
    assert await soc.registers.read("STATUS") == IN_STEP
    assert await soc.fates() == with_fates(PACKETS=len(packets))
    steps = EPOCH_STEPS * len(rows)
    assert await soc.registers.read("STEPS") == steps
    assert soc.counts["WORDS"] == steps * words_per_row(parameters()["channels"], parameters()["lanes"])
    assert soc.counts["BYTES"] == sum(map(len, packets))
    assert pause == 0 or min(soc.counts.values()) > 0
    assert {name: await soc.registers.read(name) for name in soc.counts} == soc.counts


@cocotb.test()
@cocotb.parametrize(pause=[0.0, 0.3])
async def every_packet_has_a_fate(dut, pause):
    rows, packets = epochs("rice", count=12)
    damaged = packets[4][:-1] + bytes([packets[4][-1] ^ 1])
    soc = Soc(dut, pause)
    await soc.start()
    await soc.send([packets[1], *packets[:4], packets[3], damaged, packets[5]])
    await soc.until_idle()
    assert await soc.registers.read("STATUS") == 0, "a hidden packet is out of step"
    assert await soc.fates() == with_fates(PACKETS=4, DROPPED=1, REJECTED=1, REPEATED=1, HIDDEN=1)
    await soc.send(packets[6:])
    await soc.until_idle()
    assert await soc.registers.read("STATUS") == IN_STEP
    assert await soc.fates() == with_fates(PACKETS=10, DROPPED=1, REJECTED=1, REPEATED=1, HIDDEN=1)
    shown = [epoch for epoch in range(12) if epoch not in (4, 5)]
    for epoch, frame in zip(shown, soc.frames(), strict=True):
        check(frame, rows[epoch], epoch)


@cocotb.test()
@cocotb.parametrize(pause=[0.0, 0.3])
async def disabled_takes_nothing_and_never_cuts_a_packet(dut, pause):
    rows, packets = epochs("rice", count=12)
    soc = Soc(dut, pause)
    await soc.start(control=0)
    await soc.send(packets)
    await ClockCycles(dut.clk, 100)
    assert soc.counts["BYTES"] == 0
    seen = []
    while len(seen) < len(packets):
        await soc.registers.write("CONTROL", ENABLE)
        await soc.registers.write("CONTROL", 0)
        for _ in range(1000):
            if not await soc.registers.read("STATUS") & BUSY:
                break
        came = soc.frames()
        assert came, "no packet was taken while enabled"
        seen += came
    assert soc.counts["BYTES"] == sum(map(len, packets))
    for epoch, frame in enumerate(seen):
        check(frame, rows[epoch], epoch)


@cocotb.test()
async def a_packet_that_is_coming_in_shows(dut):
    _, packets = epochs("rice", count=1)
    soc = Soc(dut, pause=0.0)
    await soc.start()
    soc.bytes.set_pause_generator(index >= 10 for index in range(1_000_000))
    await soc.send(packets)
    await ClockCycles(dut.clk, 60)
    assert await soc.registers.read("STATUS") == BUSY | PACKET_OPEN
    await soc.registers.write("CONTROL", 0)
    soc.bytes.clear_pause_generator()
    soc.bytes.pause = False
    await soc.until_idle()
    assert await soc.fates() == with_fates(PACKETS=1)
