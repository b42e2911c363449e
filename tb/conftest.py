import shutil

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("benches")
    group.addoption("--random-draws", type=int, default=0, help="Further recordings for the whole encoder (default: 0)")
    group.addoption("--draw-seed", type=int, default=1, help="Seed of the further recordings (default: 1)")


@pytest.fixture(params=["verilator", "icarus"])
def simulator(request: pytest.FixtureRequest) -> str:
    """The default simulator, and a second opinion where it is installed."""
    if request.param == "icarus" and shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog (iverilog) is not installed")
    return request.param
