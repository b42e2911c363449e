"""PacketBuffer: a packet is kept only if its checksum, over all its bytes, matches, and then comes out as it came."""

from unittest.mock import patch

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.utils import ceil_log2

from formal.packet_fields import HEADER_BYTES, TRAILER_BYTES
from formal.queue import Queue
from formal.spec import Edit, Induction, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl import packet_buffer
from hdl.packet_buffer import PacketBuffer

DEPTH = 32
PACKETS = 2
POINTER_BITS = ceil_log2(DEPTH) + 1


class Read(Spec):
    """Any bytes, in packets of any length."""

    sizes = f"{DEPTH} bytes, {PACKETS} trailers"
    rows = False

    def read(self, m: Module) -> None:
        """Add the design, and count each packet's bytes."""
        with patch.object(packet_buffer, "PACKETS", PACKETS):
            self.dut = dut = PacketBuffer(DEPTH)
            self.inside = self.design(m, dut, rows=self.rows)
        assume_source(self, m, dut.i)
        self.taken = transfer(dut.i)
        self.last = self.taken & dut.i.payload.last
        self.count = Signal(8)
        with m.If(self.taken):
            m.d.sync += self.count.eq(Mux(dut.i.payload.last, 0, self.count + (self.count != 255)))
        self.waits, self.kept = Signal(), self.inside["trailers.w_en"]
        with m.If(self.last):
            m.d.sync += self.waits.eq(1)
        with m.Elif(self.kept | dut.dropped):
            m.d.sync += self.waits.eq(0)


class Checksum(Read):
    """What the checksum is of."""

    method = Pdr("scorr;")

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.read(m)
        inside = self.inside
        self.contract(
            m,
            "checksummed",
            "The checksum is that of all bytes of the packet: it starts anew as the packet is kept or dropped.",
            (inside["crc.valid"] == self.taken)
            & (~self.taken | (inside["crc.data"] == self.dut.i.payload.data))
            & (inside["crc.restart"] == (self.kept | self.dut.dropped))
            & ~(self.taken & inside["crc.restart"]),
            broken_by=Edit("crc.restart.eq(settled)", "crc.restart.eq(self.i.payload.last)"),
        )
        self.contract(
            m,
            "matches",
            "A packet is kept only if its checksum matches.",
            inside["crc.matches"],
            when=self.kept,
            broken_by=Edit("good.eq(crc.matches & ", "good.eq("),
        )
        self.cover(m, "dropped", "A packet is dropped.", self.dut.dropped)


class Bytes(Read):
    """Any byte of any packet, from the input to the output or to where it is left out, whatever the checksum says."""

    method = Induction(1)
    abstracted = ("dut.crc",)
    rows = True
    fast = False
    cover_depth = 46
    broken_depth = 28

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.read(m)
        prove_source(
            self,
            m,
            self.dut.o,
            broken_by={
                "held": Edit("with m.Elif(self.o.ready):", "with m.Else():"),
                "stable": Edit("(~self.o.valid | self.o.ready)),", "1),"),
            },
        )
        self._pointers(m)
        self._follow(m)
        self._contracts(m)
        self._invariants(m)

    def _pointers(self, m: Module) -> None:
        written, committed, fetched = (self.inside[name] for name in ("written", "committed", "fetched"))
        self.written, self.committed, self.fetched = written, committed, fetched
        self.in_use, self.fetchable = Signal(POINTER_BITS), Signal(POINTER_BITS)
        m.d.comb += [self.in_use.eq(written - fetched), self.fetchable.eq(committed - fetched)]
        self.settled = self.kept | self.dut.dropped
        self.length = Signal(8)
        with m.If(self.last):
            m.d.sync += self.length.eq(self.count + (self.count != 255))
        # A byte is stored when eight more of its packet have come, unless it is one too many.
        self.whole_trailer, self.too_many = self.count >= TRAILER_BYTES, Signal()
        self.stored = self.taken & self.whole_trailer & (self.in_use != DEPTH) & ~self.too_many
        with m.If(self.settled):
            m.d.sync += self.too_many.eq(0)
        with m.Elif(self.taken & self.whole_trailer & (self.in_use == DEPTH)):
            m.d.sync += self.too_many.eq(1)

    def _follow(self, m: Module) -> None:
        dut, choice = self.dut, Signal()
        self.free("mark", choice)
        self.in_tail, self.is_stored, self.is_kept = Signal(), Signal(), Signal()
        self.age, self.place, self.ahead = Signal(range(TRAILER_BYTES)), Signal(POINTER_BITS), Signal(POINTER_BITS)
        self.byte = Signal(dut.o.payload.shape())
        left = transfer(dut.o)
        with m.If(self.taken & choice & ~self.in_tail & ~self.is_stored):
            m.d.sync += [self.in_tail.eq(1), self.age.eq(0), self.byte.data.eq(dut.i.payload.data)]
        with m.Elif(self.in_tail & self.settled):
            m.d.sync += self.in_tail.eq(0)
        with m.Elif(self.in_tail & self.taken):
            m.d.sync += self.age.eq(self.age + 1)
            with m.If(self.age == TRAILER_BYTES - 1):
                m.d.sync += [
                    self.in_tail.eq(0),
                    self.is_stored.eq(self.stored),
                    self.is_kept.eq(0),
                    self.place.eq(self.written),
                    self.ahead.eq(self.in_use + dut.o.valid - left),
                    self.byte.last.eq(dut.i.payload.last),
                ]
        with m.Elif(self.is_stored):
            m.d.sync += self.ahead.eq(self.ahead - left)
            with m.If(self.settled & ~self.is_kept):
                m.d.sync += [self.is_kept.eq(self.kept), self.is_stored.eq(self.kept)]
            with m.If(left & (self.ahead == 0)):
                m.d.sync += self.is_stored.eq(0)

    def _contracts(self, m: Module) -> None:
        dut = self.dut
        self.contract(
            m,
            "byte_out",
            "Any byte of a kept packet, but for its trailer, comes out behind those before it, the last one as such.",
            dut.o.payload == self.byte,
            when=dut.o.valid & self.is_stored & (self.ahead == 0),
            broken_by=[
                Edit("write.data.data.eq(tail[:8])", "write.data.data.eq(tail[8:16])"),
                Edit("write.data.last.eq(self.i.payload.last)", "write.data.last.eq(~self.i.payload.last)"),
                Edit("write.addr.eq(written)", "write.addr.eq(written[1:])"),
            ],
        )
        self.contract(
            m,
            "only_kept",
            "No byte comes out before its packet is kept.",
            self.is_kept,
            when=dut.o.valid & self.is_stored & (self.ahead == 0),
            broken_by=Edit("(fetched != committed)", "(fetched != written)"),
        )
        self.contract(
            m,
            "none_of_trailer",
            "A byte is stored once eight more of its packet came, and so nothing of a trailer is.",
            self.written
            == (self.past(m, self.written, "written") + self.past(m, self.stored, "stored"))[:POINTER_BITS],
            when=self.past(m, self.taken, "taken"),
            broken_by=Edit("stores.eq(length >= TRAILER_BYTES)", "stores.eq(length >= TRAILER_BYTES - 1)"),
        )
        lately = Signal(8 * TRAILER_BYTES)
        with m.If(self.taken):
            m.d.sync += lately.eq(Cat(lately[8:], dut.i.payload.data))
        self.contract(
            m,
            "trailer",
            "With each kept packet its last eight bytes are posted.",
            self.inside["trailers.w_data"] == lately,
            when=self.kept,
            broken_by=Edit("trailers.w_data.eq(tail)", "trailers.w_data.eq(Cat(tail[8:], tail[:8]))"),
        )
        self.contract(
            m,
            "one_verdict",
            "Each packet is kept or dropped, once, behind its last byte and before the next packet's first.",
            (~self.settled | self.waits) & ~(self.kept & dut.dropped) & (~self.waits | ~dut.i.ready),
            broken_by=Edit("self.i.ready.eq(~checking & ", "self.i.ready.eq("),
        )
        self.invariant(m, "lately", "The tail holds the last eight bytes.", self.inside["tail"] == lately)
        self.contract(
            m,
            "too_short",
            "What is shorter than a header and a trailer is dropped.",
            ~self.kept,
            when=self.waits & (self.length < HEADER_BYTES + TRAILER_BYTES),
            broken_by=Edit("(length == HEADER_BYTES + TRAILER_BYTES) & ~too_long", "(length != 0) & ~too_long"),
        )
        self.contract(
            m,
            "too_long",
            "What does not fit into the memory is dropped.",
            ~self.kept,
            when=self.waits & self.too_many,
            broken_by=Edit(
                "(length == HEADER_BYTES + TRAILER_BYTES) & ~too_long",
                "(length == HEADER_BYTES + TRAILER_BYTES)",
                skip=40,
            ),
        )

    def _invariants(self, m: Module) -> None:
        dut, inside = self.dut, self.inside
        fetchable, in_use, after = self.fetchable, self.in_use, Signal(POINTER_BITS)
        m.d.comb += after.eq(self.place - self.fetched)
        just_fetched = after == (1 << POINTER_BITS) - 1
        self.invariant(
            m, "pointers", "Bytes are fetched behind those kept, these behind those stored.", fetchable <= in_use
        )
        self.invariant(m, "room", "No more is in use than the memory has.", in_use <= DEPTH)
        self.invariant(
            m,
            "length",
            "The length is counted up to the least that a packet has.",
            (inside["length"] == self._up_to_least(Mux(self.waits, self.length, self.count)))
            & (~self.waits | (self.count == 0)),
        )
        self.invariant(
            m,
            "phase",
            "A packet is judged behind its last byte; it may be found too long only with bytes to store.",
            (inside["checking"] == self.waits)
            & (inside["too_long"] == self.too_many)
            & (self.waits | self.whole_trailer | (self.written == self.committed)),
        )
        tail = Array(inside["tail"].word_select(TRAILER_BYTES - 1 - age, 8) for age in range(TRAILER_BYTES))
        self.invariant(
            m,
            "tail",
            "The last eight bytes are in the tail in their order.",
            ~self.in_tail | ((tail[self.age] == self.byte.data) & (inside["length"] > self.age)),
        )
        row = Array(inside[f"storage.row_{index}"] for index in range(DEPTH))[self.place[:-1]]
        self.invariant(m, "one_place", "A byte is in the tail or stored.", ~self.in_tail | ~self.is_stored)
        self.invariant(
            m,
            "stored",
            "A stored byte is where it was written, until it is fetched.",
            ~self.is_stored
            | Mux(
                just_fetched,
                self.is_kept & dut.o.valid & (dut.o.payload == self.byte),
                (row == self.byte.as_value())
                & Mux(self.is_kept, after < fetchable, (after >= fetchable) & (after < in_use)),
            ),
        )
        self.invariant(
            m,
            "ahead",
            "Ahead of a stored byte is what was not fetched, and what waits at the output.",
            ~self.is_stored | (self.ahead == (after + dut.o.valid)[:POINTER_BITS]),
        )
        self.cover(
            m,
            "out",
            "The second byte of a packet comes out.",
            dut.o.valid & self.is_stored & (self.ahead == 0) & (self.place == 1),
        )

    @staticmethod
    def _up_to_least(count: Value) -> Value:
        least = HEADER_BYTES + TRAILER_BYTES
        return Mux(count > least, least, count)


class Trailers(Queue):
    """The FIFO of the trailers."""

    depth = PACKETS
    sizes = f"{PACKETS} trailers"


SPECS = (Checksum(), Bytes(), Trailers())
