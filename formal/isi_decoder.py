"""IsiDecoder: each payload is read by its packet's decoder, and by no other, from its first bit to its end."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream

from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.isi_decoder import DECODERS, IsiDecoder
from hdl.layouts import CODING, decoded_token
from model.golden.settings import CODER_IDS

OUTPUTS = {
    "bit_unpacker": ("i__ready", "window", "available", "ended"),
    **{f"{name}_decoder": ("o__valid", "o__payload", "take") for name in DECODERS},
}
"""Of the blocks inside, which are proven apart and give anything here."""


class Routing(Spec):
    """Any packets of any coders; the blocks inside are removed."""

    method = Pdr("scorr;")
    sizes = "1 channel"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = IsiDecoder(1)
        self.inside = self.design(m, dut)
        for block, outputs in OUTPUTS.items():
            self.inside.remove(block)
            for name in outputs:
                self.free(f"{block}__{name}", self.inside[f"{block}.{name}"])
        assume_source(self, m, dut.coding, "coding")
        self.assume(
            m,
            "known_coder",
            "A packet has one of the coders, as the depacketizer sees to.",
            ~dut.coding.valid | (dut.coding.payload.coder < len(CODER_IDS)),
        )
        self.tokens = {name: self._tokens(m, name) for name in DECODERS}
        self.reading, self.packet = Signal(), Signal(CODING)
        self.starts = transfer(dut.coding)
        self.ends = transfer(dut.o) & dut.o.payload.end
        with m.If(self.starts):
            m.d.sync += [self.reading.eq(1), self.packet.eq(dut.coding.payload)]
        with m.Elif(self.ends):
            m.d.sync += self.reading.eq(0)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("chosen = active & (packet.coder", "chosen = active & (self.coding.payload.coder"),
                "stable": Edit("self.o.payload.tag.eq(packet.tag)", "self.o.payload.tag.eq(self.coding.payload.tag)"),
            },
        )
        self._payloads(m)
        for name, tokens in self.tokens.items():
            self._decoder(m, name, tokens)
        self.cover(m, "second", "A second payload is read.", self.reading & self._ended(m))

    def _ended(self, m: Module) -> Signal:
        ended = Signal()
        with m.If(self.ends):
            m.d.sync += ended.eq(1)
        return ended

    def _tokens(self, m: Module, name: str) -> stream.Interface:
        """Return the tokens of a decoder, which keep the rules."""
        tokens = stream.Signature(decoded_token(1)).create()
        m.d.comb += [
            tokens.valid.eq(self.inside[f"{name}_decoder.o__valid"]),
            tokens.payload.eq(self.inside[f"{name}_decoder.o__payload"]),
            tokens.ready.eq(self.inside[f"{name}_decoder.o__ready"]),
        ]
        assume_source(self, m, tokens, f"{name}_tokens", idle_after_reset=True)
        return tokens

    def _payloads(self, m: Module) -> None:
        dut, inside = self.dut, self.inside
        self.contract(
            m,
            "one_at_a_time",
            "A packet's coding is taken exactly while no payload is being read.",
            dut.coding.ready == ~self.reading,
            broken_by=Edit("m.d.sync += active.eq(0)", "m.d.sync += active.eq(self.coding.valid)"),
        )
        self.contract(
            m,
            "cleared",
            "What is left of a payload's bits is cleared away with its last token, and at no other time.",
            inside["bit_unpacker.clear"] == self.ends,
            broken_by=Edit("self.o.valid & self.o.ready & self.o.payload.end", "self.o.ready & self.o.payload.end"),
        )
        self.contract(
            m,
            "tag",
            "A token has the tag of its packet.",
            dut.o.payload.tag == self.packet.tag,
            when=dut.o.valid,
            broken_by=Edit("self.o.payload.tag.eq(packet.tag)", "self.o.payload.tag.eq(decoder.o.payload.tag)"),
        )
        told = [inside[f"{name}_decoder.start"] == self.starts for name in DECODERS]
        keyframe = inside["rice_decoder.keyframe"] == dut.coding.payload.keyframe
        self.contract(
            m,
            "decoders_told",
            "Both decoders are told of every payload's start, and that of `rice` whether it is a keyframe's.",
            Cat(told).all() & (~self.starts | keyframe),
            broken_by=Edit("decoder.start.eq(start)", "decoder.start.eq(active)"),
        )
        self.contract(
            m,
            "no_bits_between",
            "Between payloads no bits are taken and no tokens given.",
            ~dut.o.valid & (inside["bit_unpacker.take"] == 0),
            when=~self.reading,
            broken_by=Edit("chosen = active & ", "chosen = "),
        )

    def _decoder(self, m: Module, name: str, tokens: stream.Interface) -> None:
        dut, inside = self.dut, self.inside
        chosen = self.reading & (self.packet.coder == CODER_IDS[name])
        self.contract(
            m,
            f"{name}_enabled",
            f"`{name}`: its decoder reads its packets' payloads, each from its start to its end, and no others.",
            inside[f"{name}_decoder.enable"] == chosen,
            broken_by=Edit("packet.eq(self.coding.payload)]", "packet.eq(0)]"),
        )
        bits = ("window", "available", "ended")
        in_view = [inside[f"{name}_decoder.{port}"] == inside[f"bit_unpacker.{port}"] for port in bits]
        self.contract(
            m,
            f"{name}_served",
            f"`{name}`: its decoder sees the payload's bits; while it is enabled, what it takes of them is taken.",
            in_view[0]
            & in_view[1]
            & in_view[2]
            & (~chosen | (inside["bit_unpacker.take"] == inside[f"{name}_decoder.take"])),
            broken_by=Edit("unpacker.take.eq(decoder.take)", "unpacker.take.eq(decoder.take[1:])"),
        )
        given = dut.o.payload.as_value()[len(dut.o.payload.tag) :]
        self.contract(
            m,
            f"{name}_heard",
            f"`{name}`: while its decoder is enabled, its tokens go out, and they are all that goes out.",
            (dut.o.valid == tokens.valid)
            & (tokens.ready == dut.o.ready)
            & (given == tokens.payload.as_value()[len(dut.o.payload.tag) :]),
            when=chosen,
            broken_by=Edit("self.o.valid.eq(decoder.o.valid)", "self.o.valid.eq(decoder.o.valid | decoder.o.ready)"),
        )


SPECS = (Routing(),)
