"""Cards of the built-in dataset adapters."""

from __future__ import annotations

from ..benchmark.contracts import DatasetCard
from ..benchmark.hookspecs import hookimpl
from .folder.options import FolderOptions
from .public.cards import PUBLIC
from .synthetic.options import CLASS_NAMES, VOXEL_SIZE_NM, SyntheticOptions

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


@hookimpl
def emseg_datasets() -> tuple[DatasetCard, ...]:
    """Return the built-in dataset adapters."""
    return SYNTHETIC_EM, FOLDER, *PUBLIC
