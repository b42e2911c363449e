"""Memory that a call takes at its peak."""

import tracemalloc


def peak_bytes(call):
    """Return the most bytes that `call()` had in use at a time, its result included."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
