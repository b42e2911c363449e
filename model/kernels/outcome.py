"""What a decoding kernel returns where it cannot go on: a negative number, and the sentence that belongs to it."""

from __future__ import annotations

from model.golden.rice_coder import ESCAPE, GAP_BITS

END = -1
"""The payload ends here, as it should."""

CUT_OFF = -2
LEADING_ZEROS = -3
PADDING = -4
NEEDLESS_BYTE = -5
LONG_GAP = -6
BEYOND = -7
MISMATCH = -8

SENTENCES = {
    CUT_OFF: "payload ends within a codeword",
    LEADING_ZEROS: f"payload has a codeword of more than {ESCAPE + GAP_BITS} leading zeros",
    PADDING: "payload has a byte or more of padding; at most 7 bits are allowed",
    NEEDLESS_BYTE: "LEB128 gap has a needless last byte",
    LONG_GAP: f"LEB128 gap is longer than {GAP_BITS} bits",
    BEYOND: "payload has an error beyond the packet's last bin",
    MISMATCH: "packet's spikes do not match their check: encoder and decoder were not in the same state",
}
