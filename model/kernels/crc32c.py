"""Crc32c, eight bytes at a time ("slicing by 8")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.golden.crc32c import POLYNOMIAL_REFLECTED
from model.kernels.jit import kernel, part

ALL_ONES = 0xFFFFFFFF
SLICES = 8


def _tables() -> NDArray[np.int64]:
    # Signed, as every number in a kernel: Numba turns signed with unsigned into floating point.
    tables = np.empty((SLICES, 256), dtype=np.int64)
    register = np.arange(256)
    for _ in range(8):
        register = register >> 1 ^ (register & 1) * POLYNOMIAL_REFLECTED
    tables[0] = register
    for zeros in range(1, SLICES):
        tables[zeros] = tables[zeros - 1] >> 8 ^ tables[0][tables[zeros - 1] & 0xFF]
    return tables


TABLES = _tables()
"""`TABLES[z, b]`: what byte b contributes to the register once z more bytes have passed."""


@part
def update(register: int, data: NDArray[np.uint8], start: int, end: int) -> int:
    """Return the register after `data[start:end]`; it starts from `ALL_ONES`, and its complement is the checksum."""
    at = start
    while at + SLICES <= end:
        low = register ^ (data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24)
        register = (
            TABLES[7, low & 0xFF]
            ^ TABLES[6, low >> 8 & 0xFF]
            ^ TABLES[5, low >> 16 & 0xFF]
            ^ TABLES[4, low >> 24]
            ^ TABLES[3, data[at + 4]]
            ^ TABLES[2, data[at + 5]]
            ^ TABLES[1, data[at + 6]]
            ^ TABLES[0, data[at + 7]]
        )
        at += SLICES
    while at < end:
        register = register >> 8 ^ TABLES[0, (register ^ data[at]) & 0xFF]
        at += 1
    return register


@part
def checksum(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Return the CRC-32C of `data[start:end]`."""
    return update(ALL_ONES, data, start, end) ^ ALL_ONES


@kernel
def _checksum_of_all(data: NDArray[np.uint8]) -> int:
    return checksum(data, 0, data.size)


def as_array(*pieces: bytes | bytearray | memoryview) -> NDArray[np.uint8]:
    """Return copies of some bytes, one behind the other.

    It is writable, as the arrays of the encoder are: so kernels are compiled but once.
    """
    return np.frombuffer(bytearray().join(pieces), dtype=np.uint8)


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """Return the CRC-32C of `data`, of which only bytes that cannot be written to are copied."""
    return _checksum_of_all(as_array(data) if memoryview(data).readonly else np.frombuffer(data, dtype=np.uint8))
