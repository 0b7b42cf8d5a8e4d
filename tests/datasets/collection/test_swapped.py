"""Images in the place of labels are recognised, and label maps in the place of images with them."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.collection.swapped import refuse_swapped
from emseg_bench.datasets.drafting.drafting import draft
from emseg_bench.datasets.fetching.facts import flat_share
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.folder.index import index_folder
from emseg_bench.datasets.folder.layout import find_layout
from emseg_bench.datasets.volume.factory import open_volumes
from PIL import Image
from scipy.ndimage import gaussian_filter


def tissue(seed, depth=None):
    shape = (depth or 1, 64, 64)
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=shape), (2, 5, 5), mode="wrap")
    blobs = (noise > np.quantile(noise, 0.7)).astype(np.uint8)
    image = 160 - 70.0 * blobs + np.random.default_rng(seed + 1).normal(0, 12, shape)
    image = np.clip(image, 0, 255).astype(np.uint8)
    return (image, blobs) if depth else (image[0], blobs[0])


def write(root, images="images", masks="masks", value=1):
    for kind in (images, masks):
        (root / kind).mkdir(parents=True, exist_ok=True)
    for seed in range(6):
        image, labels = tissue(seed)
        Image.fromarray(image).save(root / images / f"{'abcdef'[seed]}.png")
        Image.fromarray(labels * np.uint8(value)).save(root / masks / f"{'abcdef'[seed]}.png")
    return root


@pytest.mark.parametrize("value", [1, 255])
def test_swapped_folders(tmp_path, cache, value):
    root = write(tmp_path / "cells", "masks", "images", value)
    for see in (lambda: open_folder(str(root), cache), lambda: draft(root, cache)):
        with pytest.raises(DataError, match=r"images and labels seem to be exchanged: .*cells: masks/ looks"):
            see()


def test_swapped_folders_of_a_divided_dataset_whose_values_are_named(tmp_path, cache):
    for split in ("train", "val", "test"):
        write(tmp_path / "cells" / split, "masks", "images")
    (tmp_path / "cells" / "dataset.yaml").write_text(
        f"classes: {{{', '.join(f'{v}: {chr(98) if v else chr(97)}' for v in range(256))}}}"
    )
    with pytest.raises(DataError, match="seem to be exchanged"):
        open_folder(str(tmp_path / "cells"), cache)


def test_images_in_both_folders(tmp_path, cache):
    root = write(tmp_path / "cells")
    for path in (root / "images").iterdir():
        (root / "masks" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(
        DataError, match=r"masks/ seems to hold images instead of labels: \d% of pixels equal"
    ):
        open_folder(str(root), cache)


@pytest.mark.parametrize("instances", ["auto", "none", "binary"])
def test_swapped_volumes(tmp_path, cache, instances):
    image, labels = tissue(0, 12)
    tifffile.imwrite(tmp_path / "labels.tif", image, photometric="minisblack")
    tifffile.imwrite(tmp_path / "image.tif", labels, photometric="minisblack")
    with pytest.raises(
        DataError, match=r"exchanged: .*labels\.tif looks like images .* and .*image\.tif like"
    ):
        open_volumes(str(tmp_path / "image.tif"), cache, labels="labels.tif", instances=instances)


def test_what_is_no_exchange():
    refuse_swapped([0.05], [0.85, 0.9], values=200, image_place="a", label_place="b")
    refuse_swapped([0.9], [0.9], values=200, image_place="a", label_place="b")
    refuse_swapped([0.05], [0.3], values=3, image_place="a", label_place="b")
    refuse_swapped([], [], values=0, image_place="a", label_place="b")
    assert flat_share(np.array([[1, 1, 2], [3, 3, 3]])) == 0.75
    assert flat_share(np.zeros((4, 1))) == 1


@pytest.mark.parametrize(
    "name", ["vnc", "cdeep3m_mito", "cem_examples", "emps_particles", "perez_lyso_sample"]
)
def test_real_images_are_not_taken_for_labels(name, real_data, cache):
    index = index_folder(find_layout(real_data(name)), cache)
    assert max(image.flat for image in index.images.values()) < 0.85
    assert min(mask.flat for mask in index.masks.values()) > 0.9
