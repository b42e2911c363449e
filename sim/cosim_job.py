"""The cocotb job of `sim.cosim`, which Verilator's process runs."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, RisingEdge

CLOCK_NS = 10
RESET_CYCLES = 4
QUIET_CYCLES = 100
"""How long nothing may come after the last packet."""
HANG_CYCLES = 10_000
"""After so many cycles without a transfer on either side the encoder hangs."""


class Pauses:
    """A coin for each cycle: whether a side pauses. Once it does, it does so for 1 to 16 cycles."""

    def __init__(self, chance: float, seed: int) -> None:
        self._chance = chance
        self._random = random.Random(seed)
        self._left = 0

    def now(self) -> bool:
        if self._left:
            self._left -= 1
            return True
        pauses = self._random.random() < self._chance
        if pauses:
            self._left = self._random.randrange(16)
        return pauses


class Driver:
    """Both ends of the encoder, advanced by a clock cycle at a time.

    Signals are looked up once and touched only where they matter: that is what takes the time.
    """

    def __init__(self, dut: HierarchyObject, words: list[int], gaps: Pauses, stalls: Pauses) -> None:
        self.clk = dut.clk
        self.s_tdata, self.s_tlast = dut.s_axis_tdata, dut.s_axis_tlast
        self.s_tvalid, self.s_tready = dut.s_axis_tvalid, dut.s_axis_tready
        self.m_tdata, self.m_tlast = dut.m_axis_tdata, dut.m_axis_tlast
        self.m_tvalid, self.m_tready = dut.m_axis_tvalid, dut.m_axis_tready
        self.words = words
        self.gaps = gaps
        self.stalls = stalls
        self.offering = False
        self.ready = False
        self.stall_cycles = 0
        self.word_cycles: list[int] = []
        self.byte_cycles: list[int] = []
        self.stream = bytearray()
        self.packet_ends: list[int] = []

    def sample(self, cycle: int) -> None:
        """Note which transfers the clock edge of this cycle makes."""
        if self.offering:
            if self.s_tready.value == 1:
                self.word_cycles.append(cycle)
                self.offering = False
            else:
                self.stall_cycles += 1
        if self.ready and self.m_tvalid.value == 1:
            self.byte_cycles.append(cycle)
            self.stream.append(int(self.m_tdata.value))
            if self.m_tlast.value == 1:
                self.packet_ends.append(len(self.stream))

    def drive(self) -> None:
        """Set the inputs of the next cycle. A word on offer stays until it is taken."""
        if not self.offering:
            self.offer_next()
        ready = not self.stalls.now()
        if ready != self.ready:
            self.ready = ready
            self.m_tready.value = ready

    def offer_next(self) -> None:
        """Offer the next word, unless there is none or the source pauses."""
        position = len(self.word_cycles)
        self.offering = position < len(self.words) and not self.gaps.now()
        self.s_tvalid.value = self.offering
        if self.offering:
            self.s_tdata.value = self.words[position]
            self.s_tlast.value = position == len(self.words) - 1

    async def run(self, packets: int) -> None:
        """Send all words and take all packets, and some cycles more."""
        edge = RisingEdge(self.clk)
        cycle = transfers = last_transfer = 0
        end = None
        self.drive()
        while end is None or cycle < end:
            await edge
            self.sample(cycle)
            self.drive()
            cycle += 1
            if transfers != len(self.word_cycles) + len(self.stream):
                transfers, last_transfer = len(self.word_cycles) + len(self.stream), cycle
            assert cycle - last_transfer < HANG_CYCLES, f"no transfer for {HANG_CYCLES} cycles"
            if end is None and len(self.packet_ends) == packets:
                end = cycle + QUIET_CYCLES


@cocotb.test()
async def encode_raster(dut: HierarchyObject) -> None:
    folder = Path(os.environ["CORTICODEC_JOB"])
    job = json.loads((folder / "job.json").read_text())
    words = [int.from_bytes(word, "little") for word in np.load(folder / "words.npy")]
    driver = Driver(dut, words, Pauses(job["gaps"], job["pause_seed"]), Pauses(job["stalls"], job["pause_seed"] + 1))
    for name, value in job["settings"].items():
        getattr(dut, f"cfg_{name}").value = value
    dut.s_axis_tvalid.value = 0
    dut.m_axis_tready.value = 0
    dut.rst.value = 1
    Clock(dut.clk, CLOCK_NS, "ns").start()
    await ClockCycles(dut.clk, RESET_CYCLES)
    dut.rst.value = 0
    began = time.perf_counter()
    await driver.run(job["packets"])
    np.savez(
        folder / "capture.npz",
        stream=np.frombuffer(bytes(driver.stream), np.uint8),
        packet_ends=driver.packet_ends,
        word_cycles=driver.word_cycles,
        byte_cycles=driver.byte_cycles,
        stall_cycles=driver.stall_cycles,
        refused_words=int(dut.status_refused_words.value),
        seconds=time.perf_counter() - began,
    )
