"""Formats that neuromorphic targets read, one a file: a raster to packets and back."""
