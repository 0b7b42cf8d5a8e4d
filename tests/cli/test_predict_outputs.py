"""What ``predict`` writes beside label maps, of one network and of several, by value."""

from __future__ import annotations

from pathlib import Path

import emseg_bench
import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
import zarr
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, to_metadata
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional as F

MEAN, STD = 0.35, 0.17
NAMES = ("background", "membrane", "granule")
AS_PREDICT = {"device": "cpu", "precision": "fp32", "protocol": "retina-2025"}
VOLUME = np.random.default_rng(0).integers(40, 140, (9, 30, 26), np.uint8)

pytestmark = pytest.mark.usefixtures("toy")


def network(seed):
    import emseg_toy_parts

    torch.manual_seed(seed)
    return emseg_toy_parts.toy(1, 3).eval()


def save_weights(path, seed=0, voxel_size_nm=None):
    told = Normalisation(mean=(MEAN,), std=(STD,))
    info = WeightsInfo(
        model="toy",
        num_logits=3,
        class_names=NAMES,
        normalisation=told,
        window=32,
        origin=f"seed {seed}",
        voxel_size_nm=voxel_size_nm,
    )
    save_file(network(seed).state_dict(), path, to_metadata(info))


def by_hand(planes, seed=0, window=224):
    """Probabilities (N, 3, H, W): one window around each slice, amid zeros, as retina-2025 has it."""
    inputs = (torch.from_numpy(np.asarray(planes, np.float32)) / 255 - MEAN) / STD
    top, left = ((window - side) // 2 for side in inputs.shape[1:])
    bottom, right = window - inputs.shape[1] - top, window - inputs.shape[2] - left
    with torch.no_grad():
        out = network(seed)(F.pad(inputs[:, None], (left, right, top, bottom))).softmax(1)
    return out[:, :, top : window - bottom, left : window - right].numpy()


def entropy(probabilities):
    return -(probabilities * np.log(probabilities)).sum(1) / np.log(3)


@pytest.fixture
def predict(invoke, work):
    def run(*arguments, expect=0):
        usual = {"--weights": "w.safetensors", "--out": "maps"}
        given = [word for option in usual.items() if option[0] not in arguments for word in option]
        if "--model" in arguments:
            given = given[2:]
        done = invoke("predict", *given, "--precision", "fp32", "--protocol", "retina-2025", *arguments)
        assert done.code == expect, done.err + done.out
        return done

    save_weights("w.safetensors")
    tifffile.imwrite(
        "v.tif",
        VOLUME,
        imagej=True,
        resolution=(1 / 4, 1 / 8),
        metadata={"axes": "ZYX", "spacing": 30, "unit": "nm"},
    )
    return run


def test_all_outputs_of_a_volume_by_value(predict):
    predict(
        "v.tif",
        "--format",
        "ome-zarr",
        "--probabilities",
        "float16",
        "--uncertainty",
        "entropy",
        "--instances",
        "--overlays",
    )
    expected = by_hand(VOLUME)
    labels = zarr.open_array("maps/v.zarr/0", mode="r")[:]
    assert (labels == (expected * 255).astype(np.uint8).argmax(1)).all()
    stored = zarr.open_array("maps/probabilities/v.zarr/0", mode="r")[:]
    assert np.abs(stored.swapaxes(0, 1) - expected).max() < 1e-3
    unsure = zarr.open_array("maps/uncertainty/v.zarr/0", mode="r")[:]
    assert np.abs(unsure - 255 * entropy(expected)).max() <= 0.51
    objects = zarr.open_array("maps/instances/v.zarr/0", mode="r")[:]
    table = pd.read_csv("maps/instances/v.csv")
    assert table["voxels"].tolist() == np.bincount(objects.ravel())[1:].tolist()
    assert table["nm3"].tolist() == (table["voxels"] * 30 * 8 * 4).tolist()
    assert set(table["class"]) <= set(NAMES[1:])
    assert ((objects > 0) == (labels > 0)).all()
    pictures = sorted(path.name for path in Path("maps/overlays").iterdir())
    assert len(pictures) == 8
    assert np.asarray(Image.open(f"maps/overlays/{pictures[0]}")).shape == (30, 26, 3)
    told = zarr.open_group("maps/v.zarr", mode="r").attrs["emseg-bench"]["description"]
    assert "1 membrane" in told
    assert "seed 0 (sha256 " in told


@pytest.mark.parametrize("axes", ["stack", "orthoplane"])
def test_a_part_lies_where_it_was_cut_out(predict, axes):
    options = ("--format", "hdf5", "--probabilities", "uint8", "--axes", axes)
    predict("v.tif", "--roi", "2:7,:20,5:", *options)
    tifffile.imwrite("part.tif", VOLUME[2:7, :20, 5:], photometric="minisblack")
    predict("part.tif", *options)
    with h5py.File("maps/v.h5") as one, h5py.File("maps/part.h5") as other:
        assert np.array_equal(one["labels"][:], other["labels"][:])
        assert one["labels"].attrs["voxel_offset"].tolist() == [2, 0, 5]
        assert one["labels"].attrs["offset"].tolist() == pytest.approx([0.06, 0, 0.02])
        labels = one["labels"][:]
    with h5py.File("maps/probabilities/v.h5") as file:
        found = file["probabilities"][:].astype(int)
        if axes == "stack":
            expected = np.rint(255 * by_hand(VOLUME[2:7, :20, 5:])).swapaxes(0, 1)
            assert np.abs(found - expected).max() <= 1
        assert (np.take_along_axis(found, labels[None].astype(int), 0)[0] >= found.max(0) - 1).all()
    assert "is not within" in predict("v.tif", "--roi", "2:10,0:5,0:5", "--out", "x", expect=2).err


def test_seeds_are_averaged_and_where_they_disagree_is_shown(predict, invoke, monkeypatch):
    from emseg_bench.api import trained
    from emseg_bench.benchmark.predictions import choosing

    for seed in (1, 2):
        save_weights(f"{seed}.safetensors", seed)
    chosen = tuple(choosing.Chosen(Path(f"{seed}.safetensors"), f"toy, seed {seed}") for seed in (1, 2))
    monkeypatch.setattr(choosing, "choose_seeds", lambda _: chosen)
    Image.fromarray(VOLUME[0]).save("i.png")
    options = ("--seeds", "all", "--probabilities", "uint8", "--uncertainty", "disagreement")
    done = predict("v.tif", "i.png", "--model", "r:toy", *options)
    assert "2 networks, their probabilities averaged" in done.err
    both = [by_hand(VOLUME, seed) for seed in (1, 2)]
    mean = np.mean(both, axis=0)
    assert np.abs(tifffile.imread("maps/probabilities/v.tif") - 255 * mean).max() <= 0.51
    assert (tifffile.imread("maps/v.tif") != (mean * 255).astype(np.uint8).argmax(1)).mean() < 0.01
    shared = entropy(mean) - np.mean([entropy(one) for one in both], axis=0)
    assert np.abs(tifffile.imread("maps/uncertainty/v.tif") - 255 * shared).max() <= 0.51
    assert np.abs(tifffile.imread("maps/probabilities/i.tif") - 255 * mean[0]).max() <= 0.51
    with tifffile.TiffFile("maps/v.tif") as file:
        assert "mean of the probabilities of seed 1" in file.imagej_metadata["Info"]
    monkeypatch.setattr(trained, "choose_seeds", lambda _: chosen)
    model = emseg_bench.load_model("r:toy", seeds="all", **AS_PREDICT)
    assert np.array_equal(model.segment(VOLUME), tifffile.imread("maps/v.tif"))
    assert np.array_equal(model.segment(VOLUME[0]), np.asarray(Image.open("maps/i.png")))
    pixels = torch.from_numpy(VOLUME[:2, None, :28, :24])
    with torch.no_grad():
        each = [network(seed)((pixels / 255 - MEAN) / STD).softmax(1) for seed in (1, 2)]
        torch.testing.assert_close(model(pixels).softmax(1), sum(each) / 2, rtol=1e-4, atol=1e-4)
    with pytest.raises(UsageError, match="expected 'all' with a model of a results folder"):
        emseg_bench.load_model("w.safetensors", seeds="all")
    assert "--seeds all" in predict("v.tif", "--uncertainty", "disagreement", "--out", "x", expect=2).err
    assert (
        "expected --seeds all with --model" in predict("v.tif", "--seeds", "all", "--out", "x", expect=2).err
    )


def test_several_devices_give_the_same_bytes(predict, monkeypatch):
    from emseg_bench.benchmark.predictions import volume_pieces

    monkeypatch.setattr(volume_pieces, "MOST_SLICES", 4)
    for axes in ("stack", "orthoplane"):
        predict("v.tif", "--axes", axes, "--device", "cpu", "--out", f"{axes}-one")
        done = predict("v.tif", "--axes", axes, "--device", "cpu:0,cpu:1", "--out", f"{axes}-two")
        assert "cpu:0, cpu:1" in done.err
        assert Path(f"{axes}-one/v.tif").read_bytes() == Path(f"{axes}-two/v.tif").read_bytes()


def test_pixels_of_another_size_are_told_and_brought_to_that_of_training(predict):
    save_weights("w.safetensors", voxel_size_nm=(8.0, 8.0))
    with Image.open("v.tif") as first:
        first.resize((13, 30)).save("same.png")
    told = predict("v.tif").err
    assert "the pixels of 1 image(s) are not as large as those of training, 8 nm: v.tif (5.657 nm)" in told
    done = predict("v.tif", "--rescale", "--probabilities", "uint8", "--out", "scaled")
    assert "pixels brought to 8 nm" in done.err
    small = F.interpolate(
        torch.from_numpy(VOLUME[:, None].astype(np.float32)), size=(30, 13), mode="bilinear", antialias=True
    )
    near = by_hand(small[:, 0].round().numpy())
    found = tifffile.imread("scaled/probabilities/v.tif") / 255
    assert found.shape == (9, 3, 30, 26)
    assert np.abs(found[..., 6:20].mean((2, 3)) - near[..., 3:10].mean((2, 3))).max() < 0.02
    model = emseg_bench.load_model("w.safetensors", **AS_PREDICT)
    labels = model.segment(VOLUME, voxel_size_nm=(30, 8, 4), rescale=True)
    assert np.array_equal(labels, tifffile.imread("scaled/v.tif"))
    with pytest.raises(UsageError, match="give voxel_size_nm"):
        model.segment(VOLUME, rescale=True)
    assert "do not say how large their pixels are: same.png" in predict("same.png", "--rescale", expect=2).err
    predict("same.png", "--rescale-to", "8", "--voxel-size", "8,8", "--out", "y")


def test_jpeg_and_levels_of_ome_zarr_are_read(predict):
    Image.fromarray(VOLUME[0]).save("j.jpg", quality=95)
    with Image.open("j.jpg") as image:
        Image.fromarray(np.asarray(image)).save("p.png")
    predict("j.jpg", "p.png")
    one, other = (np.asarray(Image.open(f"maps/{name}.png")) for name in "jp")
    assert np.array_equal(one, other)
    Path("j.jpg").write_bytes(b"no picture")
    assert "j.jpg cannot be read" in predict("j.jpg", expect=2).err
    predict("v.tif", "--format", "ome-zarr", "--out", "z")
    predict("z/v.zarr:/0", "--out", "again", "--range", "0..255")
    assert Path("again/v-0.tif").exists()
