"""Codecs for whole spike rasters, one a file; `model` exports them."""
