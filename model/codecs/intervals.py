"""Interval coding of a chunk: the gaps between its spikes, in one of four coders.

docs/spike-streams.md specifies it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.bounds import payload_bits_max
from model.codecs import gap_models, huffman
from model.codecs.gaps import Gaps
from model.codecs.stream import Reader, write_leb128
from model.errors import CodecError
from model.golden.leb128_coder import GROUP_BITS
from model.golden.rice_mean import COUNT_INITIAL, SUM_INITIAL
from model.kernels import gap_payload, outcome, rans
from model.kernels import huffman as huffman_kernels
from model.kernels.bit_packer import BitPacker, finish_payload
from model.kernels.bit_unpacker import SLACK_BYTES
from model.kernels.crc32c import as_array
from model.kernels.format import LEB128, RICE
from model.kernels.gap_token import EXTRA_BITS, GAP_BITS, LEAST_GAPS, TOKENS
from model.kernels.rans_symbol import STATE_BITS, WORD_BITS
from model.kernels.rice_parameter import RiceParameter

EntropyName = Literal["varint", "huffman", "rice", "arithmetic", "auto"]
OrderName = Literal["scan", "neuron", "auto"]

WIRE_KINDS = {RICE: 0, LEB128: 1}
"""What the low bits of a payload's first byte say of the coder: one of the hardware's..."""
HUFFMAN, GEOMETRIC, MEASURED = 2, 3, 4
"""...or one of software."""
KIND_MASK = 7
SILENT = 8
"""Flag in the first byte: the gaps are those between silent bins."""
BY_NEURON = 16
"""Flag in the first byte: bins are taken channel by channel, and not step by step."""

STATE_BYTES_MAX = 8
"""Bytes of the state of the arithmetic coder that no word follows; otherwise it has one to three fewer, or none."""


def encode(rows: NDArray[np.int8], entropy: EntropyName = "auto", order: OrderName = "scan") -> bytes:
    """Return the payload of a chunk of at least one bin."""
    orders = (False, True) if order == "auto" else (order == "neuron",)
    return min((_encode_in_order(rows, entropy, by_neuron) for by_neuron in orders), key=len)


def _encode_in_order(rows: NDArray[np.int8], entropy: EntropyName, by_neuron: bool) -> bytes:
    bins = (np.ascontiguousarray(rows.T) if by_neuron else rows).reshape(-1)
    gaps = Gaps(bins.view(np.uint8))
    kind, body = _ENCODERS[entropy](gaps) if gaps.events else (WIRE_KINDS[RICE], b"")
    return bytes([kind | SILENT * gaps.silent | BY_NEURON * by_neuron]) + body


def decode(payload: NDArray[np.uint8], rows: NDArray[np.int8]) -> None:
    """Decode a payload into the rows of its chunk, all zeros so far.

    Raises
    ------
    CodecError
        It is no payload of a chunk of this shape.
    """
    reader = Reader(payload.data)
    head = reader.byte()
    if head >= 2 * BY_NEURON or head & KIND_MASK > MEASURED:
        raise CodecError(f"payload is of the unknown kind {head}")
    ordered = np.zeros(rows.shape[::-1], dtype=np.int8) if head & BY_NEURON else rows
    if head & SILENT:
        ordered.fill(1)
    found = _decode_gaps(head & KIND_MASK, reader, ordered.reshape(-1).view(np.uint8))
    if found != outcome.END:
        raise CodecError(outcome.SENTENCES[found])
    if head & BY_NEURON:
        rows[:] = ordered.T


def _decode_gaps(kind: int, reader: Reader, bins: NDArray[np.uint8]) -> int:
    """Flip the bin behind each gap; return what the kernels return."""
    if kind in WIRE_KINDS.values():
        body = reader.view(reader.remaining)
        coder = next(coder for coder, of_coder in WIRE_KINDS.items() if of_coder == kind)
        return gap_payload.decode(coder, as_array(body, bytes(SLACK_BYTES)), 0, len(body), bins)
    events, tokens = reader.leb128(), reader.byte()
    if not 1 <= events <= bins.size:
        raise CodecError(f"payload claims {events} gaps in {bins.size} bins")
    if not 1 <= tokens <= TOKENS:
        raise CodecError(f"payload claims {tokens} tokens; there are {TOKENS}")
    if kind == HUFFMAN:
        table = huffman.decoding_table(huffman.read_lengths(reader, tokens))
        body = reader.view(reader.remaining)
        return huffman_kernels.decode(as_array(body, bytes(SLACK_BYTES)), 8 * len(body), events, table, bins)
    return _decode_arithmetic(kind, reader, events, tokens, bins)


def _body_bytes(encoded: tuple[int, bytes]) -> int:
    return len(encoded[1])


def _encode_smallest(gaps: Gaps) -> tuple[int, bytes]:
    smallest = min(_encode_arithmetic(gaps), _encode_rice(gaps), key=_body_bytes)
    # No Huffman code takes less than the entropy, and its lengths half a byte a token: mostly enough to need none.
    least_bits = gap_models.entropy_bits(gaps.counts) + 4 * gaps.counts.size
    if least_bits < 8 * _body_bytes(smallest):
        smallest = min(smallest, _encode_huffman(gaps), key=_body_bytes)
    if _varint_bytes(gaps) < _body_bytes(smallest):
        smallest = _encode_varint(gaps)
    return smallest


def _encode_rice(gaps: Gaps) -> tuple[int, bytes]:
    return _encode_wire(RICE, gaps, -(-payload_bits_max(gaps.bins.size, "rice") // 8))


def _encode_varint(gaps: Gaps) -> tuple[int, bytes]:
    return _encode_wire(LEB128, gaps, _varint_bytes(gaps))


def _varint_bytes(gaps: Gaps) -> int:
    least = LEAST_GAPS[: gaps.counts.size]
    groups = 1 + sum((least >> shift > 0).astype(np.int64) for shift in range(GROUP_BITS, GAP_BITS, GROUP_BITS))
    return int(np.sum(gaps.counts * groups))


def _encode_wire(coder: int, gaps: Gaps, bytes_max: int) -> tuple[int, bytes]:
    out = np.empty(bytes_max, dtype=np.uint8)
    parameter, packer = RiceParameter(SUM_INITIAL, COUNT_INITIAL, 0), BitPacker(0, 0, 0)
    for piece in gaps.forward():
        parameter, packer = gap_payload.encode(coder, piece, parameter, packer, out)
    return WIRE_KINDS[coder], out[: finish_payload(packer, out)].tobytes()


def _head(gaps: Gaps) -> bytes:
    return write_leb128(gaps.events) + bytes([gaps.counts.size])


def _encode_huffman(gaps: Gaps) -> tuple[int, bytes]:
    lengths = huffman.code_lengths(gaps.counts)
    head = _head(gaps) + huffman.write_lengths(lengths)
    bits = int(np.sum(gaps.counts * (lengths + EXTRA_BITS[: lengths.size])))
    out, packer = np.empty(-(-bits // 8), dtype=np.uint8), BitPacker(0, 0, 0)
    codewords = huffman.codewords_of(lengths)
    for piece in gaps.forward():
        packer = huffman_kernels.encode(piece, lengths, codewords, packer, out)
    finish_payload(packer, out)
    return HUFFMAN, head + out.tobytes()


def _encode_arithmetic(gaps: Gaps) -> tuple[int, bytes]:
    geometric = gap_models.geometric_frequencies(gaps.bins.size, gaps.events, gaps.counts.size)
    measured = gap_models.measured_frequencies(gaps.counts)
    geometric_bits = gap_models.message_bits(gaps.counts, geometric)
    measured_bits = gap_models.message_bits(gaps.counts, measured)
    table = gap_models.write_frequencies(measured) if measured_bits + 8 * measured.size < geometric_bits else b""
    if not table or geometric_bits <= measured_bits + 8 * len(table):
        return GEOMETRIC, _head(gaps) + _arithmetic_message(gaps, geometric, geometric_bits)
    return MEASURED, _head(gaps) + table + _arithmetic_message(gaps, measured, measured_bits)


def _arithmetic_message(gaps: Gaps, frequencies: NDArray[np.int64], bits: float) -> bytes:
    words = np.empty(int(bits) // WORD_BITS + 2, dtype=np.uint32)
    state, at = 1, words.size
    starts = gap_models.starts_of(frequencies)
    multipliers, shifts = rans.reciprocals_of(frequencies)
    for piece in gaps.backward():
        state, at = rans.encode(piece, frequencies, starts, multipliers, shifts, state, words, at)
    state_bytes = -(-state.bit_length() // 8)
    if at < words.size:
        state_bytes = max(state_bytes, STATE_BYTES_MAX - rans.WORD_BYTES + 1)
    return state.to_bytes(state_bytes, "little") + words[at:].astype("<u4").tobytes()


def _decode_arithmetic(kind: int, reader: Reader, events: int, tokens: int, bins: NDArray[np.uint8]) -> int:
    if kind == MEASURED:
        frequencies = gap_models.read_frequencies(reader, tokens)
    else:
        frequencies = gap_models.geometric_frequencies(bins.size, events, tokens)
    size = reader.remaining
    if size > STATE_BYTES_MAX:
        size = STATE_BYTES_MAX - (STATE_BYTES_MAX - size) % rans.WORD_BYTES
    state = int.from_bytes(reader.view(size), "little")
    if not 1 <= state < 1 << STATE_BITS:
        raise CodecError(f"payload starts with the state {state}, which is none of the coder")
    words = np.frombuffer(reader.view(reader.remaining), dtype=np.uint8)
    lookup = np.repeat(np.arange(tokens, dtype=np.uint8), frequencies)
    return rans.decode(words, state, 0, events, frequencies, gap_models.starts_of(frequencies), lookup, bins)


_ENCODERS = {
    "varint": _encode_varint,
    "rice": _encode_rice,
    "huffman": _encode_huffman,
    "arithmetic": _encode_arithmetic,
    "auto": _encode_smallest,
}
