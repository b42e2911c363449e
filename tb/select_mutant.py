"""The first test of a run on a design that holds mutants: it switches one of them on, for all tests that follow.

Environment: `MUTANT`, its number (0 for none), and `MUTANT_SECONDS`, after which the simulation is killed.
"""

import os
import signal

import cocotb
from cocotb.triggers import Timer


@cocotb.test(stage=-1)
async def select_mutant(dut):
    signal.alarm(int(os.environ["MUTANT_SECONDS"]))
    dut.mutant.value = int(os.environ["MUTANT"])
    await Timer(1, "ns")
