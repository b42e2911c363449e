"""Codeword: what an interval coder hands to the bit packer."""

from __future__ import annotations

from typing import NamedTuple


class Codeword(NamedTuple):
    """`zeros` zero bits, then the low `width` bits of `value`, most significant first."""

    zeros: int
    value: int
    width: int
