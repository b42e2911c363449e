"""SpikeEncoder: its blocks are joined as they must be; so its output is the packetizer's, and keeps the same rules."""

from unittest.mock import patch

from amaranth.hdl import Module, Mux, Signal

from formal.queue import Queue
from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import same_stream, transfer
from hdl import spike_encoder
from hdl.spike_encoder import BACKLOG_BYTES, SpikeEncoder

CHANNELS, LANES = 3, 2
PAYLOAD_DEPTH = 6
BLOCKS = ("scheduler", "predictor", "isi_encoder", "packetizer")
LINKS = {
    "words": ("scheduler.o", "predictor.i"),
    "errors": ("predictor.o", "isi_encoder.i"),
    "openings": ("scheduler.opening", "packetizer.opening"),
    "closings": ("scheduler.closing", "packetizer.closing"),
}
"""Streams within the encoder: where they come from and where they go."""
OUTER = {"input": ("i", "scheduler.i"), "output": ("packetizer.o", "o")}
"""The same of its ports."""
PORTS = sorted({tuple(port.split(".")) for link in (LINKS | OUTER).values() for port in link if "." in port})
EDITS = {
    "input": Edit("wiring.connect(m, wiring.flipped(self.i), scheduler.i)", "pass"),
    "output": Edit("wiring.connect(m, packetizer.o, wiring.flipped(self.o))", "pass"),
}
"""What takes the links of ports apart; the others have lines alike."""


class Joined(Spec):
    """The encoder without its blocks, each of which is proven apart and gives anything here; only the FIFO is left."""

    method = Pdr("scorr;")
    sizes = f"{CHANNELS} channels, {LANES} lanes, {PAYLOAD_DEPTH} bytes that wait"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        with patch.object(spike_encoder, "PAYLOAD_DEPTH", PAYLOAD_DEPTH):
            self.dut = dut = SpikeEncoder(CHANNELS, LANES)
            self.inside = self.design(m, dut)
        self.blocks = {name: getattr(dut, f"_{name}") for name in BLOCKS}
        self.remove(self.inside, **self.blocks)
        ports = {"i": dut.i, "o": dut.o}
        ports |= {f"{name}.{port}": getattr(self.blocks[name], port) for name, port in PORTS}
        for name, (source, sink) in (LINKS | OUTER).items():
            edit = EDITS.get(name) or Edit(f"wiring.connect(m, {source}, {sink})", "pass")
            self.contract(
                m,
                f"joined_{name}",
                f"`{source}` and `{sink}` are one stream.",
                same_stream(ports[source], ports[sink]),
                broken_by=edit,
            )
        self._payload(m)
        self._settings(m)

    def _payload(self, m: Module) -> None:
        inside, coded, sent = self.inside, self.blocks["isi_encoder"].o, self.blocks["packetizer"].i
        self.contract(
            m,
            "payload_in",
            "A byte of the payload is put into the FIFO as it is taken from the interval encoder.",
            (transfer(coded) == (inside["fifo.w_en"] & inside["fifo.w_rdy"]))
            & (inside["fifo.w_data"] == coded.payload.as_value()),
            broken_by=Edit("isi_encoder.o.ready.eq(fifo.w_rdy)", "isi_encoder.o.ready.eq(1)"),
        )
        self.contract(
            m,
            "payload_out",
            "The packetizer is given what comes out of the FIFO, and takes it from there.",
            (transfer(sent) == (inside["fifo.r_rdy"] & inside["fifo.r_en"]))
            & (sent.payload.as_value() == inside["fifo.r_data"]),
            broken_by=Edit("packetizer.i.valid.eq(fifo.r_rdy)", "packetizer.i.valid.eq(1)"),
        )
        waiting = Signal(range(PAYLOAD_DEPTH + 1))
        m.d.sync += waiting.eq(waiting + transfer(coded) - transfer(sent))
        self.contract(
            m,
            "backlogged",
            "The scheduler begins no epoch while it is to hold, or if more bytes waited in the cycle before than may.",
            self.blocks["scheduler"].backlogged
            == (self.dut.hold | self.past(m, waiting > BACKLOG_BYTES, "many_waited")),
            broken_by=[
                Edit("self.hold | backlogged", "backlogged"),
                Edit("fifo.w_level > BACKLOG_BYTES", "fifo.w_level >= BACKLOG_BYTES"),
            ],
        )
        self.contract(
            m,
            "room",
            "A byte of the payload is taken while two places of the FIFO are free, and never if none is.",
            Mux(coded.ready, waiting < PAYLOAD_DEPTH, waiting >= PAYLOAD_DEPTH - 1),
            broken_by=Edit("isi_encoder.o.ready.eq(fifo.w_rdy)", "isi_encoder.o.ready.eq(fifo.w_rdy & ~fifo.r_rdy)"),
        )
        self.cover(m, "full", "The FIFO is full.", ~coded.ready)

    def _settings(self, m: Module) -> None:
        scheduler, settings = self.blocks["scheduler"], self.blocks["scheduler"].settings
        self.contract(
            m,
            "settings",
            "The scheduler is given what is asked for; predictor and packetizer have what it holds.",
            (scheduler.requested == self.dut.settings)
            & (self.blocks["predictor"].settings == settings)
            & (self.blocks["packetizer"].settings == settings),
            broken_by=Edit("predictor.settings.eq(scheduler.settings)", "predictor.settings.eq(self.settings)"),
        )
        word = scheduler.o
        is_open = Signal()
        with m.If(transfer(word)):
            m.d.sync += is_open.eq(~word.payload.epoch_last)
        self.contract(
            m,
            "epoch_open",
            "An epoch is open from its first word on until its last one.",
            self.dut.epoch_open == is_open,
            broken_by=[
                Edit("self.epoch_open.eq(~scheduler.o.payload.epoch_last)", "self.epoch_open.eq(1)"),
                Edit("with m.If(scheduler.o.valid & scheduler.o.ready):", "with m.If(scheduler.o.valid):"),
            ],
        )
        refused = self.past(m, self.dut.i.valid & ~self.dut.i.ready, "refused")
        self.contract(
            m,
            "refused",
            "Every cycle in which a word is offered and not taken is counted, and no other.",
            self.dut.refused == (self.past(m, self.dut.refused, "count") + refused)[:32],
            broken_by=Edit("self.refused.eq(self.refused + 1)", "self.refused.eq(self.refused + 2)"),
        )
        errors = self.blocks["predictor"].o
        self.contract(
            m,
            "errors",
            "The errors of each word that the predictor gives are counted in the cycle behind it.",
            self.dut.errors == self.past(m, Mux(transfer(errors), sum(errors.payload.bits), 0), "errors"),
            broken_by=Edit("self.errors.eq(sum(predictor.o.payload.bits))", "self.errors.eq(1)"),
        )


class Payload(Queue):
    """The FIFO of the payload."""

    depth = spike_encoder.PAYLOAD_DEPTH
    sizes = f"{depth} bytes"
    fast = False


SPECS = (Joined(), Payload())
