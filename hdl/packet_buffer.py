"""PacketBuffer: holds a packet until its checksum is known."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.crc32c import Crc32c
from hdl.layouts import CLOSING, PACKET_BYTE
from model.golden.packetizer import HEADER_BYTES, TRAILER_BYTES

TRAILER = data.StructLayout({"closing": CLOSING, "crc": 32})
"""The last bytes of a packet, as numbers."""
PACKETS = 16
"""Whole packets that may wait."""


class PacketBuffer(wiring.Component):
    """Lets only whole packets with a matching checksum through, without their trailer.

    The last 8 bytes wait in a shift register, so that the trailer never enters the memory. A packet that is too short,
    too long for the memory or damaged is forgotten by moving the write pointer back.

    Latency: the packet itself and three cycles. Throughput: a byte a cycle, less two cycles a packet. Back-pressure:
    holds up the input while the memory is full of good packets. Memory: `depth` words of 9 bits and 16 trailers.

    Parameters
    ----------
    depth : int
        Bytes of the memory, a power of two, at least 32. A packet's header and payload must fit.

    Members
    -------
    i : In(stream)
        Bytes of packets.
    o : Out(stream)
        Header and payload of good packets, `last` with the last byte.
    trailer : Out(stream)
        One transfer for each packet at `o`.
    dropped : Out(1)
        A packet was just forgotten.

    Raises
    ------
    ValueError
        `depth` is not a power of two or is too small.
    """

    def __init__(self, depth: int) -> None:
        if not isinstance(depth, int) or depth < 32 or depth & (depth - 1):
            raise ValueError(f"depth must be a power of two of at least 32, not {depth!r}")
        self._depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(PACKET_BYTE)),
                "o": Out(stream.Signature(PACKET_BYTE)),
                "trailer": Out(stream.Signature(TRAILER)),
                "dropped": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.crc = crc = Crc32c()
        m.submodules.storage = storage = memory.Memory(shape=PACKET_BYTE, depth=self._depth, init=[])
        m.submodules.trailers = trailers = SyncFIFOBuffered(width=TRAILER.size, depth=PACKETS)
        write, read = storage.write_port(), storage.read_port()

        pointer_bits = ceil_log2(self._depth) + 1
        written, committed, fetched = (Signal(pointer_bits, name=name) for name in ("written", "committed", "fetched"))
        tail = Signal(8 * TRAILER_BYTES)
        length = Signal(range(HEADER_BYTES + TRAILER_BYTES + 1))
        checking, too_long = (Signal(name=name) for name in ("checking", "too_long"))
        full, stores, taken, good, settled = Signal(), Signal(), Signal(), Signal(), Signal()

        m.d.comb += [
            full.eq((written - fetched)[:pointer_bits] == self._depth),
            stores.eq(length >= TRAILER_BYTES),
            # A full memory is waited for, unless it is this packet alone that fills it.
            self.i.ready.eq(~checking & (~full | ~stores | too_long | (committed == fetched))),
            taken.eq(self.i.valid & self.i.ready),
            write.addr.eq(written),
            write.data.data.eq(tail[:8]),
            write.data.last.eq(self.i.payload.last),
            write.en.eq(taken & stores & ~full & ~too_long),
            crc.data.eq(self.i.payload.data),
            crc.valid.eq(taken),
            crc.restart.eq(settled),
            good.eq(crc.matches & (length == HEADER_BYTES + TRAILER_BYTES) & ~too_long),
            settled.eq(checking & (trailers.w_rdy | ~good)),
            trailers.w_data.eq(tail),
            trailers.w_en.eq(settled & good),
            self.dropped.eq(settled & ~good),
        ]
        with m.If(taken):
            m.d.sync += [tail.eq(Cat(tail[8:], self.i.payload.data)), checking.eq(self.i.payload.last)]
            with m.If(length != HEADER_BYTES + TRAILER_BYTES):
                m.d.sync += length.eq(length + 1)
            with m.If(stores & full):
                m.d.sync += too_long.eq(1)
        with m.If(write.en):
            m.d.sync += written.eq(written + 1)
        with m.If(settled):
            m.d.sync += [checking.eq(0), length.eq(0), too_long.eq(0)]
            with m.If(good):
                m.d.sync += committed.eq(written)
            with m.Else():
                m.d.sync += written.eq(committed)

        m.d.comb += [
            self.trailer.payload.eq(trailers.r_data),
            self.trailer.valid.eq(trailers.r_rdy),
            trailers.r_en.eq(self.trailer.ready),
        ]
        fetch = Signal()
        m.d.comb += [
            fetch.eq((fetched != committed) & (~self.o.valid | self.o.ready)),
            read.addr.eq(fetched),
            read.en.eq(fetch),
            self.o.payload.eq(read.data),
        ]
        with m.If(fetch):
            m.d.sync += [fetched.eq(fetched + 1), self.o.valid.eq(1)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m
