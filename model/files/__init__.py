"""Recordings in files: what reads them, the compressed file, and what writes them back. One kind of file a module."""

SUFFIX = ".ctcz"
"""Of compressed recordings."""
