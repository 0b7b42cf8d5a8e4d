"""The formats that `fuzz_readers.py` damages: how a small valid file is made, and how it is read."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from fuzz_results import pretraining, read_pretraining, read_results, results

_GREY: Final = np.random.default_rng(0).integers(0, 256, (4, 24, 20), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Format:
    """A file format."""

    make: Callable[[Path], Path]
    """Writes a file (and what belongs to it) into a folder; gives its path."""
    read: Callable[[Path], object]
    victims: str = "*"
    """Pattern of the files that are damaged."""


def _read_image(path: Path) -> object:
    from emseg_bench.benchmark.images.pixels import decode_image, decode_mask, read_bytes

    data = read_bytes(path)
    decode_mask(data, str(path))
    return decode_image(data, str(path))


def _read_volume(path: Path, inside: str = "") -> object:
    from emseg_bench.benchmark.files.cache import cache_folder
    from emseg_bench.benchmark.images.volumes.opening import open_volume

    volume = open_volume(f"{path}{inside}", cache_folder())
    return np.asarray(volume.read(slice(0, 2))).sum()


def _read_parts(path: Path) -> object:
    """Read a file of several arrays as `data init` does."""
    from emseg_bench.benchmark.images.volumes import hdf5, zarrs

    names = [name for name, _, _ in (zarrs if path.is_dir() else hdf5).inside(path)]
    return [_read_volume(path, f":{name}" if name else "") for name in names]


def _read_weights(path: Path) -> object:
    from emseg_bench.benchmark.weights.reading import read_content
    from emseg_bench.benchmark.weights.weight_info import read_info
    from emseg_bench.models.weight_files import read_state_dict

    read_info(path)
    return read_content(path) if path.suffix == ".npz" else read_state_dict(path)


def _read_archive(path: Path) -> object:
    from emseg_bench.datasets.fetching.unpack import unpack

    class Silent:
        total = 0

        def update(self, _: int) -> None: ...

        def close(self) -> None: ...

    meter: Any = Silent()
    return unpack(path, path.parent / "unpacked", meter)


def _read_description(path: Path) -> object:
    from emseg_bench.datasets.description import read_description

    return read_description(path)


def _png(folder: Path) -> Path:
    from PIL import Image

    Image.fromarray(_GREY[0] % 3).save(folder / "a.png")
    return folder / "a.png"


def _tiff(folder: Path, name: str = "a.tif", **options: Any) -> Path:
    import tifffile

    tifffile.imwrite(folder / name, _GREY, photometric="minisblack", **options)
    return folder / name


def _flat_tiff(folder: Path, **options: Any) -> Path:
    import tifffile

    tifffile.imwrite(folder / "a.tif", _GREY[0] % 3, photometric="minisblack", **options)
    return folder / "a.tif"


def _hdf5(folder: Path) -> Path:
    import h5py

    with h5py.File(folder / "a.h5", "w") as file:
        data = file.create_dataset("raw", data=_GREY, chunks=(2, 8, 20), compression="gzip")
        data.attrs["resolution"] = [30.0, 8.0, 8.0]
        file["labels"] = _GREY % 3
    return folder / "a.h5"


def _zarr(folder: Path, version: int) -> Path:
    import zarr

    group = zarr.open_group(folder / "a.zarr", mode="w", zarr_format=version)
    array = group.create_array("raw", shape=_GREY.shape, dtype="u1", chunks=(2, 8, 20))
    array[:] = _GREY
    array.attrs["resolution"] = [30.0, 8.0, 8.0]
    return folder / "a.zarr"


def _ome_zarr(folder: Path) -> Path:
    import zarr

    group = zarr.open_group(folder / "a.zarr", mode="w", zarr_format=2)
    group.create_array("0", shape=_GREY.shape, dtype="u1", chunks=(2, 8, 20))[:] = _GREY
    scale = {"type": "scale", "scale": [30.0, 8.0, 8.0]}
    axes = [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"]
    level = {"path": "0", "coordinateTransformations": [scale]}
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [level]}]
    return folder / "a.zarr"


def _nrrd(folder: Path, encoding: str) -> Path:
    header = (
        "NRRD0004\ntype: uint8\ndimension: 3\nspace: left-posterior-superior\nsizes: 20 24 4\n"
        "space directions: (8,0,0) (0,8,0) (0,0,30)\nspace origin: (0,0,0)\n"
        f'space units: "nm" "nm" "nm"\nendian: little\nencoding: {encoding}\n\n'
    )
    values = _GREY.tobytes()
    packed = gzip.compress(values) if encoding == "gzip" else values
    (folder / "a.nrrd").write_bytes(header.encode() + packed)
    return folder / "a.nrrd"


def _nifti(folder: Path, name: str) -> Path:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(_GREY)
    SimpleITK.WriteImage(image, str(folder / name))
    return folder / name


def _mrc(folder: Path) -> Path:
    import mrcfile

    with mrcfile.new(folder / "a.mrc") as file:
        file.set_data(_GREY.astype(np.int8))
        file.voxel_size = 80.0
    return folder / "a.mrc"


def _npy(folder: Path) -> Path:
    np.save(folder / "a.npy", _GREY)
    return folder / "a.npy"


def _weights(folder: Path, kind: str) -> Path:
    import torch
    from safetensors.torch import save_file

    path = folder / f"a.{kind}"
    state = {"conv.weight": torch.ones(4, 1, 3, 3), "conv.bias": torch.zeros(4)}
    if kind == "safetensors":
        save_file(state, path, {"emseg_bench": '{"model": "unet", "origin": "here"}'})
    elif kind == "npz":
        np.savez_compressed(path, **{name: tensor.numpy() for name, tensor in state.items()})
    else:
        torch.save(state, path)
    return path


def _archive(folder: Path, name: str) -> Path:
    path = folder / name
    if name.endswith("zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data/a.txt", "a" * 300)
            archive.writestr("data/b.bin", _GREY.tobytes())
        return path
    with tarfile.open(path, "w:gz" if name.endswith("gz") else "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("data/" + "a" * 120 + "ä.bin")
        member.size = _GREY.nbytes
        archive.addfile(member, io.BytesIO(_GREY.tobytes()))
    return path


def _description(folder: Path) -> Path:
    path = folder / "dataset.yaml"
    path.write_text(
        "classes: {0: background, 255: cell}\nvoxel_size_nm: [30, 8, 8]\nignore_value: 7\n"
        "groups: '^(mouse[0-9]+)_'\nsplits: {train: ['a*'], test: [b1]}\n"
        "volumes:\n  - {image: a.tif, labels: b.tif, split: train, axes: zyx}\n"
    )
    return path


def _table(folder: Path) -> Path:
    import pandas as pd

    rows = {"iteration": [1, 2], "series": ["loss", "loss"], "value": [0.9, 0.7]}
    pd.DataFrame(rows).to_parquet(folder / "curve.parquet")
    return folder / "curve.parquet"


def _read_table(path: Path) -> object:
    from emseg_bench.benchmark.trials.result_tables import CURVE, read_table

    return read_table(path, CURVE)


FORMATS: Final[dict[str, Format]] = {
    "png": Format(_png, _read_image),
    "tiff": Format(_flat_tiff, _read_image),
    "tiff-lzw": Format(partial(_flat_tiff, compression="lzw"), _read_image),
    "tiff-deflate": Format(partial(_flat_tiff, compression="zlib", tile=(16, 16)), _read_image),
    "tiff-stack": Format(_tiff, _read_volume),
    "tiff-stack-deflate": Format(partial(_tiff, compression="zlib"), _read_volume),
    "tiff-imagej": Format(
        partial(_tiff, imagej=True, metadata={"axes": "ZYX", "spacing": 0.03, "unit": "um"}), _read_volume
    ),
    "tiff-ome": Format(
        partial(_tiff, name="a.ome.tif", metadata={"axes": "ZYX", "PhysicalSizeX": 0.008}), _read_volume
    ),
    "bigtiff": Format(partial(_tiff, name="a.btf", bigtiff=True), _read_volume),
    "hdf5": Format(_hdf5, _read_parts),
    "zarr-2": Format(partial(_zarr, version=2), _read_parts),
    "zarr-3": Format(partial(_zarr, version=3), _read_parts),
    "ome-zarr": Format(_ome_zarr, _read_parts),
    "nrrd": Format(partial(_nrrd, encoding="raw"), _read_volume),
    "nrrd-gz": Format(partial(_nrrd, encoding="gzip"), _read_volume),
    "nifti": Format(partial(_nifti, name="a.nii"), _read_volume),
    "nifti-gz": Format(partial(_nifti, name="a.nii.gz"), _read_volume),
    "mrc": Format(_mrc, _read_volume),
    "npy": Format(_npy, _read_volume),
    "safetensors": Format(partial(_weights, kind="safetensors"), _read_weights),
    "torch": Format(partial(_weights, kind="pt"), _read_weights),
    "npz": Format(partial(_weights, kind="npz"), _read_weights),
    "zip": Format(partial(_archive, name="a.zip"), _read_archive),
    "tar": Format(partial(_archive, name="a.tar"), _read_archive),
    "tar-gz": Format(partial(_archive, name="a.tar.gz"), _read_archive),
    "parquet": Format(_table, _read_table),
    "record": Format(results, read_results, "record.json"),
    "results": Format(results, read_results),
    "pretraining": Format(pretraining, read_pretraining),
    "dataset-yaml": Format(_description, _read_description),
}
