"""docs/integration.md: its diagrams are drawn from simulations, its sizes are the calculator's and the RTLIL's."""

import math
import random
import re
import shlex

import numpy as np
import pytest
from amaranth.lib import fifo, memory
from amaranth.lib.wiring import In, Out
from benches import simulated
from documents import Document
from typer.testing import CliRunner
from waves import diagram

from board.icebreaker import BAUD_HZ, CLOCK_HZ, IcebreakerTop
from board.spi_input import SpiInput
from board.uart_output import UartOutput
from hdl.encoder_registers import REGISTERS
from hdl.generate import component_rtlil
from hdl.spike_decoder_top import ROW_LAST, SpikeDecoderTop
from hdl.spike_encoder_soc import SpikeEncoderSoc
from hdl.spike_encoder_top import SpikeEncoderTop
from model import Settings, encode_packets
from synth.__main__ import app
from synth.sizing import Recording, fewest_lanes, size, slowest_clock

DOCUMENT = Document("integration.md")
CHANNELS, LANES, ROW_WORDS = 64, 8, 8
WIDTH = 5
STREAM = ("tvalid", "tready", "tdata", "tlast")


def watched(prefix):
    """Return an empty record of an AXI4-Stream port."""
    return {f"{prefix}_{port}": [] for port in STREAM}


def watch(ctx, top, prefix, seen, *, label=None):
    """Record a cycle of an AXI4-Stream port, its data by a label or in hexadecimal where they are valid."""
    levels = {port: ctx.get(getattr(top, f"{prefix}_{port}")) for port in STREAM}
    data = label or f"{levels['tdata']:02X}"
    for port, value in (levels | {"tdata": data if levels["tvalid"] else None}).items():
        seen[f"{prefix}_{port}"].append(value)


def input_diagram():
    """Return words at the input; the third one of the first row has two errors, for which a later one waits."""
    top, seen = SpikeEncoderTop(CHANNELS, LANES), watched("s_axis")

    async def bench(ctx):
        ctx.set(top.cfg_epoch_steps, 50)
        ctx.set(top.cfg_keyframe_interval, 50)
        ctx.set(top.m_axis_tready, 1)
        taken = 0
        for cycle in range(11):
            offers = cycle > 0 and taken < ROW_WORDS
            ctx.set(top.s_axis_tvalid, offers)
            ctx.set(top.s_axis_tdata, 0b11 if taken == 2 else 0)
            ctx.set(top.s_axis_tlast, offers and taken == ROW_WORDS - 1)
            watch(ctx, top, "s_axis", seen, label=f"w{taken}")
            taken += offers and ctx.get(top.s_axis_tready)
            await ctx.tick()

    simulated(top, bench)
    return diagram({name: values[3:] for name, values in seen.items()}, WIDTH)


def output_diagram():
    """Return the end of a packet and the beginning of the next one; the sink stalls for a cycle."""
    top, seen = SpikeEncoderTop(CHANNELS, LANES), watched("m_axis")

    async def bench(ctx):
        ctx.set(top.cfg_epoch_steps, 4)
        ctx.set(top.cfg_keyframe_interval, 50)
        ctx.set(top.s_axis_tvalid, 1)
        for cycle in range(80):
            ctx.set(top.m_axis_tready, cycle != 51)
            watch(ctx, top, "m_axis", seen)
            await ctx.tick()

    simulated(top, bench)
    end = seen["m_axis_tlast"].index(1)
    return diagram({name: values[end - 4 : end + 5] for name, values in seen.items()}, WIDTH)


def settings_diagram():
    """Return a setting that is taken over with the first word of a keyframe."""
    top = SpikeEncoderTop(CHANNELS, LANES)
    seen = {name: [] for name in ("s_axis_tvalid", "s_axis_tready", "cfg_alpha_q8", "in force")}

    async def bench(ctx):
        for cycle in range(7):
            ctx.set(top.s_axis_tvalid, cycle >= 2)
            ctx.set(top.cfg_alpha_q8, 5 if cycle == 2 else 200 + cycle // 3)
            seen["s_axis_tvalid"].append(ctx.get(top.s_axis_tvalid))
            seen["s_axis_tready"].append(ctx.get(top.s_axis_tready))
            seen["cfg_alpha_q8"].append("5" if cycle == 2 else "any")
            alpha = ctx.get(top._encoder._scheduler.settings.alpha_q8)
            seen["in force"].append("5" if alpha == 5 else "before")
            await ctx.tick()

    simulated(top, bench)
    return diagram(seen, WIDTH)


def register_diagram():
    """Return a write of a register, and a read whose response waits for a cycle."""
    top = SpikeEncoderSoc(CHANNELS, LANES)
    (address,) = (register.address for register in REGISTERS if register.name == "EPOCH_STEPS")
    levels = ("awvalid", "awready", "wvalid", "wready", "bvalid", "bready", "arvalid", "arready", "rvalid", "rready")
    buses = {"awaddr": "awvalid", "wdata": "wvalid", "bresp": "bvalid", "araddr": "arvalid", "rdata": "rvalid"}
    order = "awvalid awready awaddr wvalid wready wdata bvalid bready bresp arvalid arready araddr rvalid rready rdata"
    seen = {f"s_axil_{name}": [] for name in order.split()}

    def port(name):
        return getattr(top, f"s_axil_{name}")

    async def bench(ctx):
        ctx.set(port("bready"), 1)
        ctx.set(port("wstrb"), 0b1111)
        for cycle in range(10):
            for name in ("awvalid", "wvalid"):
                ctx.set(port(name), cycle == 1)
            ctx.set(port("arvalid"), cycle == 5)
            ctx.set(port("rready"), cycle == 7)
            ctx.set(port("awaddr"), address)
            ctx.set(port("araddr"), address)
            ctx.set(port("wdata"), 0x14)
            for name in levels:
                seen[f"s_axil_{name}"].append(ctx.get(port(name)))
            for name, valid in buses.items():
                shown = f"{ctx.get(port(name)):02X}" if ctx.get(port(valid)) else None
                seen[f"s_axil_{name}"].append(shown)
            await ctx.tick()

    simulated(top, bench)
    return diagram(seen, WIDTH)


def packet_bytes():
    """Return the bytes of two packets, of three rows of 32 channels, and which of them are last."""
    words = np.array([range(1, 5), range(0x11, 0x15), range(0x21, 0x25)], np.uint8)
    raster = np.unpackbits(words, axis=1, bitorder="little")
    packets = encode_packets(raster, Settings(alpha_q8=0, epoch_steps=2, keyframe_interval=2))
    return [(byte, place == len(packet) - 1) for packet in packets for place, byte in enumerate(packet)]


def decoder_diagrams():
    """Return the bytes around the end of a packet at the decoder's input, and the last words of it at the output."""
    top = SpikeDecoderTop(32, LANES, 64)
    stream = packet_bytes()
    into = watched("s_axis")
    out = watched("m_axis") | {"m_axis_tuser[31:0]": [], "m_axis_tuser[32]": [], "m_axis_tuser[33]": []}

    async def bench(ctx):
        taken = 0
        while len(into["s_axis_tvalid"]) < 120:
            cycle = len(into["s_axis_tvalid"])
            offers = taken < len(stream)
            byte, last = stream[taken] if offers else (0, False)
            ctx.set(top.s_axis_tvalid, offers)
            ctx.set(top.s_axis_tdata, byte)
            ctx.set(top.s_axis_tlast, last)
            watch(ctx, top, "s_axis", into)
            taken += offers and ctx.get(top.s_axis_tready)

            shows = ctx.get(top.m_axis_tvalid)
            if shows:
                began.setdefault("cycle", cycle)
            ctx.set(top.m_axis_tready, cycle != began.get("cycle", 0) + 6)
            user = ctx.get(top.m_axis_tuser)
            row = user & (1 << ROW_LAST) - 1
            watch(ctx, top, "m_axis", out)
            out["m_axis_tuser[31:0]"].append(str(row) if shows else None)
            out["m_axis_tuser[32]"].append(user >> ROW_LAST & 1)
            out["m_axis_tuser[33]"].append(user >> ROW_LAST + 1)
            await ctx.tick()

    began = {}
    simulated(top, bench)
    end, first = into["s_axis_tlast"].index(1), began["cycle"]
    return (
        diagram({name: values[end - 3 : end + 4] for name, values in into.items()}, WIDTH),
        diagram({name: values[first + 2 : first + 11] for name, values in out.items()}, WIDTH),
    )


def spi_diagram():
    """Return a byte at the board's SPI input, at a quarter of the clock's frequency."""
    top, sent, took = SpiInput(), 0xA6, []
    bits = [sent >> 7 - place & 1 for place in range(8)]
    pins = {name: [] for name in ("spi_cs_n", "spi_sck", "spi_copi")}

    async def bench(ctx):
        ctx.set(top.o.ready, 1)
        for cycle in range(44):
            place, quarter = divmod(cycle - 4, 4)
            is_bit = 0 <= place < 8
            ctx.set(top.cs_n, not 2 <= cycle < 38)
            ctx.set(top.sck, is_bit and quarter >= 2)
            ctx.set(top.copi, is_bit and bits[place])
            pins["spi_cs_n"].append(ctx.get(top.cs_n))
            pins["spi_sck"].append(ctx.get(top.sck))
            pins["spi_copi"].append(f"b{7 - place}" if is_bit else None)
            if ctx.get(top.o.valid):
                took.append(ctx.get(top.o.payload))
            await ctx.tick()

    simulated(top, bench)
    assert took == [sent]
    return diagram({name: values[:40] for name, values in pins.items()}, 1, with_clock=False)


def uart_diagram():
    """Return a byte at the board's serial output, a bit in four characters."""
    top, sent = UartOutput(4), 0x4D
    line = []

    async def bench(ctx):
        ctx.set(top.i.payload, sent)
        for cycle in range(48):
            ctx.set(top.i.valid, cycle == 2)
            line.append(ctx.get(top.tx))
            await ctx.tick()

    simulated(top, bench)
    names = ["st", *(f"b{place}" for place in range(8)), "sp"]
    labels = [None] * 3 + [name for name in names for _ in range(4)] + [None] * 5
    assert line == [1] * 3 + [bit for bit in [0, *(sent >> n & 1 for n in range(8)), 1] for _ in range(4)] + [1] * 5
    return diagram({"uart_tx": line, "bit": labels}, 1, with_clock=False)


DIAGRAMS = {
    "encoder input": input_diagram,
    "encoder output": output_diagram,
    "settings": settings_diagram,
    "registers": register_diagram,
    "decoder input": lambda: decoder_diagrams()[0],
    "decoder output": lambda: decoder_diagrams()[1],
    "SPI": spi_diagram,
    "serial line": uart_diagram,
}
ALL_DRAWN = re.findall(r"```text\n(.*?)```", DOCUMENT.text, flags=re.DOTALL)


@pytest.mark.parametrize("name", DIAGRAMS)
def test_diagrams_show_what_the_hardware_does(name):
    assert DIAGRAMS[name]() in ALL_DRAWN


def test_no_diagram_is_drawn_by_hand():
    assert len(ALL_DRAWN) == len(DIAGRAMS)


def ports_of(design, name):
    (top,) = re.findall(rf"^module \\{name}$(.*?)^end$", design, flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"(?:in|out)put \d+\s+\\(\w+)", top))


TOPS = {
    "spike_encoder": lambda: SpikeEncoderTop(32, LANES),
    "spike_encoder_soc": lambda: SpikeEncoderSoc(32, LANES),
    "spike_decoder": lambda: SpikeDecoderTop(32, LANES, 64),
    "icebreaker": lambda: IcebreakerTop(LANES),
}


def test_ports_of_the_diagrams_exist():
    ports = set().union(*(ports_of(component_rtlil(top(), name), name) for name, top in TOPS.items()))
    shown = set(re.findall(r"\b(?:[sm]_axi[sl]|cfg|spi|uart)_[a-z0-9_]+", "".join(ALL_DRAWN)))
    assert len(shown) > 25
    assert shown <= ports


@pytest.mark.parametrize("name", ["spike_encoder", "spike_encoder_soc", "spike_decoder"])
def test_no_input_reaches_an_output_within_a_cycle(name):
    top, chance, stream = TOPS[name](), random.Random(1), packet_bytes()
    flows = {member: top.signature.members[member].flow for member in top.signature.members}
    inputs = [getattr(top, member) for member, flow in flows.items() if flow is In]
    outputs = [getattr(top, member) for member, flow in flows.items() if flow is Out]
    seen = set()

    async def bench(ctx):
        taken = 0
        for _ in range(300):
            for port in inputs:
                ctx.set(port, chance.getrandbits(len(port)) & chance.getrandbits(len(port)))
            if name == "spike_decoder" and taken < len(stream):
                ctx.set(top.s_axis_tdata, stream[taken][0])
                ctx.set(top.s_axis_tlast, stream[taken][1])
            taken += ctx.get(top.s_axis_tvalid) and ctx.get(top.s_axis_tready)
            before = [ctx.get(port) for port in outputs]
            seen.add(tuple(before))
            for port in inputs:
                value = ctx.get(port)
                ctx.set(port, ~value & (1 << len(port)) - 1)
                assert [ctx.get(output) for output in outputs] == before
                ctx.set(port, value)
            await ctx.tick()

    simulated(top, bench)
    assert len(seen) > 20  # the design was not at rest


@pytest.mark.parametrize("words", [1, 2, 3, 4, 5])
def test_no_word_of_a_memory_is_read_while_it_is_written(words, monkeypatch):
    memories, chance = [], random.Random(1)

    class Watched(memory.Memory):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            memories.append(self)

    for module in (memory, fifo):
        monkeypatch.setattr(module, "Memory", Watched)
    top, accesses = SpikeEncoderTop(2 * words, 2), [0, 0]

    async def bench(ctx):
        ctx.set(top.cfg_epoch_steps, 2)
        ctx.set(top.cfg_keyframe_interval, 3)
        ctx.set(top.cfg_alpha_q8, 20)
        for cycle in range(1500):
            ctx.set(top.s_axis_tvalid, cycle < 500 or chance.random() < 0.7)
            ctx.set(top.s_axis_tdata, chance.getrandbits(2))
            ctx.set(top.m_axis_tready, cycle < 500 or chance.random() < 0.7)
            for storage in memories:
                (read,), (write,) = storage.read_ports, storage.write_ports
                reads, writes = ctx.get(read.en), ctx.get(write.en)
                accesses[0] += reads
                accesses[1] += writes
                assert not (reads and writes and ctx.get(read.addr) == ctx.get(write.addr))
            await ctx.tick()

    simulated(top, bench)
    assert len(memories) == 3
    assert min(accesses) > 100


def commands():
    return re.findall(r"^python -m synth (size .*)$", DOCUMENT.text, flags=re.MULTILINE)


def test_commands_give_the_rows_of_the_table():
    (rows,) = (table for table in DOCUMENT.tables("Sizes") if "delay" in table[0])
    assert len(rows) == len(commands()) == 3
    for row, command in zip(rows, commands(), strict=True):
        shown = CliRunner().invoke(app, shlex.split(command))
        assert shown.exit_code == 0
        stated = {name: value.replace(",", "") for name, value in row.items()}
        for pattern, told in (
            (r"lanes +(\d+)", stated["lanes"]),
            (r"clock +at least ([\d.]+ MHz)", stated["clock"]),
            (r"memory +([\d,]+ bits)", stated["memory"]),
            (r"sends +([\d.]+ kbit/s)", stated["sent"]),
            (r"link +([\d.]+ kbit/s)", stated["link"]),
            (r"buffers (\d+) words", stated["words before"]),
            (r"(\d+) bytes behind", stated["bytes behind"]),
            (r"delay +at most ([\d.]+ ms)", stated["delay"]),
        ):
            assert re.findall(pattern, shown.stdout.replace(",", "")) == [told]
        options = dict(zip(*[iter(shlex.split(command)[1:])] * 2, strict=True))
        assert stated["channels"] == options["--channels"]
        assert stated["rows a second"] == options["--steps-hz"]
        assert stated["spikes a second"] == options["--spikes-hz"]


def test_longer_epochs_send_less():
    ((option, sent),) = re.findall(r"with `(--epoch-steps \d+)` the N1 sends ([\d.]+) kbit/s", DOCUMENT.text)
    shown = CliRunner().invoke(app, shlex.split(f"{commands()[0]} {option}"))
    assert f"sends   {sent} kbit/s on average\n" in shown.stdout


FORMULAS = dict(re.findall(r"^\| ([a-z][^|]*) \| (.*) \|$", DOCUMENT.sections["Sizes"], flags=re.MULTILINE))
DEFINITIONS = dict(re.findall(r"`([a-z_ ]+)` =\s+`([^`]+)`", DOCUMENT.sections["Sizes"]))
FUNCTIONS = {"ceil": math.ceil, "floor": math.floor, "log2": math.log2, "min": min, "max": max}


def given(recording, lanes):
    """Return what the page's formulas start from, by its names."""
    return {
        "channels": recording.channels,
        "rows_per_second": recording.steps_hz,
        "spikes_per_second": recording.spikes_hz,
        "epoch_steps": recording.epoch_steps,
        "keyframe_interval": recording.keyframe_interval,
        "packets_per_second": recording.packets_hz,
        "lanes": lanes,
    }


class Page:
    """What the page's formulas give for a recording and lanes, with the link that is taken where none is given."""

    def __init__(self, recording, lanes):
        self.known = given(recording, lanes)
        for name, formula in DEFINITIONS.items():
            self._define(name, self._value(formula))
        self._define("errors of a packet", self.known["errors_per_second"] / recording.packets_hz)
        self._define("words", self["words of a row"])
        long, short, few = DOCUMENT.numbers("Sizes", r"`c` cycles: (\d), or (\d) in rows of (\d) words or fewer")
        self._define("c", short if self.known["words"] <= few else long)
        self._define("bits of an error", self["bits of an error"])
        (always,) = re.findall(r"^([\d.]+), and `.*` more for a keyframe, divided by `", FORMULAS["frame, bytes"])
        self._define("frame", float(always) + self["frame, bytes"] / recording.keyframe_interval)
        self._define("sent", self["sent, bits per second"])
        self._define("clock", max(self["clock, for words"], self["clock, for bytes"]))
        (share,) = re.findall(r"which is ([\d.]+) times what is sent", DOCUMENT.text)
        self._define("link", float(share) * self.known["sent"])
        self._define("load", self["load"])
        self._define("bytes", self["bytes behind `m_axis`"])

    def __getitem__(self, wanted):
        return self._value(re.findall(r"`([^`]+)`", FORMULAS[wanted])[0])

    def _value(self, formula):
        return eval(self._names(formula).removeprefix("words = "), FUNCTIONS, self.known)

    def _define(self, name, value):
        self.known[self._names(name)] = value

    def _names(self, text):
        return re.sub(r"(?<=[a-z]) (?=[a-z])", "_", text)


def recording_of(command):
    options = dict(zip(*[iter(shlex.split(command)[1:])] * 2, strict=True))
    rates = float(options["--steps-hz"]), float(options["--spikes-hz"])
    return Recording(int(options["--channels"]), *rates, int(options.get("--epoch-steps", 20)))


WORKED = [recording_of(command) for command in commands()]
OTHERS = [
    (Recording(8, 1000, 10, 1, 1), 8),  # short packets: bytes take longest
    (Recording(24, 1000, 800, 7, 3), 8),  # rows of three words, and more spikes than not
    (Recording(25, 1000, 0.001, 4, 10), 2),  # rows of many words, and hardly a spike
    (Recording(64, 1000, 10, 1), 16),  # rows that wait for the trailer of the packet before
]


@pytest.mark.parametrize(("recording", "lanes"), [*((recording, 8) for recording in WORKED), *OTHERS])
def test_formulas_are_those_of_the_calculator(recording, lanes):
    page, needs = Page(recording, lanes), size(recording, lanes)
    (fifo_bits,) = DOCUMENT.numbers("Sizes", r"and (\d+) for the FIFO")
    assert page.known["clock"] == pytest.approx(slowest_clock(recording, lanes))
    assert page["memory, bits"] + fifo_bits == needs.memory_bits
    assert page.known["bits_of_an_error"] == pytest.approx(recording.error_bits)
    assert page.known["sent"] == pytest.approx(needs.sent_bits_per_second)
    assert page.known["link"] == pytest.approx(needs.link_bits_per_second)
    assert page["words before `s_axis`"] == needs.input_words
    assert page.known["bytes"] == needs.output_bytes
    assert page["delay"] == pytest.approx(needs.latency_s)
    assert 0 < page.known["load"] < 1


@pytest.mark.parametrize(
    ("recording", "lanes"), [*((recording, 8) for recording in WORKED), (Recording(1024, 20_000, 100), 32)]
)
def test_lanes_of_a_clock_are_those_of_the_calculator(recording, lanes):
    """At a clock that is just enough for all further errors, too."""
    page = Page(recording, lanes)
    page.known["clock"] = page.known["words"] * recording.steps_hz + recording.errors_hz
    assert page["lanes, of a clock"] == fewest_lanes(recording, page.known["clock"]) == lanes


@pytest.mark.parametrize(("channels", "lanes"), [(1024, 8), (24, 8), (100, 16)])
def test_memories_are_those_of_the_netlist(channels, lanes):
    design = component_rtlil(SpikeEncoderTop(channels, lanes), "spike_encoder")
    memories = [tuple(map(int, found)) for found in re.findall(r"memory width (\d+) size (\d+)", design)]
    words = -(-channels // lanes)
    assert sorted(memories) == sorted([(16 * lanes, words), (24 * lanes, words), tuple(FIFO)])
    assert sum(width * depth for width, depth in memories) == size(Recording(channels, 1000, 1), lanes).memory_bits


FIFO = DOCUMENT.numbers("Clock and reset", r"(?:FIFO of \d+ rows of) (\d+) bits") + DOCUMENT.numbers(
    "Clock and reset", r"FIFO of (\d+) rows of"
)


def test_figures_of_the_text_are_right():
    assert DOCUMENT.numbers("Sizes", r"and (\d+) for the FIFO") == [FIFO[0] * FIFO[1]]
    assert DOCUMENT.numbers("Board", r"(\d+) cycles of the clock a bit") == [CLOCK_HZ // BAUD_HZ]
