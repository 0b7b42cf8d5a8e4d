"""Labels come onto their image by where both files say that they lie, whatever the format, or are refused."""

from __future__ import annotations

import itertools
import struct

import h5py
import mrcfile
import numpy as np
import pytest
import SimpleITK
import tifffile
import zarr
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.images.volumes.fitting import fit, fits
from emseg_bench.benchmark.images.volumes.opening import Wanted, open_volume
from emseg_bench.datasets.volume.factory import open_volumes

RNG = np.random.default_rng(3)
SHAPE = (12, 24, 32)
IMAGE = RNG.integers(0, 256, SHAPE, dtype=np.uint8)
LABELS = (RNG.random(SHAPE) > 0.7).astype(np.uint8)
SIZE = np.array([30.0, 8.0, 4.0])
"""z, y, x, nm."""
AXES = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]


def itk(path, values, *, origin=(0, 0, 0), size=SIZE, steps=None, unit=1e-6):
    """Write NIfTI or NRRD; origin and size z, y, x in nm, `steps` the direction matrix."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values))
    image.SetSpacing([float(side * unit) for side in reversed(size)])
    image.SetOrigin([float(place * unit) for place in reversed(origin)])
    if steps is not None:
        image.SetDirection(np.asarray(steps, float).ravel().tolist())
    SimpleITK.WriteImage(image, str(path))
    return path


def ngff(path, values, *, origin=(0, 0, 0), size=SIZE, form=2, levels=1):
    group = zarr.open_group(path, mode="w", zarr_format=form)
    return ngff_group(group, values, origin, size, form, levels) or path


def ngff_group(group, values, origin, size, form, levels=1):
    sets = []
    for level in range(levels):
        step = 2**level
        data = np.ascontiguousarray(values[:, ::step, ::step])
        group.create_array(str(level), shape=data.shape, dtype=data.dtype)[...] = data
        scale = [float(size[0]), float(size[1] * step), float(size[2] * step)]
        moved = {"type": "translation", "translation": [*map(float, origin)]}
        steps = [{"type": "scale", "scale": scale}, moved]
        sets.append({"path": str(level), "coordinateTransformations": steps})
    image = {"multiscales": [{"axes": AXES, "datasets": sets}]}
    group.attrs.update(image if form == 2 else {"ome": {"version": "0.5", **image}})


def hdf5(path, values, *, origin=None, size=SIZE):
    with h5py.File(path, "w") as file:
        file["raw"] = values
        file["raw"].attrs["resolution"] = list(size)
        if origin is not None:
            file["raw"].attrs["offset"] = list(origin)
    return path


def mrc(path, values, *, origin=(0, 0, 0), size=SIZE, flags=None, starts=None):
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(np.ascontiguousarray(values).astype(np.int16))
        file.voxel_size = tuple(10 * size[::-1])
        file.header.origin = tuple(10 * place for place in reversed(origin))
        if starts:
            file.nstart = tuple(reversed(starts))
    if flags is not None:
        with path.open("r+b") as raw:
            raw.seek(152)
            raw.write(struct.pack("<ii", 1146047817, flags))
    return path


WRITERS = {"a.nii": itk, "a.nii.gz": itk, "a.nrrd": itk, "a.zarr": ngff, "a.h5": hdf5, "a.mrc": mrc}


def opened(path, tmp_path, **wanted):
    return open_volume(path, tmp_path / "cache", Wanted(**wanted))


@pytest.mark.parametrize("name", WRITERS)
def test_a_crop_is_put_where_it_belongs(name, tmp_path):
    """Both ways: labels of a part of the image, and labels that reach beyond it."""
    write = WRITERS[name]
    start, stop = (2, 4, 8), (9, 22, 30)
    part = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    base = np.array([300.0, 80.0, 40.0])
    whole = opened(write(tmp_path / f"whole_{name}", IMAGE, origin=base), tmp_path)
    crop = opened(write(tmp_path / f"crop_{name}", LABELS[part], origin=base + SIZE * start), tmp_path)
    image, labels = fit(whole, crop)
    np.testing.assert_array_equal(image.read(), IMAGE[part])
    np.testing.assert_array_equal(labels.read(), LABELS[part])
    np.testing.assert_array_equal(
        image.read(slice(1, 3), slice(2, 5), slice(3, 9)), IMAGE[part][1:3, 2:5, 3:9]
    )
    if (mapped := image.mapped()) is not None:
        np.testing.assert_array_equal(mapped, IMAGE[part])
    assert "covers a part of" in labels.notes[-1]
    crop, whole = fit(crop, whole)
    np.testing.assert_array_equal(whole.read(), IMAGE[part])
    assert "was cut to the image" in whole.notes[-1]


@pytest.mark.parametrize("name", WRITERS)
def test_another_place_is_refused_with_both_boxes(name, tmp_path):
    write = WRITERS[name]
    image = opened(write(tmp_path / f"image_{name}", IMAGE, origin=(30.0, 0, 0)), tmp_path)
    labels = opened(write(tmp_path / f"labels_{name}", LABELS, origin=(30.0, 80.0, 0)), tmp_path)
    with pytest.raises(DataError, match=r"15 to 375 x -4 to 188 .*15 to 375 x 76 to 268 .*belong elsewhere"):
        fit(image, labels)
    aside = opened(write(tmp_path / f"aside_{name}", LABELS, origin=(30.0, 4.0, 0)), tmp_path)
    with pytest.raises(DataError, match=r"half a voxel or so aside"):
        fit(image, aside)


@pytest.mark.parametrize("name", ["a.nii", "a.nrrd"])
@pytest.mark.parametrize("flips", [*itertools.product([False, True], repeat=3)])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0)])
def test_flips_and_turns_of_the_same_tissue(name, flips, order, tmp_path):
    """What is stored another way round, with an affine that says so, comes back as the image lies."""
    image = opened(itk(tmp_path / f"i_{name}", IMAGE, origin=(300, 80, 40)), tmp_path)
    turned = LABELS.transpose(order)[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    directions = np.zeros((3, 3))  # columns: the axes x, y, z of the file; rows: x, y, z of space
    origin = np.array([300.0, 80.0, 40.0])
    for axis, (source, flip) in enumerate(zip(order, flips, strict=True)):
        directions[2 - source, 2 - axis] = -1 if flip else 1
        origin[source] += SIZE[source] * (SHAPE[source] - 1) if flip else 0
    path = itk(tmp_path / f"l_{name}", turned, origin=origin, size=SIZE[list(order)], steps=directions)
    _, labels = fit(image, opened(path, tmp_path))
    np.testing.assert_array_equal(labels.read(), LABELS)
    np.testing.assert_array_equal(labels.mapped(), LABELS)
    np.testing.assert_array_equal(labels.read(slice(2, 5), slice(1, 9), slice(5, 30)), LABELS[2:5, 1:9, 5:30])


def test_an_odd_angle_is_refused(tmp_path):
    cos, sin = np.cos(0.3), np.sin(0.3)
    image = opened(itk(tmp_path / "i.nii", IMAGE, origin=(3, 3, 3), size=(8, 8, 8)), tmp_path)
    steps = [[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]
    turned = opened(itk(tmp_path / "l.nii", LABELS, origin=(3, 3, 3), size=(8, 8, 8), steps=steps), tmp_path)
    with pytest.raises(DataError, match=r"turned against .* no multiple of 90 degrees"):
        fit(image, turned)


@pytest.mark.parametrize("name", WRITERS)
def test_voxels_of_another_size_are_refused(name, tmp_path):
    write = WRITERS[name]
    image = opened(write(tmp_path / f"i_{name}", IMAGE, origin=(30, 8, 4)), tmp_path)
    half = np.ascontiguousarray(LABELS[:, ::2, ::2])
    coarse = opened(write(tmp_path / f"l_{name}", half, origin=(30, 8, 4), size=SIZE * [1, 2, 2]), tmp_path)
    with pytest.raises(DataError, match=r"is 1 x 2 x 2 \(z, y, x\) of .*the image lies in .*the labels in "):
        fit(image, coarse)


def test_who_knows_of_no_place_is_taken_voxel_by_voxel(tmp_path):
    plain = SimpleITK.GetImageFromArray(LABELS)
    SimpleITK.WriteImage(plain, str(tmp_path / "plain.nii"))
    tifffile.imwrite(tmp_path / "plain.tif", LABELS, photometric="minisblack")
    image = opened(itk(tmp_path / "i.nii", IMAGE, origin=(300, 80, 40)), tmp_path)
    for name in ("plain.nii", "plain.tif"):
        labels = opened(tmp_path / name, tmp_path)
        assert labels.grid is None
        assert fit(image, labels) == (image, labels)


def test_mrc_s_starts_and_imod_s_sense(tmp_path):
    part = (slice(2, 8), slice(4, 20), slice(8, 24))
    start = np.array([2, 4, 8])
    image = opened(mrc(tmp_path / "i.mrc", IMAGE, starts=(1, 1, 1)), tmp_path)
    crop = opened(mrc(tmp_path / "l.mrc", LABELS[part], starts=tuple(1 + start)), tmp_path)
    np.testing.assert_array_equal(fit(image, crop)[0].read(), IMAGE[part])
    for flags, sign in ((1, -1), (1 + 4, 1)):
        image = opened(mrc(tmp_path / "i.mrc", IMAGE, origin=sign * SIZE, flags=flags), tmp_path)
        place = sign * (SIZE + SIZE * start)
        crop = opened(mrc(tmp_path / "l.mrc", LABELS[part], origin=place, flags=flags), tmp_path)
        np.testing.assert_array_equal(fit(image, crop)[0].read(), IMAGE[part])


def test_formats_agree_on_where_things_are(tmp_path):
    """NIfTI counts to the patient's other side than NRRD; ITK writes both from one image."""
    base = (300.0, 80.0, 40.0)
    image = opened(itk(tmp_path / "i.nii", IMAGE, origin=base), tmp_path)
    text = (
        "NRRD0004\ntype: uchar\ndimension: 3\nspace: left-posterior-superior\nsizes: 32 24 12\n"
        "space directions: (4,0,0) (0,8,0) (0,0,30)\nspace origin: (40,80,300)\n"
        'space units: "nm" "nm" "nm"\nencoding: raw\n\n'
    )
    (tmp_path / "l.nrrd").write_bytes(text.encode() + LABELS.tobytes())
    right = text.replace("left-posterior", "right-anterior").replace("(40,80,300)", "(-40,-80,300)")
    right = right.replace("(4,0,0) (0,8,0)", "(-4,0,0) (0,-8,0)")
    (tmp_path / "r.nrrd").write_bytes(right.encode() + LABELS.tobytes())
    for name in ("l.nrrd", "r.nrrd"):
        labels = opened(tmp_path / name, tmp_path)
        assert labels.voxel_size_nm == pytest.approx((30, 8, 4))
        assert fits(image, labels)
        np.testing.assert_array_equal(fit(image, labels)[1].read(), LABELS)


@pytest.mark.parametrize("form", [2, 3])
def test_labels_of_another_level(form, tmp_path):
    big = np.kron(IMAGE, np.ones((1, 2, 2), np.uint8))
    ngff(tmp_path / "raw.zarr", big, form=form, levels=3)
    coarse = np.kron(LABELS, np.ones((1, 2, 2), np.uint8))[:, ::2, ::2]
    ngff(tmp_path / "labels.zarr", coarse, size=SIZE * [1, 2, 2], form=form)
    place, cache = str(tmp_path / "raw.zarr"), tmp_path / "cache"
    with pytest.raises(
        DataError, match=r"labels\.zarr fits level 1 of .*raw\.zarr.* the option level=1 .*1 x 2 x 2"
    ):
        open_volumes(place, cache, labels="labels.zarr")
    for dataset in (
        open_volumes(place, cache, labels="labels.zarr", level=1),
        open_volumes(f"{place}:/1", cache, labels="labels.zarr"),
    ):
        assert dataset.manifest.voxel_size_nm == pytest.approx((30, 16, 8))
        case = dataset.manifest.cases[0]
        np.testing.assert_array_equal(dataset.read(case).labels, LABELS[0])
    ngff(tmp_path / "all.zarr", np.kron(LABELS, np.ones((1, 2, 2), np.uint8)), form=form, levels=2)
    chosen = open_volumes(place, cache, labels="all.zarr", level=1)
    np.testing.assert_array_equal(chosen.read(chosen.manifest.cases[0]).labels, LABELS[0])


def test_positions_can_be_left_out_of_it(tmp_path):
    itk(tmp_path / "i.nii", IMAGE, origin=(300, 80, 40))
    itk(tmp_path / "l.nii", LABELS, origin=(300, 160, 40))
    place, cache = str(tmp_path / "i.nii"), tmp_path / "cache"
    with pytest.raises(DataError, match=r"belong elsewhere.*positions=ignore"):
        open_volumes(place, cache, labels="l.nii")
    dataset = open_volumes(place, cache, labels="l.nii", positions="ignore")
    np.testing.assert_array_equal(dataset.read(dataset.manifest.cases[0]).labels, LABELS[0])
    (tmp_path / "dataset.yaml").write_text("volumes: [{image: i.nii, labels: l.nii}]\npositions: ignore\n")
    assert open_volumes(str(tmp_path), cache).manifest.cases


@pytest.mark.parametrize("scored", ["slices", "volumes"])
def test_samples_of_what_was_cut_and_turned(scored, tmp_path):
    """All that a trial reads comes from the right place: sections, blocks, and what is kept in the cache."""
    part = (slice(0, 12), slice(4, 22), slice(8, 30))
    itk(tmp_path / "i.nii", IMAGE, origin=(300, 80, 40))
    flipped = LABELS[part][:, ::-1]
    origin = (300, 80 + 8 * 21, 40 + 4 * 8)
    itk(tmp_path / "l.nii", flipped, origin=origin, steps=np.diag([1, -1, 1]))
    dataset = open_volumes(str(tmp_path / "i.nii"), tmp_path / "cache", labels="l.nii", scored=scored)
    for case in dataset.manifest.cases:
        sample = dataset.read(case)
        first = case.section or 0
        sections = slice(first, first + (case.depth or 1))
        np.testing.assert_array_equal(sample.image.reshape(-1, 18, 22), IMAGE[part][sections])
        np.testing.assert_array_equal(sample.labels.reshape(-1, 18, 22), LABELS[part][sections])


@pytest.mark.parametrize("form", [2, 3])
def test_bioformats2raw_and_labels_of_ngff(form, tmp_path):
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=form)
    layout = {"bioformats2raw.layout": 3}
    root.attrs.update(layout if form == 2 else {"ome": {"version": "0.5", **layout}})
    root.create_group("OME").attrs.update({"series": ["0"]})
    (tmp_path / "a.zarr" / "OME" / "METADATA.ome.xml").write_text("<OME/>")
    image = root.create_group("0")
    ngff_group(image, IMAGE, (0, 0, 0), SIZE, form, 2)
    volume = opened(tmp_path / "a.zarr", tmp_path)
    np.testing.assert_array_equal(volume.read(), IMAGE)
    assert volume.voxel_size_nm == pytest.approx(tuple(SIZE))
    np.testing.assert_array_equal(opened(tmp_path / "a.zarr", tmp_path, level=1).read(), IMAGE[:, ::2, ::2])
    np.testing.assert_array_equal(
        opened(tmp_path / "a.zarr" / "0" / "1", tmp_path).read(), IMAGE[:, ::2, ::2]
    )
    labels = image.create_group("labels").create_group("mito")
    ngff_group(labels, LABELS, (0, 0, 0), SIZE, form)
    np.testing.assert_array_equal(opened(tmp_path / "a.zarr", tmp_path).read(), IMAGE)
    dataset = open_volumes(str(tmp_path / "a.zarr"), tmp_path / "cache")
    np.testing.assert_array_equal(dataset.read(dataset.manifest.cases[0]).labels, LABELS[0])
