"""Test benches in Amaranth's own simulator."""

from collections.abc import Awaitable, Callable

from amaranth.lib import wiring
from amaranth.sim import Simulator


def simulated(top: wiring.Component, bench: Callable[..., Awaitable[None]]) -> None:
    """Run a test bench to its end."""
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
