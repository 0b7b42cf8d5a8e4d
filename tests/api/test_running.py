"""A run from Python: the trials that the command line would run, heard of, stopped, gone on with and used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import emseg_bench
import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError, UnknownNameError, UsageError
from emseg_bench.benchmark.plugins.loading import installed_plugins
from PIL import Image

TOYS = "emseg-toy"
RECIPE = {
    "preset": "smoke",
    "iterations": 6,
    "batch_size": 2,
    "crop": 32,
    "validations": 2,
    "precision": "fp32",
}


class CallbackError(Exception):
    pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The toy plugin, installed for all tests of this file, and a cache of their own."""
    from ..conftest import TESTS, _make_distribution

    folder = tmp_path_factory.mktemp("site")
    for file in (TESTS / "toy").glob("emseg_toy*.py"):
        (folder / file.name).write_bytes(file.read_bytes())
    _make_distribution(folder, TOYS, {"toy": "emseg_toy"})
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("EMSEG_BENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        installed_plugins.cache_clear()
        yield folder
    for name in ("emseg_toy", "emseg_toy_parts"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def ran(site, tmp_path_factory):
    """A run that its listener ended, and the same again to its end; gives what was heard."""
    out, events = tmp_path_factory.mktemp("run") / "results", []

    def stop(event):
        raise CallbackError

    asked = {"models": "toy", "datasets": ["toy-data"], "recipe": RECIPE, "out": out, "device": "cpu"}
    with pytest.raises(CallbackError):
        emseg_bench.run(**asked, on_event=stop)
    assert not [*out.glob("trials/*/record.json")]
    return emseg_bench.run(**asked, on_event=events.append), events


@pytest.fixture
def model(ran):
    return ran[0].model("toy", device="cpu")


def test_a_listener_that_raises_stops_and_fails_nothing(ran):
    results, events = ran
    assert [event.kind for event in events if event.kind != "progress"][:1] == ["started"]
    assert events[-1].kind == "complete"
    assert results.trials["status"].tolist() == ["complete"]
    assert results.leaderboard()["model"].tolist() == ["toy@scratch"]


def test_what_is_complete_is_not_run_again(ran, site):
    results, _ = ran
    events = []
    again = emseg_bench.run(
        ["toy"], "toy-data", recipe=RECIPE, out=results.folder, device="cpu", on_event=events.append
    )
    assert events == []
    assert again.trials["fingerprint"].tolist() == results.trials["fingerprint"].tolist()


def test_label_maps_are_those_that_the_trial_kept(ran, model):
    from emseg_bench.benchmark.experiments.opening import open_dataset
    from emseg_bench.benchmark.files.cache import cache_folder
    from emseg_bench.benchmark.plugins.dataset_lookup import find_dataset

    reference, offer = find_dataset("toy-data", installed_plugins().catalogue)
    dataset = open_dataset(reference, offer, cache_folder())
    kept = sorted(ran[0].folder.glob("trials/*/predictions/*.png"))
    cases = dataset.manifest.split("test")
    assert len(kept) == len(cases) > 0
    by_name = {path.stem: np.asarray(Image.open(path)) for path in kept}
    found = [model.segment(dataset.read(case).image[0]) for case in cases]
    for labels in found:
        assert any(np.array_equal(labels, one) for one in by_name.values())
    assert len({labels.tobytes() for labels in found}) == len({one.tobytes() for one in by_name.values()})


def test_arrays_that_do_not_fit_are_refused(model):
    for wrong, gist in (
        (np.zeros(5, np.uint8), "the shape"),
        (np.zeros((4, 0), np.uint8), "the shape"),
        (np.zeros((4, 4), bool), "bool"),
        (np.full((8, 8), np.nan, np.float32), "NaN"),
    ):
        with pytest.raises(DataError, match=gist):
            model.segment(wrong)
    with pytest.raises(UsageError, match="low < high"):
        model.segment(np.zeros((8, 8), np.uint8), grey_range=(5, 5))
    with pytest.raises(UsageError, match="2 lengths"):
        model.segment(np.zeros((8, 8), np.uint8), voxel_size_nm=(1, 2, 3))


def test_a_volume_is_segmented_slice_by_slice(model):
    volume = np.random.default_rng(0).integers(0, 255, (3, 40, 36), np.uint8)
    labels = model.segment(volume)
    assert labels.shape == volume.shape
    by_slice = np.stack([model.segment(plane) for plane in volume])
    assert (labels == by_slice).mean() > 0.99  # slices vote in 8 bits


def test_other_pixel_sizes_are_told(model, caplog):
    model.voxel_size_nm = (8.0, 8.0)
    model.segment(np.zeros((40, 40), np.uint8) + 100, voxel_size_nm=(8.2, 8.0))
    assert "nm (y, x)" not in caplog.text
    model.segment(np.zeros((40, 40), np.uint8) + 100, voxel_size_nm=(4, 4))
    assert "the pixels are 4 x 4 nm (y, x), and those of training were 8 x 8 nm" in caplog.text


def test_forward_normalises(model):
    import torch

    pixels = torch.full((1, 1, 32, 32), 120, dtype=torch.uint8)
    with torch.inference_mode():
        torch.testing.assert_close(model(pixels), model(pixels.float() / 255), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("asked", "gist"),
    [
        ({"models": "unett"}, "did you mean"),
        ({"models": []}, "no model"),
        ({"models": "unet", "seeds": 0}, "number of seeds"),
        ({"models": "unet", "recipe": {"preset": "smoke", "itertions": 3}}, "itertions"),
        ({"models": "unet", "label_fractions": [2.0]}, "label_fractions"),
        ({"models": "unet", "device": "cuda:99"}, "not on this machine"),
        ({"models": "unet", "precision": "fp64"}, "precision"),
        ({"models": "unet", "workers": 0}, "workers"),
        ({"models": "unet", "timeout_minutes": float("nan")}, "timeout_minutes"),
    ],
)
def test_wrong_input_is_an_error_of_the_tree(asked, gist, tmp_path):
    with pytest.raises(UsageError, match=gist):
        emseg_bench.run(**{"out": tmp_path / "r", **asked})
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("place", ["nowhere:unet", "nothing-of-that-name", "x.safetensors"])
def test_models_that_are_not_there(place):
    with pytest.raises(emseg_bench.EmsegError):
        emseg_bench.load_model(place)


def test_models_that_the_folder_does_not_have(ran):
    with pytest.raises(UsageError, match="there are: toy@scratch"):
        ran[0].model("unet")


def test_names_that_nobody_has(site):
    with pytest.raises(UnknownNameError):
        emseg_bench.run("toy", "no-data")


def test_scripts_need_no_guard(site, tmp_path):
    script = Path(__file__).with_name("unguarded.py")
    command = [sys.executable, script, tmp_path / "results"]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["once", "end"]
    assert len([*tmp_path.glob("results/trials/*/record.json")]) == 1
