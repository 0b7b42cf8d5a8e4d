"""Perez's pairs have different prefixes, and labels of 0 and 1 or of 0 and 255."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.published import perez
from PIL import Image


def test_names_by_hand():
    assert perez.pair_name(Path("a/scn_orig.999.png")) == "999"
    assert perez.pair_name(Path("a/scn.lyso.012.png")) == "lyso.012"


@pytest.mark.parametrize("top", [1, 255])
def test_labels_by_hand(top):
    assert perez.is_labelled(np.array([[0, top]], np.uint8)).tolist() == [[False, True]]


def test_other_values_are_refused():
    with pytest.raises(DataError, match=r"the values \[7, 200\], expected 0 and 1"):
        perez.is_labelled(np.array([[0, 7, 200, 255]], np.uint8))


@pytest.mark.parametrize("organelle", ["lysosomes", "nucleoli"])
def test_images_of_one_organelle(converted, load_fake, organelle):
    fake = load_fake("perez")
    written = converted("perez", partial(perez.convert, organelle))
    assert [*written.image] == [
        *(f"train/{number}" for number in ("003", "012", "101", "102", "999")),
        *(f"test/{number}" for number in ("007", "020", "100")),
    ]
    for name, image in written.image.items():
        number = int(name[-3:])
        np.testing.assert_array_equal(image[0], fake.image(organelle, number))
        np.testing.assert_array_equal(
            written.labels[name][0], np.isin(fake.objects(organelle, number), (1, 2))
        )


def test_an_image_without_labels_is_named(converted, make_fake):
    folder = make_fake("perez")
    converted("perez", partial(perez.convert, "nuclei"), folder)
    unpacked = folder / "unpacked" / perez.ARCHIVE / "supplemental_data"
    (unpacked / "training_labels/nuclei/scn_training_labels.102.png").unlink()
    with pytest.raises(DataError, match="do not pair up: 102 is in one of them alone"):
        converted("perez", partial(perez.convert, "nuclei"), folder)


def test_a_real_image(converted, real_data, tmp_path):
    sample = real_data("perez_lyso_sample")
    root = tmp_path / "unpacked" / perez.ARCHIVE / "supplemental_data"
    for (images, labels), number in zip(perez.PARTS.values(), ("000", "001"), strict=True):
        for folder, source, prefix in ((images, "images", "a_orig"), (labels, "masks", "b")):
            (root / folder / "lysosomes").mkdir(parents=True)
            name = f"{prefix}.{number}.png"
            (root / folder / "lysosomes" / name).write_bytes((sample / source / "000.png").read_bytes())
    written = converted("perez", partial(perez.convert, "lysosomes"), tmp_path)
    image, labels = written.image["test/001"], written.labels["test/001"]
    assert image.shape == labels.shape == (1, 1000, 1000)
    assert (image.min(), image.max()) == (68, 105)
    assert labels.mean() == pytest.approx(0.0034, abs=5e-5)
    assert image.mean() / 255 == pytest.approx(0.35175, abs=5e-6)
    np.testing.assert_array_equal(labels[0], np.asarray(Image.open(sample / "masks/000.png")) == 1)
