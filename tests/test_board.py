"""The board's design and its bitstream: what `make bitstream` is made of, and what docs/board.md tells of it."""

import inspect
import json
import re
from importlib.metadata import version

import numpy as np
import pytest
from documents import DOCS, Document
from typer.testing import CliRunner

from board.__main__ import app, main
from board.build import build, digest
from board.icebreaker import (
    BAUD_HZ,
    CHANNELS_MAX,
    CLOCK_HZ,
    FIFO_DEPTH,
    LANES,
    PINS,
    ROOM_BYTES,
    SETTINGS,
    IcebreakerTop,
    constraints,
)
from board.uart_output import FRAME_BITS, UartOutput
from model import encode_packets, frame_packets
from synth.devices import DEVICES
from synth.tools import READ, ROOT, versions

PMOD_1A = {"P1A1": 4, "P1A2": 2, "P1A3": 47, "P1A4": 45}
"""Pins of the package at the connector, from the board's schematic."""
PACKAGE = {"oscillator": 35, "user button": 10, "red LED": 11, "USB serial": 9}
"""Those of the parts on the board."""
FIGURES = json.loads((DOCS / "board.json").read_text())
CHANNELS = inspect.signature(main).parameters["channels"].default
USED = {"ICESTORM_LC": 2504, "ICESTORM_RAM": 22}


class Tools:
    """Yosys, nextpnr and icepack in no time: each reads and writes the files that its arguments name.

    Attributes
    ----------
    ran : list of str
        Names of the tools, in the order of their runs.
    error : str
        What nextpnr fails with, if anything.
    """

    def __init__(self) -> None:
        self.ran = []
        self.error = ""

    def run(self, tool, arguments, folder):
        self.ran.append(tool)
        {"yosys": self._yosys, "nextpnr-ice40": self._nextpnr, "icepack": self._icepack}[tool](arguments, folder)

    def _yosys(self, arguments, folder):
        script = (folder / arguments[arguments.index("-s") + 1]).read_text()
        assert script.startswith(READ)
        top, netlist = re.fullmatch(r"synth_ice40 -dsp -dff -top (\S+) -json (\S+)", script[len(READ) :]).groups()
        assert f"\nmodule \\{top}\n" in (folder / "top.il").read_text()
        (folder / netlist).write_text("netlist")

    def _nextpnr(self, arguments, folder):
        if self.error:
            raise RuntimeError(self.error)
        flags = [argument for argument in arguments if argument in ("--up5k", "-q")]
        pairs = [argument for argument in arguments if argument not in flags]
        options = dict(zip(pairs[::2], pairs[1::2], strict=True))
        assert flags == ["--up5k", "-q"]
        assert (folder / options.pop("--json")).read_text() == "netlist"
        assert (folder / options.pop("--pcf")).read_text() == constraints()
        (folder / options.pop("--asc")).write_text("placed")
        report = {
            "fmax": {"clock_12mhz$SB_IO_IN_$glb_clk": {"achieved": 28.251, "constraint": 12.0}},
            "utilization": {name: {"used": used, "available": 9999} for name, used in (USED | {"PLL": 0}).items()},
        }
        (folder / options.pop("--report")).write_text(json.dumps(report))
        assert options == {"--package": "sg48", "--freq": "12.0", "--seed": "1"}

    def _icepack(self, arguments, folder):
        source, target = arguments
        (folder / target).write_text(f"packed from what is {(folder / source).read_text()}")


@pytest.fixture
def tools(monkeypatch, tmp_path):
    """Tools that are quick, and nothing built before."""
    tools = Tools()
    monkeypatch.setattr("board.build.run_tool", tools.run)
    monkeypatch.setattr("board.build.BITSTREAM", tmp_path / "bitstream" / "icebreaker.bin")
    monkeypatch.setattr("synth.tools.CACHE", tmp_path)
    return tools


def test_bitstream_is_what_the_tools_make_of_the_design(tools):
    built = build(16)
    assert built.path.read_text() == "packed from what is placed"
    assert built.timing == {"megahertz": 28.25, "utilization": USED}
    assert tools.ran == ["yosys", "nextpnr-ice40", "icepack"]


def test_each_number_of_channels_is_a_design_of_its_own(tools):
    for channels in (16, 24, 16):
        build(channels)
    assert tools.ran == 2 * ["yosys", "nextpnr-ice40", "icepack"]


def test_command_tells_clock_and_cells(tools):
    done = CliRunner().invoke(app, ["--channels", "16"])
    assert done.exit_code == 0
    told = "26 bytes; 28.25 MHz reached, 12 MHz needed; 2504 ICESTORM_LC, 22 ICESTORM_RAM\n"
    assert done.stdout.endswith(f"icebreaker.bin: {told}")


def test_command_tells_in_one_sentence_what_a_tool_says(tools):
    tools.error = "nextpnr-ice40 failed in a folder: ERROR: no more cells"
    done = CliRunner().invoke(app, ["--channels", "16"])
    assert (done.exit_code, done.stderr) == (1, f"error: {tools.error}\n")
    assert isinstance(done.exception, SystemExit)


def test_command_leaves_figures_where_it_is_told(tools, tmp_path):
    left = {path: path.read_bytes() for path in DOCS.iterdir()}
    assert CliRunner().invoke(app, ["--channels", "16"]).exit_code == 0
    assert {path: path.read_bytes() for path in DOCS.iterdir()} == left
    file = tmp_path / "board.json"
    assert CliRunner().invoke(app, ["--channels", "24", "--figures", str(file)]).exit_code == 0
    assert json.loads(file.read_text()) == {
        "command": "python -m board --channels 24",
        "netlist": digest(24),
        "versions": versions(),
        "megahertz": 28.25,
        "utilization": USED,
    }


def test_a_digest_tells_what_is_built(monkeypatch):
    before = digest(16)
    assert digest(16) == before != digest(24)
    monkeypatch.setitem(PINS, "uart_tx", 12)
    assert digest(16) != before


def test_a_netlist_is_the_same_wherever_its_sources_are(tools, tmp_path):
    build(16)
    (netlist,) = tmp_path.rglob("top.il")
    assert str(ROOT) not in netlist.read_text()


@pytest.mark.parametrize("channels", [LANES - 1, CHANNELS_MAX + 1])
def test_what_a_device_has_no_room_for_is_refused(tools, channels):
    sentence = f"channels must be an integer in 8..2048, not {channels}"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        build(channels)
    assert CliRunner().invoke(app, ["--channels", str(channels)]).exit_code == 2
    assert tools.ran == []


def test_every_pin_of_the_board_is_placed_once():
    ports = set(IcebreakerTop.__annotations__)
    assert ports == set(PINS)
    assert len(set(PINS.values())) == len(PINS)
    assert constraints().splitlines() == [f"set_io {port} {pin}" for port, pin in PINS.items()]


def test_divisor_must_leave_a_bit_time():
    with pytest.raises(ValueError, match=r"divisor must be at least 2, not 1"):
        UartOutput(1)


@pytest.fixture(scope="module")
def page():
    return Document("board.md")


def test_page_wires_the_pins_as_they_are(page):
    (table,) = page.tables("Wiring")
    wired = {row["port"]: row for row in table if row["port"]}
    assert {port: int(row["pin"]) for port, row in wired.items()} == PINS
    places = PACKAGE | {f"PMOD 1A, {place}": pin for place, pin in PMOD_1A.items()}
    assert {row["on the board"]: int(row["pin"]) for row in wired.values()} == places


def test_page_has_the_numbers_of_the_design(page):
    assert page.numbers("Wiring", r"([\d,]+) baud") == [BAUD_HZ]
    assert page.numbers("Wiring", r"oscillator \| (\d+) MHz") == [CLOCK_HZ // 10**6]
    assert page.numbers("Wiring", r"at most (\d) MHz") == [CLOCK_HZ // 4 // 10**6]
    assert page.numbers("Wiring", r"high: (\d+) more bytes") == [ROOM_BYTES]
    assert page.numbers("Bytes in", r"before every (\d+) bytes") == [ROOM_BYTES]
    assert page.numbers("Bytes in", r"(\d+) bytes wait on the board") == [FIFO_DEPTH]
    formats = page.numbers("Bytes out", r"epochs of (\d+) rows, a keyframe every (\d+) packets")
    assert formats == [SETTINGS.epoch_steps, SETTINGS.keyframe_interval]
    assert page.numbers("Bytes out", r"stty -F /dev/ttyUSB1 (\d+) raw") == [BAUD_HZ]
    byte_cycles = FRAME_BITS * CLOCK_HZ // BAUD_HZ + 1
    told = [BAUD_HZ, CLOCK_HZ // byte_cycles // 1000 * 1000]
    assert page.numbers("Bytes out", r"([\d,]+) baud carry some ([\d,]+) bytes") == told


def test_page_names_the_figures_with_their_command(page):
    title, up5k, used = "On a board: the encoder on an iCEBreaker", DEVICES["up5k"], FIGURES["utilization"]
    cells = r"([\d,]+) of ([\d,]+) logic cells, (\d+) of (\d+) multipliers, (\d+) of (\d+) memories"
    assert page.numbers(title, cells) == [
        *(used["ICESTORM_LC"], up5k.luts),
        *(used["ICESTORM_DSP"], up5k.multipliers),
        *(used["ICESTORM_RAM"], up5k.block_rams),
    ]
    command = r"\(`\.venv/bin/python -m board --figures docs/board\.json`\)"
    clocks = page.numbers(title, rf"(\d+)\.(\d\d) MHz reached where (\d+) MHz are needed {command}")
    assert clocks == [*divmod(round(100 * FIGURES["megahertz"]), 100), CLOCK_HZ // 10**6]
    assert page.numbers(title, r"channels, (\d+) to ([\d,]+): `.venv/bin/python -m board --channels \d+`") == [
        LANES,
        CHANNELS_MAX,
    ]
    assert page.numbers(title, r"the encoder for ([\d,]+) channels and (\d+) lanes") == [CHANNELS, LANES]
    assert FIGURES["command"] == f"python -m board --channels {CHANNELS}"
    assert FIGURES["megahertz"] * 10**6 > CLOCK_HZ


def test_figures_are_of_this_hardware():
    if version("amaranth") != FIGURES["versions"]["amaranth"]:
        pytest.skip("another version of Amaranth writes other netlists")
    assert digest(CHANNELS) == FIGURES["netlist"]


def test_page_packs_the_lowest_channel_into_the_first_byte_s_lowest_bit(page):
    (fragment,) = page.code("Bytes in")
    defined = {}
    exec(fragment, defined)
    row = np.zeros(20, np.int8)
    row[[0, 9, 19]] = 1
    assert defined["row_bytes"](row) == bytes([1, 2, 8])


def test_page_receives_what_the_encoder_makes(page, capsys):
    (fragment,) = page.code("Bytes out")
    defined = {}
    exec(fragment, defined)
    raster = np.ones((SETTINGS.epoch_steps, 16), np.int8)
    defined["show"](frame_packets(encode_packets(raster, SETTINGS)))
    assert capsys.readouterr().out == f"0 {raster.sum()} spikes\n"
