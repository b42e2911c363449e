"""What docs/event-lists.md says to type works, and its numbers are those of the code."""

import numpy as np
from documents import Document

from model.codecs.aer import BITMAP, CHUNK_BYTES_MAX, SILENCES, SPIKES, STREAM_BYTES_MAX, AERSpikeCodec
from model.formats import aer_udp, eieio
from model.kernels.event_list import GROUP, K_BITS, K_MAX

PAGE = Document("event-lists.md")


def test_python_runs(capsys):
    (code,) = PAGE.code("In Python")
    exec(code, {})
    assert capsys.readouterr().out.startswith("aer: 2000 x 64 bins, ")


def test_numbers_of_packets():
    ((_, _, events, _, _),) = PAGE.tables("What packets can name")
    assert f"{aer_udp.EVENTS_MAX} at any times, {aer_udp.PACKET_BYTES_MAX:,} bytes" in events["AER over UDP"]
    sizes = [max(map(len, eieio.export_spikes(np.ones((1, 200), np.int8), first_key=key))) for key in (0, 1 << 16)]
    counts = [(size - 2 - width) // width for size, width in zip(sizes, (2, 4), strict=True)]
    assert f"{counts[0]} ({counts[1]} with 32 bits)" in events["EIEIO"]


def test_numbers_of_the_stream():
    title = "The stream of `aer`"
    ((spikes, silences, bitmap),) = PAGE.tables(title)
    assert [int(row["first byte"]) for row in (spikes, silences, bitmap)] == [SPIKES, SILENCES, BITMAP]
    assert PAGE.numbers(title, r"Every (\d+) events begin with a parameter `k` of (\d) bits, 0\.\.(\d+)") == [
        GROUP,
        K_BITS,
        K_MAX,
    ]
    assert PAGE.numbers(title, r"`B / 8` bytes, (\d+), and (\d+) for each chunk") == [STREAM_BYTES_MAX, CHUNK_BYTES_MAX]
    assert "2^22 bins" in PAGE.sections[title]
    assert AERSpikeCodec.chunk_bins == 1 << 22
