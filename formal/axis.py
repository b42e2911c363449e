"""AXI4-Stream ports, as plain signals of a top, seen as the streams that they are."""

from amaranth.hdl import Cat, Module
from amaranth.lib import stream, wiring


def axis_stream(m: Module, top: wiring.Component, prefix: str) -> stream.Interface:
    """Return the stream at the ports `prefix_tdata` and so on, to look at; `tlast` and `tuser` are in the payload."""
    members = [getattr(top, f"{prefix}_{name}", None) for name in ("tdata", "tlast", "tuser")]
    payload = Cat(member for member in members if member is not None)
    port = stream.Signature(len(payload)).create(path=(prefix,))
    m.d.comb += [
        port.payload.eq(payload),
        port.valid.eq(getattr(top, f"{prefix}_tvalid")),
        port.ready.eq(getattr(top, f"{prefix}_tready")),
    ]
    return port
