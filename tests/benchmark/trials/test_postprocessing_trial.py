"""Post-processing in a trial: every case goes through it, it is told, and it makes the trial another."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import EmsegError, UsageError
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.benchmark.weights.weight_info import read_info
from PIL import Image


@pytest.mark.parametrize("dataset", ["toy-data", "toy-volumes"])
def test_every_case_goes_through_the_steps(make_job, runtime, dataset):
    job = make_job("toy", "protocol.postprocess=toy-all", "recipe.iterations=1", dataset=dataset)
    run_trial(job, runtime, lambda _: None)
    folder = TrialFolder(job.folder)
    kept = [path for path in folder.predictions.iterdir() if path.suffix in (".png", ".tif")]
    maps = [tifffile.imread(path) if path.suffix == ".tif" else np.array(Image.open(path)) for path in kept]
    assert maps
    assert all((one == 1).all() for one in maps)
    assert read_info(folder.weights).segmenting.postprocess == ("toy-all",)


def test_it_is_part_of_what_a_trial_is(make_job):
    plain = make_job("toy")
    small = make_job("toy", "protocol.postprocess=remove-small[min_px=5],fill-holes")
    foreign = make_job("toy", "protocol.postprocess=[toy-all]")
    assert len({job.fingerprint for job in (plain, small, foreign)}) == 3
    assert small.spec.protocol.postprocess == ("remove-small[min_px=5]", "fill-holes")
    assert [(one.kind, one.name) for one in foreign.spec.methods] == [("post-processing step", "toy-all")]
    assert small.spec.methods == ()


def test_it_is_told_and_predict_does_likewise(toy, invoke):
    run = ("run", "--models", "toy", "--datasets", "toy-data", "--recipe", "smoke", "--out", "out")
    done = invoke(*run, "--set", "recipe.crop=32", "--set", "protocol.postprocess=toy-all,fill-holes")
    assert done.code == 0, done.err
    assert "emseg-v1, postprocess=toy-all+fill-holes" in done.out
    page = next(Path("out/report").rglob("*.html")).read_text()
    assert "toy-all, fill-holes" in page
    (weights,) = Path("out").glob("trials/*/weights.safetensors")
    Image.fromarray(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)).save("image.png")
    for more, whole in (((), True), (("--set", "protocol.postprocess=[]"), False)):
        out = f"maps-{whole}"
        done = invoke("predict", "image.png", "--weights", str(weights), "--out", out, *more)
        assert done.code == 0, done.err
        (path,) = Path(out).glob("*.png")
        assert (np.array(Image.open(path)) == 1).all() == whole
    assert json.loads(next(Path("out").glob("trials/*/record.json")).read_text())["spec"]["protocol"][
        "postprocess"
    ] == ["toy-all", "fill-holes"]


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        ("remove-smal", UsageError, "did you mean 'remove-small'"),
        ("remove-small[min_px=0]", UsageError, "min_px"),
        ("remove-small[px=3]", UsageError, "there is no such key"),
        ("fill-holes[a=1]", UsageError, "takes no options"),
    ],
)
def test_what_is_wrong_is_told_while_planning(make_job, step, error, message):
    with pytest.raises(error, match=message):
        make_job("toy", f"protocol.postprocess={step}")


def test_a_step_that_fails_ends_the_trial(make_job, runtime):
    job = make_job("toy", "protocol.postprocess=toy-floats", "recipe.iterations=1")
    with pytest.raises(EmsegError, match=r"case.*expected labels of the same shape and type"):
        run_trial(job, runtime, lambda _: None)
