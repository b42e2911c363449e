"""Pages that show a recording: traces or raster, errors, spectrum, and where the bytes went."""
