"""The fast path: `model.golden` again in Numba kernels, byte for byte, each block in the file of the same name.

Bytes are read and written in flat `uint8` arrays. Every constant comes from `model.golden`.

Compiled kernels are cached beside their sources. Numba notices an edit of a kernel's own file only, not of what it
calls or reads: after editing here or in `model.golden`, remove `__pycache__` or set `NUMBA_CACHE_DIR` to a new folder.
"""
