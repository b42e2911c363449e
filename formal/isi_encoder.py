"""IsiEncoder: its blocks are joined as they must be; an error's codeword is at its place in the bytes."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

from formal.rice_coder import CodewordReference
from formal.rice_parameter import ParameterReference
from formal.spec import Bounded, Edit, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, same_stream, transfer
from hdl.isi_encoder import IsiEncoder
from hdl.layouts import gap_bits, gap_token
from model.golden.leb128_coder import GROUP_BITS
from model.golden.settings import CODER_IDS

GROUPS = -(-gap_bits(1) // GROUP_BITS)
"""Of a gap for LEB128, of one channel."""


class Joined(Spec):
    """The blocks of the encoder, each of which is proven apart: they are one pipeline."""

    method = Pdr()
    sizes = "1 channel, 1 lane"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = IsiEncoder(1, 1)
        self.design(m, dut)
        gaps, coded = dut._gap_counter.o, dut._token_buffer.i
        same = [gaps.payload[name] == coded.payload[name] for name in ("gap", "error", "end", "keyframe")]
        self.contract(
            m,
            "joined_gaps",
            "`gap_counter.o` and `token_buffer.i` are one stream, which tells the coder in another way.",
            (gaps.valid == coded.valid)
            & (gaps.ready == coded.ready)
            & Cat(same).all()
            & (coded.payload.leb128 == (gaps.payload.coder == CODER_IDS["leb128"])),
            broken_by=[
                Edit("coded.valid.eq(token.valid)", "coded.valid.eq(1)"),
                Edit("token.ready.eq(coded.ready)", "token.ready.eq(1)"),
                Edit('token.payload.coder == CODER_IDS["leb128"]', "0"),
            ],
        )
        for name, one, other in (("tokens", "token_buffer", "coder"), ("codewords", "coder", "bit_packer")):
            self.contract(
                m,
                f"joined_{name}",
                f"`{one}.o` and `{other}.i` are one stream.",
                same_stream(getattr(dut, f"_{one}").o, getattr(dut, f"_{other}").i),
                broken_by=Edit(f"wiring.connect(m, {one}.o, {other}.i)", "pass"),
            )
        self.cover(m, "byte", "A byte leaves.", dut.o.valid)


class Progress(Spec):
    """Any gaps in front of the coder, of which `RiceCoder` tells when they leave; counter and packer are abstracted."""

    sizes = "1 channel, 1 lane"
    abstracted = ("dut.gap_counter", "dut.bit_packer")

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = IsiEncoder(1, 1)
        self.design(m, dut)
        gaps, codewords = dut._gap_counter.o, dut._coder.o
        assume_source(self, m, gaps, "gaps")
        waited = Signal(range(GROUPS + 2))
        m.d.sync += waited.eq(Mux(gaps.valid & ~gaps.ready, waited + codewords.ready, 0))
        self.contract(
            m,
            "no_deadlock",
            f"A gap waits for no more than {GROUPS} cycles in which the packer is ready.",
            waited <= GROUPS,
            broken_by=Edit("self.o.ready & ~part.more", "self.o.ready & ~splits", "leb128_coder"),
        )
        self.cover(m, "waits", "A gap waits that long.", waited == GROUPS)


class Bits(Spec):
    """Any bit of any error's codeword, from the error to its place in the payload, by the wire format's definition."""

    method = Bounded(13, "a Golomb codeword of the second packet comes out after 11 cycles, with stalls later")
    sizes = "1 channel, 1 lane"
    cover_depth = 14
    broken_depth = 14
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
                "held": Edit("held_valid & ((due", "~self.o.ready & ((due", "bit_packer"),
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
                Edit("(gap & below) | ", "", "rice_coder"),
                Edit("mean.learn.eq(_passes(came)", "mean.learn.eq(0", "rice_parameter"),
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


SPECS = (Joined(), Progress(), Bits())
