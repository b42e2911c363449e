"""RegisterBlock: AXI4-Lite's handshakes, and registers that do what their table says."""

from collections.abc import Iterable
from dataclasses import replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from formal.spec import Edit, Pdr, Spec
from hdl.encoder_registers import REGISTERS
from hdl.register_block import Access, Field, Register, RegisterBlock

OKAY, SLVERR = 0, 2


def _counting_fast(register: Register) -> Register:
    """Return a register whose counters may add any number in a cycle, so that all their bits are soon put to use."""
    fields = (replace(field, step_bits=field.bits) for field in register.fields)
    return replace(register, fields=tuple(fields))


TABLE = [_counting_fast(register) for register in REGISTERS]


def _any(values: Iterable[Value]) -> Value:
    return Cat(values).any()


class Accesses(Spec):
    """Any reads and writes of the encoder's registers, with any pauses."""

    method = Pdr("scorr;")
    sizes = "the encoder's registers, counters adding any number"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = RegisterBlock(TABLE)
        self.design(m, dut)
        self._rules(m)
        self._writes(m)
        self._reads(m)
        self.cover(m, "refused", "A write is refused.", dut.bvalid & (dut.bresp == SLVERR))

    def _port(self, name: str, member: str) -> Signal:
        return getattr(self.dut, f"{name}{member}")

    def _rules(self, m: Module) -> None:
        """Assume AXI's rules of the manager, prove them of the block."""
        payloads = {"aw": ["addr"], "w": ["data", "strb"], "ar": ["addr"], "b": ["resp"], "r": ["data", "resp"]}
        edits = {
            "b_held": Edit("with m.If(self.bvalid & self.bready):", "with m.If(self.bvalid):"),
            "r_held": Edit("with m.If(self.rvalid & self.rready):", "with m.If(self.rvalid):"),
            "b_stable": Edit("address_held & data_held & ~self.bvalid", "address_held & data_held"),
            "r_stable": Edit("self.arready.eq(~self.rvalid)", "self.arready.eq(1)"),
        }
        for name, members in payloads.items():
            valid, ready = self._port(name, "valid"), self._port(name, "ready")
            payload = Cat(self._port(name, member) for member in members)
            waited = self.past(m, valid & ~ready, f"{name}_waited")
            unchanged = payload == self.past(m, payload, f"{name}_payload")
            if name in ("b", "r"):
                sentence = f"Channel {name.upper()}: once valid, stays valid until the transfer."
                self.rule(m, f"{name}_held", sentence, valid, when=waited, broken_by=edits[f"{name}_held"])
                sentence = f"Channel {name.upper()}: the response does not change until the transfer."
                self.rule(
                    m, f"{name}_stable", sentence, unchanged, when=waited & valid, broken_by=edits[f"{name}_stable"]
                )
                sentence = f"Channel {name.upper()}: not valid in the first cycle after reset."
                self.rule(m, f"{name}_idle_after_reset", sentence, self.running | ~valid)
                self.no_path(
                    f"{name}_not_waiting",
                    f"Channel {name.upper()}: valid does not depend on ready in the same cycle.",
                    f"dut__{name}ready",
                    f"dut__{name}valid",
                )
            else:
                self.assume(
                    m, f"{name}_kept", f"Channel {name.upper()} keeps AXI's rules.", ~waited | (valid & unchanged)
                )

    def _writes(self, m: Module) -> None:
        dut = self.dut
        address, data, strobes = Signal(8), Signal(32), Signal(4)
        has_address, has_data = Signal(), Signal()
        due = Signal()
        m.d.comb += due.eq(has_address & has_data & ~dut.bvalid)
        with m.If(dut.awvalid & dut.awready):
            m.d.sync += [address.eq(dut.awaddr), has_address.eq(1)]
        with m.Elif(due):
            m.d.sync += has_address.eq(0)
        with m.If(dut.wvalid & dut.wready):
            m.d.sync += [data.eq(dut.wdata), strobes.eq(dut.wstrb), has_data.eq(1)]
        with m.Elif(due):
            m.d.sync += has_data.eq(0)
        self.contract(
            m,
            "write_taken",
            "An address is taken unless one waits for its data, data unless they wait for their address.",
            (dut.awready == ~has_address) & (dut.wready == ~has_data),
            broken_by=Edit("self.wready.eq(~data_held)", "self.wready.eq(~data_held & self.awready)"),
        )
        was_due = self.past(m, due, "due")
        self.contract(
            m,
            "write_answered",
            "Each pair of address and data has one response, in the cycle after both are there and none waits.",
            dut.bvalid == (was_due | self.past(m, dut.bvalid & ~dut.bready, "b_waits")),
            broken_by=Edit("m.d.sync += [address_held.eq(0), data_held.eq(0), ", "m.d.sync += [address_held.eq(0), "),
        )
        mask = Cat(strobe.replicate(8) for strobe in strobes)
        ones = data & mask
        fits = _any(
            (address == register.address) & ((ones & ~register.writable_mask & 0xFFFFFFFF) == 0)
            for register in TABLE
            if register.writable_mask
        )
        self.contract(
            m,
            "write_verdict",
            "A write is refused if nothing can be written there, or a bit is 1 that cannot be.",
            dut.bresp == Mux(self.past(m, fits, "fits"), OKAY, SLVERR),
            when=was_due,
            broken_by=[
                Edit("((ones & ~register.writable_mask) == 0)", "1"),
                Edit("self.bvalid.eq(1), self.bresp.eq(SLVERR)]", "self.bvalid.eq(1), self.bresp.eq(OKAY)]"),
            ],
        )
        kept, triggered = [], []
        for register in TABLE:
            here = due & fits & (address == register.address)
            for field in register.fields:
                bits = slice(field.low, field.low + field.bits)
                if field.access is Access.SETTING:
                    member = getattr(dut, field.name)
                    after = Mux(here, member & ~mask[bits] | ones[bits], member)
                    expected = Signal(field.bits, init=field.value, name=f"expected_{field.name}")
                    m.d.sync += expected.eq(after)
                    kept.append(member == expected)
                elif field.access is Access.TRIGGER:
                    triggered.append(getattr(dut, field.name) == (ones[bits] & here.replicate(field.bits)))
        self.contract(
            m,
            "settings",
            "Each setting has its default after reset, then what was last written, byte by byte, and not refused.",
            Cat(kept).all(),
            broken_by=[
                Edit("member.eq(member & ~mask[bits] | ones[bits])", "member.eq(ones[bits])"),
                Edit(
                    "Cat(strobe.replicate(8) for strobe in strobes)",
                    "Cat(strobe.replicate(8) for strobe in reversed(strobes))",
                ),
            ],
        )
        self.contract(
            m,
            "triggers",
            "A trigger is 1 in the cycle in which a 1 is written to it, else 0.",
            Cat(triggered).all(),
            broken_by=Edit("m.d.comb += member.eq(ones[bits])", "m.d.comb += member.eq(~ones[bits])"),
        )

    def _reads(self, m: Module) -> None:
        dut = self.dut
        taken = dut.arvalid & dut.arready
        value, known = Signal(32), Signal()
        values = {field.name: self._value(m, field) for register in TABLE for field in register.fields}
        with m.Switch(dut.araddr):
            for register in TABLE:
                with m.Case(register.address):
                    m.d.comb += known.eq(1)
                    for field in register.fields:
                        m.d.comb += value[field.low : field.low + field.bits].eq(values[field.name])
        was_taken = self.past(m, taken, "taken")
        self.contract(
            m,
            "read_answered",
            "Each read has one response, in the cycle behind its address.",
            dut.rvalid == (was_taken | self.past(m, dut.rvalid & ~dut.rready, "r_waits")),
            broken_by=Edit(
                "m.d.sync += [self.rvalid.eq(1), self.rresp", "m.d.sync += [self.rvalid.eq(~self.bvalid), self.rresp"
            ),
        )
        self.contract(
            m,
            "read_value",
            "It is what the register was as the address was taken: constant, state, setting or count.",
            (dut.rdata == self.past(m, value, "value"))
            & (dut.rresp == Mux(self.past(m, known, "known"), OKAY, SLVERR)),
            when=was_taken,
            broken_by=[
                Edit("count.eq(count + member)", "count.eq(count + (member != 0) + self.awvalid)"),
                Edit("self.rresp.eq(SLVERR), self.rdata.eq(0)", "self.rresp.eq(SLVERR)"),
                Edit(
                    "if field.access is Access.CONSTANT:\n            return field.value",
                    "if field.access is Access.CONSTANT:\n            return field.value ^ 1",
                ),
            ],
        )
        self.contract(
            m,
            "read_ready",
            "With a ready manager a read is taken at least every other cycle.",
            dut.arready | dut.rvalid,
            broken_by=Edit("self.arready.eq(~self.rvalid)", "self.arready.eq(~self.rvalid & ~self.bvalid)"),
        )

    def _value(self, m: Module, field: Field) -> Value:
        if field.access is Access.CONSTANT:
            return Const(field.value, field.bits)
        if field.access is Access.TRIGGER:
            return Const(0, field.bits)
        member = getattr(self.dut, field.name)
        if field.access is not Access.COUNT:
            return member
        count = Signal(field.bits, name=f"counted_{field.name}")
        m.d.sync += count.eq(count + member)
        return count


SPECS = (Accesses(),)
