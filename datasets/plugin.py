"""Cards of the built-in dataset adapters."""

from __future__ import annotations

from ..benchmark.contracts.cards import DatasetCard
from ..benchmark.contracts.hookspecs import hookimpl
from .folder.options import FolderOptions
from .published.cards import PUBLIC
from .synthetic.options import CLASS_NAMES, VOXEL_SIZE_NM, SyntheticOptions
from .volume.options import VolumeOptions

SYNTHETIC_EM = DatasetCard(
    name="synthetic-em",
    description="tissue drawn from a seed and imaged by a drawn electron microscope; nothing to download",
    factory="emseg_bench.datasets.synthetic.dataset:open_synthetic",
    options=SyntheticOptions,
    classes=CLASS_NAMES,
    voxel_size_nm=VOXEL_SIZE_NM,
    citation="emseg-bench: synthetic electron microscopy, drawn by the program itself",
    licence="MIT",
)

FOLDER = DatasetCard(
    name="folder",
    description="your own images and masks: PNG or TIFF files of equal names in images/ and masks/",
    factory="emseg_bench.datasets.folder.dataset:open_folder",
    options=FolderOptions,
    needs_location=True,
    ignore_rule="pixels with the ignore_value of dataset.yaml are neither trained on nor scored",
    citation="the owner of the folder",
    licence="as the owner of the folder decides",
)

VOLUME = DatasetCard(
    name="volume",
    description="your own volumes: TIFF, OME-TIFF, HDF5, NRRD, NIfTI, MRC, NumPy files, zarr and OME-Zarr",
    factory="emseg_bench.datasets.volume.factory:open_volumes",
    options=VolumeOptions,
    needs_location=True,
    dimension="3d",
    ignore_rule="voxels with the ignore_value that the owner names are neither trained on nor scored",
    citation="the owner of the volumes",
    licence="as the owner of the volumes decides",
)


@hookimpl
def emseg_datasets() -> tuple[DatasetCard, ...]:
    """Return the built-in dataset adapters."""
    return SYNTHETIC_EM, FOLDER, VOLUME, *PUBLIC
