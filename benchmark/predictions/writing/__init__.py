"""Label maps and what belongs to them as files that other programs open: TIFF, OME-Zarr, HDF5."""
