"""IsiEncoder: tokens keep their order through whichever coder; an error's codeword is at its place in the bytes."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream

from formal.rice_coder import CodewordReference
from formal.rice_parameter import ParameterReference
from formal.spec import Bounded, Edit, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from formal.tracking import Tracked
from hdl.isi_encoder import IN_FLIGHT_MAX, IsiEncoder
from hdl.layouts import CODEWORD, gap_token
from model.golden.settings import CODER_IDS

INSIDE_MAX = IN_FLIGHT_MAX + 1
"""Tokens in a coder, and one that waits for it."""
WAIT_MAX = 6
"""Cycles that a change of coder costs at most, with a ready packer."""


class Routing(Spec):
    """Any token from the gap counter to the packer, both of which are abstracted."""

    method = Pdr()
    sizes = "1 channel, 1 lane"
    abstracted = ("dut.gap_counter", "dut.bit_packer")

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = IsiEncoder(1, 1)
        self.inside = self.design(m, self.dut)
        self.tokens = self._port(m, "gap_counter.o", gap_token(1))
        self.codewords = self._port(m, "bit_packer.i", CODEWORD)
        assume_source(self, m, self.tokens, "tokens")
        self.assume(
            m,
            "known_coder",
            "A packet has one of the coders that were built, as the scheduler sees to.",
            ~self.tokens.valid | (self.tokens.payload.coder < len(CODER_IDS)),
        )
        prove_source(
            self,
            m,
            self.codewords,
            "codewords",
            path=False,
            broken_by={
                "held": Edit("with m.If(coder_in_use == number):", "with m.If(tokens.payload.coder == number):"),
                "stable": Edit("admitted.eq((in_flight == 0) |", "admitted.eq(1 |"),
                "idle_after_reset": Edit("m = Module()", "m = Module(); self.o.valid._init = 1", "rice_coder"),
            },
        )
        self._contracts(m)

    def _port(self, m: Module, name: str, shape: data.StructLayout) -> stream.Interface:
        port = stream.Signature(shape).create()
        m.d.comb += [
            port.valid.eq(self.inside[f"{name}__valid"]),
            port.payload.eq(self.inside[f"{name}__payload"]),
            port.ready.eq(self.inside[f"{name}__ready"]),
        ]
        return port

    def _contracts(self, m: Module) -> None:
        tracked = Tracked(self, m, self.tokens, self.codewords, capacity=INSIDE_MAX)
        token = data.View(gap_token(1), tracked.payload)
        codeword = self.codewords.payload
        self.contract(
            m,
            "one_for_one",
            "Each token becomes one codeword, with both coders built: none is lost, merged or made up.",
            (tracked.held <= INSIDE_MAX) & (~self.codewords.valid | (tracked.held != 0)),
            broken_by=Edit("codewords.valid.eq(coder.o.valid)", "codewords.valid.eq(coder.o.valid | coder.i.valid)"),
        )
        self.contract(
            m,
            "in_order",
            "Codewords come in the order of their tokens: a codeword is empty, and ends the epoch, as its token says.",
            (codeword.end == token.end) & ((codeword.length != 0) == token.error),
            when=tracked.leaving,
            broken_by=Edit("admitted.eq((in_flight == 0) |", "admitted.eq(1 |"),
        )
        self.contract(
            m,
            "own_coder",
            "A token's codeword is from the coder of its packet.",
            self.inside["coder_in_use"] == token.coder,
            when=tracked.leaving,
            broken_by=Edit("with m.If(entered):", "with m.If(tokens.valid):"),
        )
        waiting = self._port(m, "token_buffer.o", gap_token(1))
        is_rice = waiting.payload.coder == CODER_IDS["rice"]
        self.contract(
            m,
            "same_coder",
            "A token for the coder in use waits for nothing but that coder.",
            waiting.ready == Mux(is_rice, *(self.inside[f"{name}_coder.i__ready"] for name in ("rice", "leb128"))),
            when=waiting.valid & (waiting.payload.coder == self.inside["coder_in_use"]),
            broken_by=Edit("(in_flight == 0) | (tokens.payload.coder == coder_in_use)", "in_flight == 0"),
        )
        self.contract(
            m,
            "coders_agree",
            "The coder that is not in use holds no codeword.",
            Mux(
                self.inside["coder_in_use"] == CODER_IDS["rice"],
                ~self.inside["leb128_coder.o__valid"],
                ~self.inside["rice_coder.o__valid"],
            ),
            broken_by=Edit("in_flight + entered - left", "0"),
        )
        waited = Signal(range(WAIT_MAX + 2))
        with m.If(self.tokens.valid & ~self.tokens.ready):
            m.d.sync += waited.eq(Mux(waited <= WAIT_MAX, waited + self.codewords.ready, waited))
        with m.Else():
            m.d.sync += waited.eq(0)
        self.contract(
            m,
            "no_deadlock",
            f"A token waits for no more than {WAIT_MAX} cycles in which the packer is ready.",
            waited <= WAIT_MAX,
            broken_by=Edit("in_flight + entered - left", "in_flight + entered"),
        )
        self.cover(
            m,
            "change_of_coder",
            "A token of one coder waits for the other coder.",
            self.tokens.valid & (tracked.held != 0) & (self.tokens.payload.coder != self.inside["coder_in_use"]),
        )


class Bits(Spec):
    """Any bit of any error's codeword, from the error to its place in the payload, by the wire format's definition."""

    method = Bounded(11, "a Golomb codeword of the second packet comes out after 9 cycles, with stalls later")
    sizes = "1 channel, 1 lane"
    cover_depth = 12
    broken_depth = 12
    fast = False

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = IsiEncoder(1, 1)
        self.design(m, dut)
        assume_source(self, m, dut.i)
        self._assume_packets(m)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("self.i.valid & ((due", "~self.o.ready & ((due", "bit_packer"),
                "stable": Edit("present.eq((due", "present.eq(self.o.ready & (due", "bit_packer"),
            },
        )
        self._reference(m)
        self._mark(m)

    def _assume_packets(self, m: Module) -> None:
        came, taken = self.dut.i.payload, transfer(self.dut.i)
        begins, coder, keyframe = Signal(init=1), Signal(4), Signal()
        with m.If(taken):
            m.d.sync += [begins.eq(came.epoch_last), coder.eq(came.coder), keyframe.eq(came.keyframe)]
        self.assume(
            m,
            "packets",
            "The words of a packet have its coder, one of those built, and say alike whether it is a keyframe; coders "
            "change at keyframes, and rows are of one word.",
            ~self.dut.i.valid
            | (
                (came.coder < len(CODER_IDS))
                & ((came.coder == coder) | (begins & came.keyframe))
                & (begins | (came.keyframe == keyframe))
                & came.row_first
                & came.row_last
            ),
        )

    def _reference(self, m: Module) -> None:
        came = self.dut.i.payload
        self.error = came.bits[0]
        is_token = self.error | came.epoch_last
        token = Signal(gap_token(1), name="reference_token")
        gap = Signal.like(token.gap, name="reference_gap")
        taken = transfer(self.dut.i)
        with m.If(taken):
            m.d.sync += gap.eq(Mux(self.error | came.epoch_last, 0, gap + 1))
        m.d.comb += [
            token.gap.eq(gap),
            token.error.eq(self.error),
            token.end.eq(came.epoch_last),
            token.keyframe.eq(came.keyframe),
        ]
        is_rice = came.coder == CODER_IDS["rice"]
        rule = ParameterReference(m, token, taken & is_token & is_rice)
        rice = CodewordReference(m, gap, rule.k)
        more, most = gap >= 1 << 7, gap >= 1 << 14
        octets = [gap[:7] | (more << 7), gap[7:14] | (most << 7), gap[14:]]
        two, three = (octets[0] << 8) | octets[1], (octets[0] << 16) | (octets[1] << 8) | octets[2]
        self.zeros, self.width, self.value = Signal(8), Signal(8), Signal(32)
        m.d.comb += [
            self.zeros.eq(Mux(is_rice, rice.zeros, 0)),
            self.width.eq(Mux(is_rice, rice.width, (1 + more + most) << 3)),
            self.value.eq(Mux(is_rice, rice.value, Mux(most, three, Mux(more, two, octets[0])))),
        ]

    def _mark(self, m: Module) -> None:
        dut, byte = self.dut, self.dut.o.payload
        taken = transfer(dut.i)
        byte_leaves = transfer(dut.o) & byte.present
        owed, distance = Signal(signed(12), name="owed"), Signal(signed(12), name="distance")
        length, from_end = Signal(9), Signal(signed(10))
        marked, bit, choice = Signal(name="marked"), Signal(name="bit"), Signal(name="mark")
        self.free("mark", choice)
        place = self.constant(m, 8, "any_place")
        after = owed + length
        m.d.comb += [length.eq(Mux(self.error, self.zeros + self.width, 0)), from_end.eq(length - 1 - place)]
        step = Mux(byte_leaves, 8, 0)
        with m.If(taken):
            m.d.sync += owed.eq(Mux(dut.i.payload.epoch_last, (after + 7) & ~7, after) - step)
        with m.Else():
            m.d.sync += owed.eq(owed - step)
        with m.If(taken & choice & ~marked & (place < length)):
            m.d.sync += [
                marked.eq(1),
                bit.eq((place >= self.zeros) & _bit(self.value, from_end)),
                distance.eq(owed + place - step),
            ]
        with m.Elif(marked & (distance >= 0)):
            m.d.sync += distance.eq(distance - step)
        arrives = dut.o.valid & byte.present & marked & (distance >= 0) & (distance < 8)
        self.contract(
            m,
            "codeword_in_place",
            "Any bit of any error's codeword, as the wire format defines it, is at its place in the payload's bytes.",
            _bit(byte.data, 7 - distance) == bit,
            when=arrives,
            broken_by=[
                Edit("before.eq(counted - lane - 1)", "before.eq(counted - lane)", "gap_counter"),
                Edit("marker | (token.payload.gap & (marker - 1))", "marker", "rice_coder"),
                Edit("mean.learn.eq(taken & token_in.error)", "mean.learn.eq(0)", "rice_parameter"),
            ],
        )
        self.contract(
            m,
            "nothing_made_up",
            "No byte leaves of which no bit is owed.",
            owed > 0,
            when=dut.o.valid & byte.present,
            broken_by=Edit("present.eq((due != 0) | (left != 0))", "present.eq(1)", "bit_packer"),
        )
        ended, in_second = Signal(), Signal()
        with m.If(taken):
            m.d.sync += ended.eq(ended | dut.i.payload.epoch_last)
            with m.If(choice & ~marked):
                m.d.sync += in_second.eq(ended & (dut.i.payload.coder == CODER_IDS["rice"]))
        self.cover(m, "second_packet", "A bit of a Golomb codeword of the second packet arrives.", arrives & in_second)


def _bit(value: Value, place: Value) -> Value:
    return (value >> place[:5])[0]


SPECS = (Routing(), Bits())
