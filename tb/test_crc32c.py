import random

import cocotb

from hdl.crc32c import Crc32c
from model.golden.crc32c import crc32c
from tb.bench import settle, tick
from tb.simulate import simulate


def test_crc32c(simulator):
    simulate(Crc32c(), __name__, simulator)


@cocotb.test()
async def checksums_equal_golden(dut):
    """Bytes at random times, some of them followed by their checksum; then the checksum is taken out."""
    source = random.Random(1)
    await settle(dut, rst=0, valid=0, out=0, restart=1)
    await tick(dut)
    for _ in range(200):
        data = source.randbytes(source.randrange(20))
        whole = source.random() < 0.5
        for byte in data + crc32c(data).to_bytes(4, "little") * whole:
            while source.random() < 0.3:
                await settle(dut, valid=0, out=source.random() < 0.5, restart=0)
                await tick(dut)
            await settle(dut, data=byte, valid=1, out=0, restart=0)
            await tick(dut)
        await settle(dut, valid=0, restart=0)
        assert dut.matches.value == whole
        if not whole:
            for due in crc32c(data).to_bytes(4, "little"):
                await settle(dut, data=source.randrange(256), valid=1, out=1)
                assert dut.crc.value.to_unsigned() & 0xFF == due
                await tick(dut)
        await settle(dut, valid=source.random() < 0.5, restart=1)
        await tick(dut)
