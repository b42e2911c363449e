"""Depacketizer: what it tells of a packet is what the wire format's places hold, and nothing else gets by."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data

from formal.packet_fields import HEADER_BYTES, HEADER_PLACES, KEYFRAME_HEADER_BYTES, field_bytes
from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.depacketizer import FORMAT, HEADER, Depacketizer, Part
from hdl.packet_buffer import TRAILER

CHANNELS = 1000
SEQUENCE_PLACES = (2, 3)


class Judgement(Spec):
    """Any bytes, in packets of any length, and any trailers."""

    method = Induction(2)
    sizes = f"{CHANNELS} channels"
    cover_depth = 34
    broken_depth = 36

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = Depacketizer(CHANNELS)
        self.inside = inside = self.design(m, dut)
        self.part, self.place, self.ended = inside["part"], inside["place"], inside["ended"]
        self.header, self.format = data.View(HEADER, inside["header"]), data.View(FORMAT, inside["format"])
        self.last, self.last_trailer = data.View(HEADER, inside["last"]), data.View(TRAILER, inside["last_trailer"])
        self.accepted = inside["accepted"]
        assume_source(self, m, dut.i)
        assume_source(self, m, dut.trailer, "trailer")
        for name, port in (("info", dut.info), ("coding", dut.coding)):
            prove_source(self, m, port, name, path=False)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit(
                    "self.o.valid.eq(self.i.valid | ended)", "self.o.valid.eq(self.i.valid | ended | self.info.ready)"
                ),
                "stable": Edit(
                    "self.o.payload.end.eq(ended | self.i.payload.last)",
                    "self.o.payload.end.eq(ended | (self.i.payload.last & self.info.ready))",
                ),
            },
        )
        self._count(m)
        self._fields(m)
        self._verdict(m)
        self._payload(m)

    def _count(self, m: Module) -> None:
        """Count the bytes of each packet as they come, and keep any one of its header."""
        dut = self.dut
        self.count, self.over = Signal(range(KEYFRAME_HEADER_BYTES + 1)), Signal()
        taken = transfer(dut.i)
        self.index = self.constant(m, range(KEYFRAME_HEADER_BYTES), "index")
        self.byte = Signal(8, name="byte_at_index")
        self.judged = transfer(dut.trailer)
        reading = self.part == Part.HEADER
        with m.If(reading & taken):
            m.d.sync += [self.count.eq(self.count + 1), self.over.eq(dut.i.payload.last)]
            with m.If(self.count == self.index):
                m.d.sync += self.byte.eq(dut.i.payload.data)
        with m.Elif(
            (transfer(dut.o) & dut.o.payload.end)
            | ((self.part == Part.DISCARD) & (self.over | (taken & dut.i.payload.last)))
        ):
            m.d.sync += [self.count.eq(0), self.over.eq(0)]
        self.invariant(
            m,
            "count",
            "The block counts bytes as they come.",
            (self.count == self.place) & (self.over == self.ended),
        )
        header, format = self.header.as_value(), self.format.as_value()
        in_header = self.index < HEADER_BYTES
        shifts = Mux(
            in_header, Mux(self.count > HEADER_BYTES, 0, HEADER_BYTES - self.count), KEYFRAME_HEADER_BYTES - self.count
        )
        place = Signal(5)
        m.d.comb += place.eq(shifts + Mux(in_header, self.index, self.index - HEADER_BYTES))
        held = Mux(in_header, header.word_select(place[:3], 8), format.word_select(place[:4], 8))
        self.invariant(
            m,
            "byte",
            "Any byte of the header is held at its place.",
            (self.count <= self.index) | (held == self.byte),
        )
        self.invariant(
            m,
            "lengths",
            "No more bytes are read as header than it has.",
            (self.count <= HEADER_BYTES) | ((self.count <= KEYFRAME_HEADER_BYTES) & (self.header.flags == 1)),
        )

    def _fields(self, m: Module) -> None:
        dut = self.dut
        info, settings = dut.info.payload, dut.info.payload.settings
        posted = self.past(m, self.accepted, "accepted")
        constants = {"magic": 0xC7, "version": 1, "predictor": 0, "channels": CHANNELS, "sequence": 0}
        fields = {name: Signal(width, name=f"told_{name}") for name, (_, _, width) in HEADER_PLACES.items()}
        told = {name: settings[name] for name, _ in settings.shape()} | {
            "flags": info.keyframe,
            "step_index": info.step_index,
        }
        m.d.comb += [fields[name].eq(value) for name, value in (constants | told).items()]
        in_sequence = (self.index == SEQUENCE_PLACES[0]) | (self.index == SEQUENCE_PLACES[1])
        in_packet = self.index < Mux(info.keyframe, KEYFRAME_HEADER_BYTES, HEADER_BYTES)
        self.contract(
            m,
            "fields",
            "Any byte of an accepted packet's header is what the wire format has for what is told of it.",
            self.byte == field_bytes(HEADER_PLACES, fields)[self.index],
            when=posted & in_packet & ~in_sequence,
            broken_by=[
                Edit("(header.magic == MAGIC)\n            & ", ""),
                Edit("& (header.version == VERSION)", ""),
                Edit("(format.predictor == PREDICTOR_ID)\n            & ", ""),
                Edit("& (format.sharpness <= SHARPNESS_MAX)", ""),
                Edit("& (format.channels == self._channels)", ""),
                Edit("& (format.alpha_q8 <= ALPHA_Q8_MAX)", ""),
                Edit(
                    '"epoch_steps": 16,\n        "keyframe_interval": 16,',
                    '"keyframe_interval": 16,\n        "epoch_steps": 16,',
                ),
            ],
        )
        kept, some = Signal(settings.shape()), Signal()
        format_settings = Signal(settings.shape())
        m.d.comb += [format_settings[name].eq(self.format[name]) for name, _ in settings.shape()]
        with m.If(self.accepted & (self.header.flags == 1)):
            m.d.sync += [kept.eq(format_settings), some.eq(1)]
        self.invariant(
            m,
            "in_force",
            "The block keeps the settings of the last keyframe.",
            (self.inside["seen"] == some)
            & (
                ~some
                | ((self.inside["in_force"] == kept.as_value()) & (kept.coder <= 1) & (kept.keyframe_interval != 0))
            ),
        )
        self.contract(
            m,
            "settings_kept",
            "A packet that is no keyframe is accepted only behind one, and has its settings.",
            some & (settings == kept),
            when=posted & ~info.keyframe,
            broken_by=Edit("m.d.comb += settings.eq(in_force)", "m.d.comb += settings.eq(~in_force.as_value())"),
        )
        trailer = self.past(m, dut.trailer.payload.closing.as_value(), "closing")
        self.contract(
            m,
            "closing",
            "Steps and check are those of the packet's trailer.",
            info.closing.as_value() == trailer,
            when=posted,
            broken_by=Edit(
                "self.info.payload.closing.eq(trailer.closing)", "self.info.payload.closing.eq(last_trailer.closing)"
            ),
        )
        self.contract(
            m,
            "coding",
            "Info and coding are posted together, and agree.",
            dut.info.valid
            & dut.coding.valid
            & (dut.coding.payload.coder == settings.coder)
            & (dut.coding.payload.keyframe == info.keyframe)
            & (dut.coding.payload.tag == info.tag)
            & (settings.coder <= 1)
            & (settings.keyframe_interval != 0)
            & (info.closing.steps != 0)
            & (info.closing.steps <= settings.epoch_steps),
            when=posted,
            broken_by=[
                Edit("& (trailer.closing.steps <= settings.epoch_steps)", ""),
                Edit("self.coding.payload.keyframe.eq(keyframe)", "self.coding.payload.keyframe.eq(follows)"),
            ],
        )
        sequence, step_index, steps, crc = Signal(16), Signal(32), Signal(16), Signal(32)
        with m.If(self.accepted):
            m.d.sync += [
                sequence.eq(self.header.sequence),
                step_index.eq(self.header.step_index),
                steps.eq(dut.trailer.payload.closing.steps),
                crc.eq(dut.trailer.payload.crc),
            ]
        self.invariant(
            m,
            "last",
            "The block keeps the numbers and the checksum of the packet accepted last.",
            (self.last.sequence == sequence)
            & (self.last.step_index == step_index)
            & (self.last_trailer.closing.steps == steps)
            & (self.last_trailer.crc == crc),
        )
        follows = (self.header.sequence == (sequence + 1)[:16]) & (self.header.step_index == (step_index + steps)[:32])
        self.contract(
            m,
            "continues",
            "It is told whether a packet's number and step are those due behind the packet accepted before it.",
            info.continues == self.past(m, follows, "follows"),
            when=posted,
            broken_by=Edit(
                "header.step_index == (last.step_index + last_trailer.closing.steps)[:32]",
                "header.step_index >= last.step_index",
            ),
        )
        self.settings, self.some = kept, some
        self.repeats = (
            some
            & (self.header.sequence == sequence)
            & (self.header.step_index == step_index)
            & (dut.trailer.payload.crc == crc)
        )

    def _verdict(self, m: Module) -> None:
        dut = self.dut
        self.contract(
            m,
            "one_verdict",
            "Each packet is accepted, rejected or found to repeat another, once, as its trailer is taken.",
            self.accepted + dut.rejected + dut.repeated == self.judged,
            broken_by=Edit("self.rejected.eq(judged & ~known)", "self.rejected.eq(judged & ~known & ~repeats)"),
        )
        header, format, steps = self.header, self.format, dut.trailer.payload.closing.steps
        good = (header.magic == 0xC7) & (header.version == 1) & (steps != 0)
        keyframe = (
            (header.flags == 1)
            & (format.predictor == 0)
            & (format.coder <= 1)
            & (format.sharpness <= 15)
            & (format.channels == CHANNELS)
            & (format.keyframe_interval != 0)
            & (format.alpha_q8 <= 256)
            & (steps <= format.epoch_steps)
            & (self.count == KEYFRAME_HEADER_BYTES)
        )
        self.contract(
            m,
            "valid_keyframe",
            "A keyframe whose fields are all valid is not rejected.",
            ~dut.rejected,
            when=self.judged & good & keyframe,
            broken_by=Edit("(format.sharpness <= SHARPNESS_MAX)", "(format.sharpness < SHARPNESS_MAX)"),
        )
        behind = (header.flags == 0) & self.some & (steps <= self.settings.epoch_steps) & (self.count == HEADER_BYTES)
        self.contract(
            m,
            "valid_behind_keyframe",
            "Nor is another packet whose fields are all valid, once a keyframe was accepted.",
            ~dut.rejected,
            when=self.judged & good & behind,
            broken_by=Edit("Mux(keyframe, known_format, seen)", "Mux(keyframe, known_format, 0)"),
        )
        self.contract(
            m,
            "repeated",
            "What repeats another has the number, the step and the checksum of the packet accepted last, and is found.",
            dut.repeated == self.repeats,
            when=self.judged & ~dut.rejected,
            broken_by=[
                Edit("& (trailer.crc == last_trailer.crc)", ""),
                Edit("& (header.step_index == last.step_index)\n                & (t", "& (t"),
            ],
        )

    def _payload(self, m: Module) -> None:
        dut = self.dut
        given = dut.o.payload
        self.contract(
            m,
            "payload",
            "Behind an accepted header go the packet's bytes as they come, its end with the last one.",
            transfer(dut.i) & (given.data == dut.i.payload.data) & (given.end == dut.i.payload.last),
            when=transfer(dut.o) & given.present,
            broken_by=Edit("self.o.payload.end.eq(ended | self.i.payload.last)", "self.o.payload.end.eq(ended)"),
        )
        self.contract(
            m,
            "empty_payload",
            "An end without a byte, and so with zeros, goes on exactly where the packet ended with its header.",
            given.end & self.over & (given.data == 0),
            when=dut.o.valid & ~given.present,
            broken_by=Edit("self.o.payload.present.eq(~ended)", "self.o.payload.present.eq(~self.o.payload.end)"),
        )
        accepted = Signal()
        with m.If(self.judged):
            m.d.sync += accepted.eq(self.accepted)
        self.contract(
            m,
            "only_accepted",
            "Nothing of a packet goes on that was not accepted.",
            accepted & (self.part == Part.PAYLOAD),
            when=dut.o.valid,
            broken_by=Edit("Mux(accepted, Part.PAYLOAD, Part.DISCARD)", "Part.PAYLOAD"),
        )
        self.invariant(
            m, "part", "A payload goes on only where the packet was accepted.", (self.part != Part.PAYLOAD) | accepted
        )
        whole = (self.count == HEADER_BYTES) & (self.header.flags != 1) | (self.count == KEYFRAME_HEADER_BYTES)
        reading = self.part == Part.HEADER
        self.contract(
            m,
            "header_read",
            "While the header is neither whole nor cut off, its bytes are taken.",
            dut.i.ready == ~(self.over | whole),
            when=reading,
            broken_by=Edit("ended | (place == header_end)", "ended | (place == header_end - 1)"),
        )
        self.contract(
            m,
            "then_judged",
            "Once it is, the packet is judged.",
            self.part == Part.JUDGE,
            when=self.past(m, reading & (self.over | whole), "read"),
            broken_by=Edit("part.eq(Part.JUDGE)", "part.eq(Mux(self.o.ready, Part.JUDGE, Part.HEADER))"),
        )
        self.contract(
            m,
            "not_stuck",
            "With a ready sink and nothing to wait for, a byte is taken, the packet judged, or its end passed on.",
            dut.i.ready | self.judged | (self.part == Part.HEADER) | self.over,
            when=dut.o.ready & dut.trailer.valid & ~dut.info.valid & ~dut.coding.valid,
            broken_by=Edit(
                "self.i.ready.eq(self.o.ready & ~ended)", "self.i.ready.eq(self.o.ready & ~ended & self.info.valid)"
            ),
        )
        self.cover(m, "second", "A packet that is no keyframe is accepted.", self.accepted & (self.header.flags == 0))


SPECS = (Judgement(),)
