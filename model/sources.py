"""Where a receiver's bytes come from: UDP, a file, a device, standard input."""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from model.golden.container import MAGIC
from model.kernels import container
from model.receiver import Framing

POLL_S = 0.1
"""How long a source waits before it tells that nothing came."""
PIECE_BYTES = 1 << 16
"""Most bytes taken at once; no datagram is longer."""
STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Source:
    """What to feed to a receiver.

    Attributes
    ----------
    name : str
        For messages.
    framing : {"serial", "datagram"}
        The receiver's argument.
    pieces : iterator of bytes
        What comes; empty bytes wherever nothing came for `POLL_S`.
    """

    name: str
    framing: Framing
    pieces: Iterator[bytes]


def from_udp(address: str) -> Source:
    """Listen for packets, one a datagram.

    Parameters
    ----------
    address : str
        HOST:PORT to listen at. Port 0 takes a free one; the source's name tells which.

    Raises
    ------
    ValueError
        `address` is not of this form, or one cannot listen there.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 0xFFFF:
        raise ValueError(f"udp must be HOST:PORT with a port of 0..65535, not {address!r}")
    try:
        family, kind, _, _, target = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)[0]
        link = socket.socket(family, kind)
        link.bind(target)
    except OSError as error:
        raise ValueError(f"udp cannot listen at {address}: {error.strerror}") from None
    return Source(f"udp {host}:{link.getsockname()[1]}", "datagram", _datagrams(link))


def from_file(path: str) -> Source:
    """Read a container, or a byte stream with serial framing; the first four bytes tell which it is.

    A container is read whole, since its checksum stands at its end; a byte stream is read piece by piece.

    Parameters
    ----------
    path : str
        A file, a device such as a serial port, or `-` for standard input.

    Raises
    ------
    ValueError
        The file cannot be opened.
    CodecError
        A container is damaged.
    """
    try:
        file = sys.stdin.fileno() if path == STANDARD_INPUT else os.open(Path(path), os.O_RDONLY)
        first = os.read(file, len(MAGIC))
    except OSError as error:
        raise ValueError(f"source {path} cannot be read: {error.strerror}") from None
    name = "standard input" if path == STANDARD_INPUT else path
    while 0 < len(first) < len(MAGIC) and MAGIC.startswith(first) and (more := os.read(file, len(MAGIC) - len(first))):
        first += more
    if first == MAGIC:
        return Source(name, "datagram", _packets(first + b"".join(_pieces(file))))
    return Source(name, "serial", _and_pieces(first, file))


def _datagrams(link: socket.socket) -> Iterator[bytes]:
    while True:
        ready, _, _ = select.select([link], [], [], POLL_S)
        yield link.recv(PIECE_BYTES) if ready else b""


def _pieces(file: int) -> Iterator[bytes]:
    while True:
        ready, _, _ = select.select([file], [], [], POLL_S)
        if not ready:
            yield b""
        elif data := os.read(file, PIECE_BYTES):
            yield data
        else:
            return


def _and_pieces(first: bytes, file: int) -> Iterator[bytes]:
    yield first
    yield from _pieces(file)


def _packets(stream: bytes) -> Iterator[bytes]:
    bounds = container.split(stream)
    return (stream[start:end] for start, end in bounds)
