"""BitUnpacker: bytes to the bits of codewords."""

from __future__ import annotations

from model.errors import CodecError


class BitUnpacker:
    """Reads the bits of a payload in the order in which `BitPacker` wrote them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._end = 8 * len(data)

    @property
    def at_end(self) -> bool:
        """Whether every bit was read."""
        return self._position == self._end

    def read(self, width: int) -> int:
        """Read `width` bits as an unsigned number.

        Raises
        ------
        CodecError
            Fewer bits are left.
        """
        if width > self._end - self._position:
            raise CodecError("payload ends within a codeword")
        value = 0
        for _ in range(width):
            value = value << 1 | self._next_bit()
        return value

    def read_zeros(self, limit: int) -> int | None:
        """Read zeros and the one that ends them; return how many zeros, or None where only padding was left.

        Padding is less than a byte of zeros at the very end. It cannot be a codeword, since each has a one.

        Raises
        ------
        CodecError
            More than `limit` zeros come, or a byte or more of padding.
        """
        zeros = 0
        while not self.at_end:
            if self._next_bit():
                return zeros
            zeros += 1
            if zeros > limit:
                raise CodecError(f"payload has a codeword of more than {limit} leading zeros")
        if zeros >= 8:
            raise CodecError(f"payload has {zeros} bits of padding; at most 7 are allowed")
        return None

    def _next_bit(self) -> int:
        byte = self._data[self._position >> 3]
        bit = byte >> (7 - (self._position & 7)) & 1
        self._position += 1
        return bit
