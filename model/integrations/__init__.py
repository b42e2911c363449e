"""The codecs where users already work: numcodecs, Zarr, SpikeInterface, Dask, one a file. Each needs an extra."""
