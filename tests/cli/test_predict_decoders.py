"""``predict --decoder``: objects that our decoders and a plugin's find, and what a plugin's may not give."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, to_metadata
from safetensors.torch import save_file

VOLUME = np.random.default_rng(0).integers(40, 140, (9, 30, 26), np.uint8)


@pytest.fixture
def predict(invoke, work, toy):
    def run(*arguments, expect=0):
        usual = () if "--out" in arguments else ("--out", "maps")
        done = invoke(
            "predict", "v.tif", "--weights", "w.safetensors", "--precision", "fp32", *usual, *arguments
        )
        assert done.code == expect, done.err + done.out
        return done

    import emseg_toy_parts

    torch.manual_seed(0)
    info = WeightsInfo(
        model="toy",
        num_logits=3,
        class_names=("background", "membrane", "granule"),
        normalisation=Normalisation(mean=(0.35,), std=(0.17,)),
        window=32,
        origin="seed 0",
    )
    save_file(emseg_toy_parts.toy(1, 3).state_dict(), "w.safetensors", to_metadata(info))
    tifffile.imwrite("v.tif", VOLUME, photometric="minisblack")
    return run


def told(path):
    with tifffile.TiffFile(path) as file:
        return file.imagej_metadata["Info"]


def test_instances_are_components_and_another_decoder_is_told_apart(predict):
    predict("--instances")
    assert "numbers of objects (connected components of each class); " in told("maps/instances/v.tif")
    predict("--decoder", "components", "--out", "same")
    for name in ("instances/v.tif", "instances/v.csv", "v.tif"):
        assert Path("maps", name).read_bytes() == Path("same", name).read_bytes()
    other = predict("--decoder", "watershed[min_distance_px=3]", expect=2).err
    assert "made otherwise" in other
    assert "instances/v.tif" in other
    predict("--decoder", "watershed[min_distance_px=3]", "--out", "parted")
    assert "(watershed[min_distance_px=3.0,smoothing_px=1.0,min_size_px=0]: watershed of the" in told(
        "parted/instances/v.tif"
    )
    labels, parted = (tifffile.imread(f"parted/{place}v.tif") for place in ("", "instances/"))
    assert ((parted > 0) == (labels > 0)).all()
    assert parted.max() > tifffile.imread("maps/instances/v.tif").max()
    assert "made otherwise" in predict("--decoder", "watershed", "--out", "parted", expect=2).err


@pytest.mark.parametrize("axes", ["stack", "orthoplane"])
def test_a_plugins_decoder_gets_probabilities_and_finds_objects(predict, axes):
    predict("--decoder", "toy-halves", "--axes", axes)
    labels, objects = tifffile.imread("maps/v.tif"), tifffile.imread("maps/instances/v.tif")
    table = pd.read_csv("maps/instances/v.csv")
    left = np.arange(26) < 13
    halves = [(labels == value) & side for value in (1, 2) for side in (left, ~left)]
    halves = [half for half in halves if half.any()]
    assert len(halves) > 1
    assert table["voxels"].tolist() == [half.sum() for half in halves]
    assert table["value"].tolist() == [labels[half][0] for half in halves]
    for number, half in enumerate(halves, 1):
        assert ((objects == number) == half).all()
    assert "toy-halves[gives=objects] of emseg-toy 1.0: for tests" in told("maps/instances/v.tif")
    assert sorted(path.name for path in Path("maps").iterdir()) == ["instances", "v.tif"]
    tifffile.imwrite("v.tif", VOLUME[0], photometric="minisblack")
    predict("--decoder", "toy-halves", "--out", "image")
    image, numbers = tifffile.imread("image/instances/v.tif"), np.asarray(tifffile.imread("v.tif"))
    assert image.shape == numbers.shape
    assert image.max() > 1


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        ("floats", "the decoder gave float64 values, expected numbers of objects of an integer type"),
        ("bools", "the decoder gave bool values"),
        ("negative", "the decoder gave the number -3, expected 0 where there is no object"),
        ("flat", "the decoder gave an array (7020,), expected one of the labels' shape, (9, 30, 26)"),
        ("list", "the decoder gave a list, expected an array of numbers of objects"),
        ("classes", "an object with pixels of 2 granule and of 1 membrane, expected every object within one"),
        ("background", "the decoder gave an object with pixels of 0 background, expected every object"),
        ("raises", "finding objects failed with IndexError: index 9 is out of bounds"),
        ("writes", "finding objects failed with ValueError: assignment destination is read-only"),
    ],
)
def test_what_is_no_objects_is_told(predict, gives, words):
    found = predict("--decoder", f"toy-halves[gives={gives}]", expect=2).err
    assert "v.tif: toy-halves of emseg-toy 1.0 cannot be used: " in found
    assert words in " ".join(found.split())
    assert "Traceback" not in found
    assert [*Path("maps").iterdir()] == []


@pytest.mark.parametrize(
    ("decoder", "words"),
    [
        ("watershd", "no decoder is called 'watershd'; did you mean 'watershed'?"),
        ("watershed[min_distance=3]", "watershed.min_distance: there is no such key; did you mean"),
        ("watershed[min_distance_px=0]", "watershed.min_distance_px: got 0"),
        ("watershed[3]", "expected OPTION=VALUE"),
        ("components[size=3]", "components takes no options, got size"),
        ("toy-sized", "the decoder toy-sized needs to know how large pixels are, which v.tif does not say"),
    ],
)
def test_what_cannot_be_asked_for_is_told_before_anything_is_segmented(predict, decoder, words):
    assert words in " ".join(predict("--decoder", decoder, expect=2).err.split())


def test_too_large_a_volume_is_told_before_anything_is_segmented(predict, monkeypatch):
    from emseg_bench.benchmark.predictions import decoding, segmenting

    monkeypatch.setattr(decoding, "free_bytes", lambda: 0)
    monkeypatch.setattr(segmenting, "segment_files", None)
    monkeypatch.setattr(decoding, "MIB", 1)
    found = " ".join(predict("--decoder", "watershed", expect=2).err.split())
    assert f"for which it needs {9 * 30 * 26 * 113:,} MiB of memory, and 0 MiB are free" in found
    assert "--decoder components" in found


KILLED = """
import os, signal, sys
from emseg_bench.benchmark.predictions import segmenting
from emseg_bench.benchmark.evaluation.working import Work
from emseg_bench.cli import main
def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "objects":
    segmenting.write_objects = killed
else:
    Work.note = killed
sys.argv = sys.argv[2:]
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["objects", "pieces"])
@pytest.mark.parametrize("decoder", ["toy-halves", "watershed[min_distance_px=3]"])
def test_a_kill_changes_no_byte(predict, toy, decoder, where):
    predict("--decoder", decoder, "--out", "whole")
    words = ("predict", "v.tif", "--weights", "w.safetensors", "--out", "maps", "--precision", "fp32")
    command = [sys.executable, "-c", KILLED, where, "emseg-bench", *words, "--decoder", decoder]
    environment = {**os.environ, "PYTHONPATH": str(toy)}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path.name for path in Path("maps").iterdir()] == [".v.part"]
    predict("--decoder", decoder)
    for name in ("v.tif", "instances/v.tif", "instances/v.csv"):
        assert Path("maps", name).read_bytes() == Path("whole", name).read_bytes()
    assert sorted(path.name for path in Path("maps").iterdir()) == ["instances", "v.tif"]


def test_a_decoder_is_described(invoke):
    told = invoke("describe", "decoder", "watershed").out
    assert "doi:10.1109/34.87344" in told
    assert "works on: whole" in told
    assert "min_distance_px" in told
    assert "components" in invoke("list", "decoders").out
    assert "did you mean 'watershed'" in invoke("describe", "decoder", "watershet").err
