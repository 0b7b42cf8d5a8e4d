"""``emseg-bench export``: files that others run, which compute what the model does, or nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from emseg_bench.benchmark.contracts.data import GreyRange, Normalisation
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.experiments.presets import protocols
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.records import load_record, write_record
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, to_metadata
from PIL import Image
from safetensors.torch import save_file

EXAMPLES = Path(__file__).parents[2] / "examples/exported_models"
MEAN, STD = 0.35, 0.17

pytestmark = pytest.mark.usefixtures("toy")


def network(channels=1, logits=1):
    import emseg_toy_parts

    torch.manual_seed(logits)
    return emseg_toy_parts.toy(channels, logits).eval()


def save_weights(path="w.safetensors", *, channels=1, logits=1, **changes):
    told = {
        "model": "toy",
        "channels": channels,
        "num_logits": logits,
        "class_names": ("background", "lysosome", "mitochondrion")[: max(2, logits)],
        "normalisation": Normalisation(mean=(MEAN,) * channels, std=(STD,) * channels),
        "window": 32,
        "origin": "random numbers",
    }
    save_file(network(channels, logits).state_dict(), path, to_metadata(WeightsInfo(**{**told, **changes})))


def our_labels(values, logits, low=0.0, high=255.0):
    """What our own inference makes of an image (H, W), as one window."""
    segmenter = Segmenter(
        model=network(logits=logits),
        normalisation=Normalisation(mean=(MEAN,), std=(STD,)),
        protocol=replace(protocols()["emseg-v1"], window="whole-padded", flips=False),
        window=32,
        size_divisor=4,
        device="cpu",
        batch_size=1,
    )
    unit = np.clip((values.astype(np.float64) - low) / (high - low), 0, 1).astype(np.float32)
    with torch.no_grad():
        return segmenter.labels(segmenter.logits(unit[None]))


def run_without_us(script, *arguments):
    """Run an example where nobody can import emseg_bench."""
    alone = "import runpy, sys; sys.modules['emseg_bench'] = None; sys.argv = sys.argv[1:]; "
    run = "runpy.run_path(sys.argv[0], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", alone + run, EXAMPLES / script, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def picture(height, width, dtype=np.uint8, most=255):
    return np.random.default_rng(0).integers(0, most, (height, width)).astype(dtype)


# ------------------------------------------------------------------------------------------- formats
@pytest.mark.parametrize(("channels", "logits"), [(1, 1), (3, 3)])
def test_torch_export_computes_the_same_and_says_all(work, invoke, channels, logits):
    save_weights(channels=channels, logits=logits)
    done = invoke("export", "w.safetensors", "--format", "torch-export", "--out", "made")
    assert (done.code, done.out) == (0, "made: model.json, model.pt2\n"), done.err
    assert "1 x 67 x 123 px: " in done.err
    inside = {"emseg_bench.json": ""}
    module = torch.export.load("made/model.pt2", extra_files=inside).module()
    images = torch.rand(5, channels, 20, 44)
    with torch.no_grad():
        assert torch.allclose(module(images), network(channels, logits)(images), atol=1e-5)
    told = json.loads(Path("made/model.json").read_text())
    assert told == json.loads(inside["emseg_bench.json"])
    assert told["input"]["sides_multiple_of"] == 4
    assert told["input"]["mean"] == [MEAN] * channels
    assert (told["input"]["low"], told["input"]["high"]) == (0, 255)
    assert told["output"]["class_names"] == ["background", "lysosome", "mitochondrion"][: max(2, logits)]
    assert told["output"]["activation"] == ("sigmoid" if logits == 1 else "softmax")


def test_onnx_segments_without_us(work, invoke):
    grey = GreyRange(low=100, high=4095)
    save_weights(logits=3, grey_range=grey)
    done = invoke("export", "w.safetensors", "--format", "onnx", "--out", "made")
    assert (done.code, done.out) == (0, "made: model.json, model.onnx\n"), done.err
    values = picture(30, 41, np.uint16, 5000)
    Image.fromarray(values).save("image.png")
    run_without_us("segment_onnx.py", "made/model.onnx", "image.png", "labels.png")
    labels = np.asarray(Image.open("labels.png"))
    assert len(np.unique(labels)) > 1
    assert np.array_equal(labels, our_labels(values, 3, grey.low, grey.high))


@pytest.mark.slow
def test_package_of_a_trial_holds_its_scores_and_segments_without_us(work, invoke, make_job, runtime):
    job = make_job(store="work/results")
    assert run_trial(job, runtime, lambda event: None).status == "complete"
    done = invoke(
        *("export", "results:toy", "--format", "bioimage.io", "--out", "made"),
        *("--licence", "CC-BY-4.0", "--author", "Jane Doe", "--author", "Ann Other"),
    )
    assert (done.code, done.out) == (0, "made: package.zip\n"), done.err
    assert "the sample is part of test case" in done.err
    with zipfile.ZipFile("made/package.zip") as package:
        names = package.namelist()
        (about,) = (name for name in names if name.endswith("yaml"))
        told = yaml.safe_load(package.read(about))
        page = package.read("README.md").decode()
    assert {"cover.png", "README.md", "model.onnx", "test_input.npy", "test_output.npy"} <= {*names}
    assert told["license"] == "CC-BY-4.0"
    assert [author["name"] for author in told["authors"]] == ["Jane Doe", "Ann Other"]
    assert "toy-data" in told["training_data"]["name"]
    assert "IoU: 0." in page
    assert "toy-data" in page
    Image.fromarray(picture(30, 41)).save("image.png")
    run_without_us("segment_package.py", "made/package.zip", "image.png", "labels.png")
    assert np.asarray(Image.open("labels.png")).shape == (30, 41)

    folder = TrialFolder(job.folder)
    kept = folder.weights.read_bytes()
    folder.weights.write_bytes(kept[:-4] + b"\0\0\0\1")
    done = invoke("export", job.folder, "--format", "torch-export", "--out", "other")
    assert done.code == 2
    assert "is not the file that its trial wrote" in done.err
    folder.weights.unlink()
    assert "has no weights here" in invoke("export", job.folder, "--format", "onnx", "--out", "other").err
    write_record(folder, replace(load_record(folder), status="failed", reason="its loss became NaN"))
    done = invoke("export", job.folder, "--format", "onnx", "--out", "other")
    assert done.code == 2
    assert "seed 0 failed (its loss became NaN)" in done.err
    assert not Path("other").exists()


# ------------------------------------------------------------------------------------------- refusals
def refused(done, gist):
    assert done.code == 2, done.out
    assert gist in done.err
    assert not Path("made").exists()
    assert not list(Path().glob(".writing-*"))


def test_wrong_input_is_told_before_anything_is_made(work, invoke):
    save_weights()
    usual = ("--format", "onnx", "--out", "made")
    (work / "results/trials").mkdir(parents=True)
    (work / "full").mkdir()
    (work / "full/notes.txt").write_text("mine")
    refused(invoke("export", "w.safetensors", "--format", "tflite", "--out", "made"), "'torch-export'")
    refused(invoke("export", "none.safetensors", *usual), "neither a weight file nor the name")
    refused(invoke("export", "results:unet", *usual), "is called 'unet'; there are: none")
    refused(invoke("export", "results", *usual), "name a model in it, as in results:unet")
    refused(invoke("export", "w.safetensors", *usual, "--licence", "MIT"), "belong to --format bioimage.io")
    done = invoke("export", "w.safetensors", "--format", "onnx", "--out", "full")
    assert done.code == 2
    assert "full is there already, and not empty" in done.err
    assert [path.name for path in (work / "full").iterdir()] == ["notes.txt"]
    save_weights(normalisation=None)
    refused(invoke("export", "w.safetensors", *usual), "give --mean and --std")


def test_a_package_needs_a_licence_that_there_is(work, invoke):
    save_weights()
    usual = ("export", "w.safetensors", "--format", "bioimage.io", "--out", "made")
    refused(invoke(*usual), "(the network's code: MIT): --licence CC-BY-4.0")
    refused(invoke(*usual, "--licence", "cc-by-4"), "did you mean 'CC-BY-4.0'?")


def test_libraries_that_are_missing_are_told_with_the_command(work, invoke, monkeypatch):
    save_weights()
    from emseg_bench.exporting import formats

    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "onnxruntime" else object())
    done = invoke("export", "w.safetensors", "--format", "onnx", "--out", "made")
    refused(done, "needs onnxruntime, which is not installed: pip install 'emseg-bench[export]'")
    monkeypatch.setattr(formats, "find_spec", lambda name: object())
    monkeypatch.setattr(formats, "version", lambda name: "2.14.3")
    done = invoke("export", "w.safetensors", "--format", "bioimage.io", "--out", "made")
    refused(done, "needs a pydantic before 2.14, with which bioimageio.core fails, and 2.14.3 is installed")


def test_a_model_that_cannot_be_followed_is_told_with_what_to_do(work, invoke, monkeypatch):
    import emseg_toy_parts

    class Counts(torch.nn.Module):
        def forward(self, images):
            return images * float(images.numpy().mean())

    save_weights(path="other.safetensors")
    monkeypatch.setattr(emseg_toy_parts, "toy", lambda channels, logits: Counts())
    save_file({}, "w.safetensors", to_metadata(told_of("other.safetensors")))
    done = invoke("export", "w.safetensors", "--format", "torch-export", "--out", "made")
    refused(done, "toy of emseg-toy 1.0 cannot be exported as torch-export (")
    assert "Tell its authors, who can say so in the card (not_exportable)" in done.err


def told_of(path):
    from emseg_bench.benchmark.weights.weight_info import read_info

    return read_info(Path(path))


def test_a_file_that_computes_something_else_is_not_left_behind(work, invoke, monkeypatch):
    from emseg_bench.exporting import torch_file

    save_weights()
    runner = torch_file.runner
    monkeypatch.setattr(torch_file, "runner", lambda path: lambda images: runner(path)(images) * 1.001)
    done = invoke("export", "w.safetensors", "--format", "torch-export", "--out", "made")
    refused(done, "does not compute what the model does")


def test_a_card_says_why_not():
    from emseg_bench.exporting.formats import check_exportable
    from emseg_toy import emseg_models

    card = replace(emseg_models()[0], not_exportable={"onnx": "it sorts pixels"})
    for kind in ("onnx", "bioimage.io"):
        with pytest.raises(UsageError, match="as onnx: it sorts pixels; take --format torch-export"):
            check_exportable(card, kind)
    check_exportable(card, "torch-export")
