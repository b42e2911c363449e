"""Packetizer: every byte of every packet is the one that the wire format asks for."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value

from formal.packet_fields import (
    HEADER_BYTES,
    HEADER_PLACES,
    KEYFRAME_HEADER_BYTES,
    TRAILER_BYTES,
    TRAILER_PLACES,
    field_bytes,
)
from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.packetizer import PAYLOAD_PLACE, TRAILER_PLACE, Packetizer

CHANNELS = 1000
CRC_PLACE = TRAILER_PLACES["crc"][0]


class Read(Spec):
    """Any payloads, and a reader that counts bytes."""

    method = Induction(1)
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
        self._invariants(m)

    def _invariants(self, m: Module) -> None:
        dut = self.dut
        due = Mux(self.in_trailer, TRAILER_PLACE + self.trailer_place, PAYLOAD_PLACE)
        self.invariant(
            m,
            "place",
            "The block's count is the reader's.",
            (self.inside["place"] == Mux(self.in_header, self.place, due)) & ~(self.in_header & self.in_trailer),
        )
        self.invariant(
            m,
            "within",
            "A header is read to its end, which comes later in a keyframe; so is a trailer.",
            Mux(
                self.in_header,
                (self.place < KEYFRAME_HEADER_BYTES) & ((self.place < HEADER_BYTES) | dut.opening.payload),
                (self.place == HEADER_BYTES) | (self.place == KEYFRAME_HEADER_BYTES),
            )
            & (self.trailer_place < TRAILER_BYTES)
            & (self.in_trailer | (self.trailer_place == 0)),
        )
        self.invariant(
            m,
            "open",
            "Behind a header's first byte its opening waits, and behind a trailer's first byte its closing.",
            (~self.in_header | (self.place == 0) | dut.opening.valid) & ((self.trailer_place == 0) | dut.closing.valid),
        )

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
                "stable": Edit("self.i.payload.end, sent))", "self.i.payload.end, self.o.valid))"),
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
        self._numbers(m)
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
                Edit("added.eq(1)", "added.eq(2)"),
                Edit("of_sequence.eq(place[1:] == SEQUENCE_PLACE >> 1)", "of_sequence.eq(0)"),
                Edit("(place[2:] == STEP_INDEX_PLACE >> 2) | ", ""),
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

    def _numbers(self, m: Module) -> None:
        """Say where each byte of the two numbers is: those that are due have moved down, those behind them are new."""
        inside, steps = self.inside, self.dut.closing.payload.steps
        sequence_after, step_index_after = (self.sequence + 1)[:16], (self.step_index + steps)[:32]
        sequence_out = Mux(self.in_header, _within(self.place, 2, 2), 2)
        self.invariant(
            m,
            "sequence",
            "The packet's number goes out byte by byte, and one more comes in.",
            inside["sequence"] == _moved(self.sequence, sequence_after)[sequence_out],
        )
        sent, added = _within(self.place, 4, 4), _within(self.trailer_place, 0, 4)
        self.invariant(
            m,
            "step_index",
            "So does the first step; the steps are added as the trailer goes out.",
            inside["step_index"]
            == Mux(
                self.in_header,
                _moved(self.step_index, self.step_index)[sent],
                _moved(self.step_index, step_index_after)[added],
            ),
        )
        carries = [((self.step_index[: 8 * byte] + steps[: 8 * byte]) >> 8 * byte)[0] for byte in (1, 2, 3)]
        self.invariant(
            m,
            "carry",
            "A carry waits only between the bytes of a number.",
            inside["carry"]
            == Mux(
                self.in_header,
                (self.place == 3) & (self.sequence[:8] == 0xFF),
                Array([Const(0), *carries, *[Const(0)] * 4])[self.trailer_place[:3]],
            ),
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
            broken_by=Edit("(self.o.ready | ~self.i.payload.present)", "~self.i.payload.end"),
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
            broken_by=Edit("Mux(header_ends, PAYLOAD_PLACE, place + 1)", "Mux(header_ends, TRAILER_PLACE, place + 1)"),
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

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.read(m)
        dut, inside = self.dut, self.inside
        crc, left = inside["crc.crc"], Signal(32)
        first = self.trailer_place == CRC_PLACE
        with m.If(first):
            m.d.sync += left.eq(crc)
        self.contract(
            m,
            "trailer_crc",
            "Last goes out the checksum.",
            dut.o.payload.data == self.trailer_byte(m, Mux(first, crc, left)),
            when=dut.o.valid & self.is_at("crc"),
            broken_by=Edit("crc.crc[:BYTE]", "crc.crc[BYTE : 2 * BYTE]"),
        )
        out = Mux(self.is_at("crc"), self.trailer_place - CRC_PLACE, 0)[:2]
        self.invariant(
            m,
            "crc",
            "What is left of the checksum moves down as its bytes go out.",
            ~self.is_at("crc") | first | (((crc ^ (left >> (out << 3))) << (out << 3))[:32] == 0),
        )
        self.contract(
            m,
            "checksummed",
            "It is that of all bytes of the packet that went out before it; the last byte starts another one.",
            (inside["crc.valid"] == transfer(dut.o))
            & (~inside["crc.valid"] | (inside["crc.data"] == dut.o.payload.data))
            & (inside["crc.out"] == self.is_at("crc"))
            & (inside["crc.restart"] == (transfer(dut.o) & dut.o.payload.last)),
            broken_by=[
                Edit("crc.valid.eq(sent)", "crc.valid.eq(sent & ~in_trailer)"),
                Edit("crc.restart.eq(sent & self.o.payload.last)", "crc.restart.eq(self.o.payload.last)"),
            ],
        )


def _within(place: Value, first: int, places: int) -> Value:
    """Return how many of `places` bytes, of which the first is at `first`, are behind `place`."""
    return Mux(place < first, 0, Mux(place < first + places, place - first, places))[:3]


def _moved(number: Value, after: Value) -> Array:
    """Return a register whose bytes leave below as those of `after` come in above, by the number of bytes that left."""
    return Array(Cat(number[low:], after[:low]) for low in range(0, len(number) + 1, 8))


TRAILER_SENTENCES = {
    "steps": "Behind the payload's end the number of the packet's steps goes out.",
    "check": "Then the check of its spikes.",
}
TRAILER_EDITS = {
    "steps": Edit("Cat(self.closing.payload.as_value(), crc", "Cat(self.closing.payload.as_value() ^ 1, crc"),
    "check": Edit("word_select(place, BYTE)", "word_select(place ^ ((place >> 1) & 1), BYTE)"),
}
SPECS = (Packets(), Checksum())
