"""RegisterBlock: settings, state and counters behind an AXI4-Lite port."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

ADDRESS_BITS = 8
DATA_BITS = 32
WORD_BYTES = DATA_BITS // 8
OKAY, SLVERR = 0, 2
"""Responses of AXI."""

AXI_LITE = {
    "awaddr": In(ADDRESS_BITS),
    "awprot": In(3),
    "awvalid": In(1),
    "awready": Out(1),
    "wdata": In(DATA_BITS),
    "wstrb": In(WORD_BYTES),
    "wvalid": In(1),
    "wready": Out(1),
    "bresp": Out(2),
    "bvalid": Out(1),
    "bready": In(1),
    "araddr": In(ADDRESS_BITS),
    "arprot": In(3),
    "arvalid": In(1),
    "arready": Out(1),
    "rdata": Out(DATA_BITS),
    "rresp": Out(2),
    "rvalid": Out(1),
    "rready": In(1),
}
"""Ports of an AXI4-Lite subordinate, without their prefix."""


PREFIX = "s_axil_"
"""Of the port's names at a top."""
AXI_LITE_PORTS = {f"{PREFIX}{name}": member for name, member in AXI_LITE.items()}


class Access(Enum):
    """What software does with a field, and which member of the block it has."""

    CONSTANT = "read"
    """Reads as its value; no member."""
    STATE = "read, state"
    """Reads as its member, an input."""
    COUNT = "read, counter"
    """Counts, modulo 2^bits, what its member, an input, adds in each cycle."""
    SETTING = "read, write"
    """Its member is an output with what was written last."""
    TRIGGER = "write 1, reads 0"
    """Its member is an output that is what was written for one cycle, then 0."""


@dataclass(frozen=True, slots=True)
class Field:
    """Neighbouring bits of a register.

    Parameters
    ----------
    name : str
        Name, unique in the block.
    access : Access
        What can be done with it.
    bits : int
        Width.
    meaning : str
        For the documentation.
    low : int
        Place of the lowest bit.
    value : int
        The constant, or the value after reset.
    step_bits : int
        Of a counter, the width of what it can add in a cycle.
    """

    name: str
    access: Access
    bits: int
    meaning: str
    low: int = 0
    value: int = 0
    step_bits: int = 1

    @property
    def mask(self) -> int:
        """The field's bits in the register."""
        return (1 << self.bits) - 1 << self.low

    @property
    def writable(self) -> bool:
        """Whether software can write it."""
        return self.access in (Access.SETTING, Access.TRIGGER)


@dataclass(frozen=True, slots=True)
class Register:
    """A word at an address, a multiple of 4; its fields must not overlap."""

    name: str
    address: int
    fields: tuple[Field, ...]

    @property
    def writable_mask(self) -> int:
        """The bits that can be written; 0 if the register can only be read."""
        return sum(field.mask for field in self.fields if field.writable)


class RegisterBlock(wiring.Component):
    """An AXI4-Lite subordinate that holds the registers of a table.

    A write's address and data may come in any order, and one of each is held until the other comes; `wstrb` is obeyed.
    The response is `SLVERR`, and nothing changes, where the address is no register's, where it is not a multiple of 4,
    where a register is written that can only be read, and where a bit is written as 1 that cannot be written. It is
    `OKAY` elsewhere. `awprot` and `arprot` are ignored.

    Latency: a write's response two cycles after the later of its address and data, a read's one cycle after its
    address. Throughput: a write in three cycles, a read in two. One write and one read are in progress at most.

    Parameters
    ----------
    registers : sequence of Register
        The table.

    Members
    -------
    awaddr, awprot, awvalid, awready, wdata, ..., rready
        The AXI4-Lite port, see `AXI_LITE`.
    <field>
        One for each field that is not a constant; see `Access`.

    Raises
    ------
    ValueError
        An address is not a multiple of 4 in 0..252 or is used twice, a field's name is used twice, or a field does not
        fit into its register.
    """

    def __init__(self, registers: Sequence[Register]) -> None:
        check_registers(registers)
        self._registers = tuple(registers)
        super().__init__(AXI_LITE | field_members(registers))

    def connect_port(self, m: Module, top: wiring.Component) -> None:
        """Lead the AXI4-Lite port to that of a top, whose members are `AXI_LITE_PORTS`."""
        for name, member in AXI_LITE.items():
            outer, inner = getattr(top, PREFIX + name), getattr(self, name)
            m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        values = {field.name: self._value(m, field) for register in self._registers for field in register.fields}
        self._write(m)
        self._read(m, values)
        return m

    def _value(self, m: Module, field: Field) -> Value | int:
        """Return what a field reads as."""
        if field.access is Access.CONSTANT:
            return field.value
        if field.access is Access.TRIGGER:
            return 0
        member = getattr(self, field.name)
        if field.access is not Access.COUNT:
            return member
        count = Signal(field.bits, init=field.value, name=f"{field.name}_count")
        m.d.sync += count.eq(count + member)
        return count

    def _write(self, m: Module) -> None:
        """Take addresses and data, write, respond."""
        address, data, strobes = Signal(ADDRESS_BITS), Signal(DATA_BITS), Signal(WORD_BYTES)
        address_held, data_held, writes = Signal(), Signal(), Signal()
        m.d.comb += [
            self.awready.eq(~address_held),
            self.wready.eq(~data_held),
            writes.eq(address_held & data_held & ~self.bvalid),
        ]
        with m.If(self.awvalid & self.awready):
            m.d.sync += [address.eq(self.awaddr), address_held.eq(1)]
        with m.If(self.wvalid & self.wready):
            m.d.sync += [data.eq(self.wdata), strobes.eq(self.wstrb), data_held.eq(1)]
        with m.If(self.bvalid & self.bready):
            m.d.sync += self.bvalid.eq(0)
        with m.If(writes):
            m.d.sync += [address_held.eq(0), data_held.eq(0), self.bvalid.eq(1), self.bresp.eq(SLVERR)]

        mask, ones = Signal(DATA_BITS), Signal(DATA_BITS)
        m.d.comb += [mask.eq(Cat(strobe.replicate(8) for strobe in strobes)), ones.eq(data & mask)]
        with m.Switch(address):
            for register in self._registers:
                if not register.writable_mask:
                    continue
                with m.Case(register.address), m.If(writes & ((ones & ~register.writable_mask) == 0)):
                    m.d.sync += self.bresp.eq(OKAY)
                    for field in register.fields:
                        self._write_field(m, field, mask, ones)

    def _write_field(self, m: Module, field: Field, mask: Value, ones: Value) -> None:
        bits = slice(field.low, field.low + field.bits)
        member = getattr(self, field.name)
        if field.access is Access.SETTING:
            m.d.sync += member.eq(member & ~mask[bits] | ones[bits])
        elif field.access is Access.TRIGGER:
            m.d.comb += member.eq(ones[bits])

    def _read(self, m: Module, values: Mapping[str, Value | int]) -> None:
        """Take addresses, respond with the register's value."""
        m.d.comb += self.arready.eq(~self.rvalid)
        with m.If(self.rvalid & self.rready):
            m.d.sync += self.rvalid.eq(0)
        with m.If(self.arvalid & self.arready):
            m.d.sync += [self.rvalid.eq(1), self.rresp.eq(SLVERR), self.rdata.eq(0)]
            with m.Switch(self.araddr):
                for register in self._registers:
                    with m.Case(register.address):
                        m.d.sync += self.rresp.eq(OKAY)
                        for field in register.fields:
                            m.d.sync += self.rdata[field.low : field.low + field.bits].eq(values[field.name])


def field_members(registers: Sequence[Register]) -> dict[str, wiring.Member]:
    """Return the members that the fields of a table have."""
    fields = [field for register in registers for field in register.fields if field.access is not Access.CONSTANT]
    return {
        field.name: Out(field.bits, init=field.value if field.access is Access.SETTING else 0)
        if field.writable
        else In(field.step_bits if field.access is Access.COUNT else field.bits)
        for field in fields
    }


def check_registers(registers: Sequence[Register]) -> None:
    """Raise `ValueError` unless the registers make a table."""
    addresses: set[int] = set()
    names: set[str] = set()
    for register in registers:
        if register.address not in range(0, 1 << ADDRESS_BITS, WORD_BYTES) or register.address in addresses:
            raise ValueError(
                f"address of {register.name} must be a multiple of {WORD_BYTES} in "
                f"0..{(1 << ADDRESS_BITS) - WORD_BYTES} that no other register has, not {register.address!r}"
            )
        addresses.add(register.address)
        used = 0
        for field in register.fields:
            if field.name in names | AXI_LITE.keys():
                raise ValueError(f"field {field.name!r} of {register.name} must have a name that nothing else has")
            names.add(field.name)
            if used & field.mask or field.mask >> DATA_BITS or field.value << field.low & ~field.mask:
                raise ValueError(
                    f"field {field.name} of {register.name} must have bits of 0..{DATA_BITS - 1} of its own that hold "
                    f"its value, not bits {field.low}..{field.low + field.bits - 1} with {field.value}"
                )
            used |= field.mask
