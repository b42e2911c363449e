"""Packetizer: every byte of every packet is the one that the wire format asks for."""

from amaranth.hdl import Const, Module, Mux, Signal, Value

from formal.packet_fields import (
    HEADER_BYTES,
    HEADER_PLACES,
    KEYFRAME_HEADER_BYTES,
    TRAILER_BYTES,
    TRAILER_PLACES,
    crc_of,
    field_bytes,
)
from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl import packetizer
from hdl.packetizer import Packetizer

CHANNELS = 1000
CRC_RESIDUE = 0x48674BC7
"""CRC-32C of anything followed by its own CRC-32C."""


class Read(Spec):
    """Any payloads, and a reader that counts bytes."""

    sizes = f"{CHANNELS} channels"
    cover_depth = 30
    broken_depth = 32

    def read(self, m: Module) -> None:
        """Add the design and its reader."""
        self.dut = dut = Packetizer(CHANNELS)
        self.inside = self.design(m, dut)
        self._assume(m)
        sent, opened, closed = (transfer(port) for port in (dut.o, dut.opening, dut.closing))
        # What a reader of the packets knows: how many bytes of the packet came, and how many of its trailer.
        self.place, self.trailer_place = Signal(range(KEYFRAME_HEADER_BYTES + 1)), Signal(range(TRAILER_BYTES + 1))
        self.in_header, self.in_trailer = Signal(init=1), Signal()
        with m.If(sent):
            m.d.sync += [
                self.place.eq(Mux(dut.o.payload.last, 0, self.place + self.in_header)),
                self.trailer_place.eq(Mux(dut.o.payload.last, 0, self.trailer_place + self.in_trailer)),
            ]
        with m.If(opened):
            m.d.sync += self.in_header.eq(0)
        with m.If(transfer(dut.i) & dut.i.payload.end):
            m.d.sync += self.in_trailer.eq(1)
        with m.If(closed):
            m.d.sync += [self.in_header.eq(1), self.in_trailer.eq(0)]
        self.cover(m, "packet", "The last byte of a packet goes out.", sent & dut.o.payload.last)

    def is_at(self, field: str) -> Value:
        """Return whether a byte of this field of the trailer is due."""
        first, _, width = TRAILER_PLACES[field]
        return self.in_trailer & (self.trailer_place >= first) & (self.trailer_place < first + width // 8)

    def trailer_byte(self, m: Module, crc: Value) -> Value:
        """Return the byte of the trailer that is due."""
        closing = self.dut.closing.payload
        fields = {"steps": closing.steps, "check": closing.check, "crc": crc}
        return field_bytes(TRAILER_PLACES, fields)[self.trailer_place[:3]]

    def _assume(self, m: Module) -> None:
        dut = self.dut
        for port, name in ((dut.opening, "opening"), (dut.i, "i"), (dut.closing, "closing")):
            assume_source(self, m, port, name, idle_after_reset=True)
        waited = self.past(m, dut.opening.valid & ~dut.opening.ready, "opens")
        settings = dut.settings.as_value()
        self.assume(
            m,
            "settings_hold_still",
            "The settings do not change until the opening's transfer.",
            ~waited | (settings == self.past(m, settings, "settings")),
        )


class Packets(Read):
    """Header, payload and trailer, but for the checksum."""

    method = Pdr("scorr;")

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.read(m)
        dut = self.dut
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit(
                    "self.o.valid.eq(self.closing.valid)", "self.o.valid.eq(self.closing.valid & self.opening.payload)"
                ),
                "stable": Edit(
                    "with m.If(sent):\n            m.d.sync += place",
                    "with m.If(self.o.valid):\n            m.d.sync += place",
                ),
            },
        )
        self._header(m)
        self._payload(m)
        self._trailer(m)

    def _header(self, m: Module) -> None:
        dut = self.dut
        keyframe = dut.opening.payload
        self.sequence, self.step_index = Signal(16), Signal(32)
        with m.If(transfer(dut.o) & dut.o.payload.last):
            m.d.sync += [
                self.sequence.eq(self.sequence + 1),
                self.step_index.eq(self.step_index + dut.closing.payload.steps),
            ]
        settings = {name: dut.settings[name] for name, _ in dut.settings.shape()}
        constants = {"magic": 0xC7, "version": 1, "predictor": 0, "channels": CHANNELS}
        fields = {name: Signal(width, name=f"due_{name}") for name, (_, _, width) in HEADER_PLACES.items()}
        values = settings | constants | {"flags": keyframe, "sequence": self.sequence, "step_index": self.step_index}
        m.d.comb += [fields[name].eq(value) for name, value in values.items()]
        self.contract(
            m,
            "header",
            "Any byte of a header is what the wire format has there, with the numbers of packet and first step.",
            (dut.o.payload.data == field_bytes(HEADER_PLACES, fields)[self.place]) & ~dut.o.payload.last,
            when=dut.o.valid & self.in_header,
            broken_by=[
                Edit(
                    "settings.coder,\n            Const(PREDICTOR_ID, 4)",
                    "Const(PREDICTOR_ID, 4),\n            settings.coder",
                ),
                Edit("sequence.eq(sequence + 1)", "sequence.eq(sequence + keyframe)"),
                Edit("step_index.eq(step_index + self.closing.payload.steps)", "step_index.eq(step_index + 1)"),
            ],
        )
        self.contract(
            m,
            "opening",
            "A packet's opening is taken with the last byte of its header, which has 20 bytes in a keyframe, else 8.",
            transfer(dut.opening)
            == (
                transfer(dut.o)
                & self.in_header
                & (self.place == Mux(keyframe, KEYFRAME_HEADER_BYTES, HEADER_BYTES) - 1)
            ),
            broken_by=Edit("HEADER_BYTES + SETTINGS_BYTES - 1,", "HEADER_BYTES + SETTINGS_BYTES - 2,"),
        )

    def _payload(self, m: Module) -> None:
        dut = self.dut
        in_payload = ~self.in_header & ~self.in_trailer
        self.contract(
            m,
            "payload",
            "Behind the header goes the payload, byte by byte, and nothing else.",
            (transfer(dut.i) & dut.i.payload.present)
            & (dut.o.payload.data == dut.i.payload.data)
            & ~dut.o.payload.last,
            when=transfer(dut.o) & in_payload,
            broken_by=Edit("self.i.ready.eq(self.o.ready |", "self.i.ready.eq(self.o.ready & ~self.i.payload.end |"),
        )
        self.contract(
            m,
            "payload_whole",
            "No byte of a payload is taken that does not go out.",
            transfer(dut.o) & in_payload,
            when=transfer(dut.i) & dut.i.payload.present,
            broken_by=Edit("self.o.ready | ~self.i.payload.present", "1"),
        )
        self.contract(
            m,
            "not_stuck",
            "With a ready sink, whatever is due next is taken in the cycle in which it comes.",
            Mux(
                self.in_header,
                dut.o.valid == dut.opening.valid,
                Mux(self.in_trailer, dut.o.valid == dut.closing.valid, dut.i.ready),
            ),
            when=dut.o.ready,
            broken_by=Edit("m.d.sync += part.eq(Part.TRAILER)", "m.d.sync += part.eq(Part.HEADER)"),
        )

    def _trailer(self, m: Module) -> None:
        dut = self.dut
        due = self.trailer_byte(m, Const(0, 32))
        for name in ("steps", "check"):
            self.contract(
                m,
                f"trailer_{name}",
                TRAILER_SENTENCES[name],
                dut.o.payload.data == due,
                when=dut.o.valid & self.is_at(name),
                broken_by=TRAILER_EDITS[name],
            )
        self.contract(
            m,
            "last",
            "The eighth byte of the trailer is the packet's last one, no other is, and with it the closing is taken.",
            (dut.o.payload.last == (self.in_trailer & (self.trailer_place == TRAILER_BYTES - 1)))
            & (transfer(dut.closing) == (transfer(dut.o) & dut.o.payload.last)),
            when=dut.o.valid,
            broken_by=Edit("place == PLACES - 1)", "place >= PLACES - 2)"),
        )


class Checksum(Read):
    """What the checksum is of, and where it goes."""

    method = Pdr("scorr;")

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.read(m)
        dut, inside = self.dut, self.inside
        self.contract(
            m,
            "trailer_crc",
            "Last goes out the checksum.",
            dut.o.payload.data == self.trailer_byte(m, inside["crc.crc"]),
            when=dut.o.valid & self.is_at("crc"),
            broken_by=Edit("self.closing.payload.as_value(), crc.crc)", "self.closing.payload.as_value(), ~crc.crc)"),
        )
        self.contract(
            m,
            "checksummed",
            "It is that of all bytes of the packet that went out before it: the last one starts it anew.",
            (inside["crc.valid"] == (transfer(dut.o) & ~self.is_at("crc")))
            & (~inside["crc.valid"] | (inside["crc.data"] == dut.o.payload.data))
            & (inside["packet_out"] == (transfer(dut.o) & dut.o.payload.last))
            & ~inside["crc.start"],
            broken_by=[
                Edit("(part != Part.TRAILER) | closing_out", "part != Part.TRAILER"),
                Edit("packet_out.eq(self.closing.valid & self.closing.ready)", "packet_out.eq(self.closing.valid)"),
            ],
        )


class Crc(Spec):
    """The checksum itself, as `Packetizer` and `PacketBuffer` have it."""

    # Without merging, a solver takes minutes for equal sums of exclusive ors over more than two bytes.
    method = Pdr("scorr;", depth=3)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = packetizer.CRC32_ISCSI(data_width=8).create()
        m.submodules.dut = dut
        for name in ("start", "data", "valid"):
            self.free(name, getattr(dut, name))
        crc = crc_of(m, dut.data, dut.valid, dut.start)
        self.contract(
            m,
            "crc",
            "The checksum is the CRC-32C of the bytes since its start, equal to one that is computed bit by bit.",
            dut.crc == crc,
            broken_by=Edit("import CRC32_ISCSI", "import CRC32_AIXM as CRC32_ISCSI"),
        )
        self.contract(
            m,
            "residue",
            "It matches exactly where the CRC-32C is that of a packet with its own CRC-32C behind it.",
            dut.match_detected == (crc == CRC_RESIDUE),
            broken_by=Edit("import CRC32_ISCSI", "import CRC32_AIXM as CRC32_ISCSI"),
        )
        self.cover(m, "matches", "A match is found.", dut.match_detected)


TRAILER_SENTENCES = {
    "steps": "Behind the payload's end the number of the packet's steps goes out.",
    "check": "Then the check of its spikes.",
}
TRAILER_EDITS = {
    "steps": Edit("place.eq(TRAILER_PLACE)", "place.eq(TRAILER_PLACE + 1)"),
    "check": Edit("word_select(place, 8)", "word_select(place ^ ((place >> 1) & 1), 8)"),
}
SPECS = (Packets(), Checksum(), Crc())
