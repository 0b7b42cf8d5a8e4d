"""``emseg-bench pretrain`` in this process, on tiny networks: what it writes, refuses and goes on with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
from emseg_bench.benchmark.weights.weight_info import read_info
from emseg_bench.pretraining.engine import train as train_module
from PIL import Image
from safetensors.torch import load_file

Invoke = Callable[..., object]
TINY = ("--set", "recipe.crop=32", "--set", "recipe.batch_size=4")


@pytest.fixture
def images(work: Path) -> Path:
    """Ten small images."""
    folder = work / "images"
    folder.mkdir()
    for number in range(10):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 48), dtype=np.uint8)
        tifffile.imwrite(folder / f"{number}.tif", pixels)
    return folder


@pytest.fixture
def pretrain(invoke: Invoke, toy: Path, images: Path) -> Invoke:
    """Pre-train the toy model with the smoke recipe."""

    def run(*arguments: object, model: str = "toy-plain", method: str = "reconstruction") -> object:
        usual = {
            "--images": images,
            "--model": model,
            "--method": method,
            "--recipe": "smoke",
            "--precision": "fp32",
        }
        ours = [text for name, value in usual.items() if name not in arguments for text in (name, value)]
        tiny = [text for text in TINY if text != "--set" and text.partition("=")[0] not in str(arguments)]
        return invoke("pretrain", *ours, *(one for text in tiny for one in ("--set", text)), *arguments)

    return run


@pytest.mark.parametrize("method", ["reconstruction", "mocov2"])
def test_what_it_leaves(pretrain: Invoke, work: Path, method: str) -> None:
    done = pretrain("--out", "out", method=method)
    assert done.code == 0, done.err
    assert "images/s" in done.out
    assert "emseg-bench run --models toy-plain@file:out/weights.safetensors" in done.out
    names = {path.relative_to(work / "out").as_posix() for path in (work / "out").rglob("*.*")}
    assert names == {
        "curve.csv",
        "epoch-0001.safetensors",
        "epoch-0002.safetensors",
        "panels/epoch-0001.png",
        "panels/epoch-0002.png",
        "record.json",
        "spec.json",
        "weights.pt",
        "weights.safetensors",
    }
    record = json.loads((work / "out" / "record.json").read_bytes())
    assert record["steps"] == 4
    assert record["images_per_s"] == pytest.approx(4 * 4 / record["train_seconds"])
    assert record["spec"]["images"] == 10
    curve = pd.read_csv(work / "out" / "curve.csv")
    assert curve[curve.series == "train/loss"].iteration.tolist() == [1, 2, 3, 4]


def test_the_weight_file_says_what_it_is(pretrain: Invoke, work: Path) -> None:
    pretrain("--out", "out")
    info = read_info(work / "out" / "weights.safetensors")
    assert info is not None
    assert (info.model, info.window, info.num_logits) == ("toy-plain", 32, None)
    pixels = np.stack(
        [np.random.default_rng(n).integers(0, 256, (40, 48), dtype=np.uint8) for n in range(10)]
    )
    assert info.normalisation is not None
    assert info.normalisation.mean[0] == pytest.approx(pixels.mean() / 255)
    assert info.normalisation.std[0] == pytest.approx(pixels.std() / 255)
    assert "reconstruction pre-training (smoke) of toy-plain, 2 epochs of 10 images" in info.origin
    state = torch.load(work / "out" / "weights.pt", weights_only=True)
    loaded = load_file(work / "out" / "weights.safetensors")
    assert state.keys() == loaded.keys()
    assert all(torch.equal(state[name], loaded[name]) for name in state)


def test_a_panel_shows_input_reconstruction_and_target(pretrain: Invoke, work: Path) -> None:
    pretrain("--out", "out", "--set", "method.holes=1")
    sheet = np.asarray(Image.open(work / "out" / "panels" / "epoch-0002.png"))
    assert sheet.shape == (16 + 6 * 36 - 4, 3 * 36 - 4)
    spoilt, target = sheet[16:48, :32], sheet[16:48, 72:104]
    assert (spoilt == 0).sum() > 200  # a hole is in it
    assert target.std() > 20
    assert not np.array_equal(spoilt, target)


def test_the_same_command_again_does_nothing(pretrain: Invoke, work: Path) -> None:
    pretrain("--out", "out")
    before = (work / "out" / "record.json").read_bytes()
    again = pretrain("--out", "out")
    assert again.code == 0
    assert "complete already" in again.out
    assert (work / "out" / "record.json").read_bytes() == before


def test_two_runs_are_one(pretrain: Invoke, work: Path) -> None:
    for out in ("a", "b"):
        assert pretrain("--out", out, model="toy").code == 0
    assert (work / "a/weights.safetensors").read_bytes() == (work / "b/weights.safetensors").read_bytes()
    assert (work / "a/curve.csv").read_bytes() == (work / "b/curve.csv").read_bytes()


class StoppedError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize(("method", "model"), [("reconstruction", "toy"), ("mocov2", "toy-plain")])
def test_a_stopped_pretraining_goes_on_as_if_nothing_had_been(
    pretrain: Invoke, work: Path, monkeypatch: pytest.MonkeyPatch, method: str, model: str
) -> None:
    options = ("--set", "recipe.steps_per_epoch=5", "--checkpoint-seconds", "0")
    pretrain("--out", "whole", *options, method=method, model=model)

    def stop(epoch: int) -> None:
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(train_module.Results, "save_epoch", lambda self, epoch: stop(epoch))
        with pytest.raises(StoppedError):
            pretrain("--out", "broken", *options, method=method, model=model)
    assert (work / "broken" / "resume.pt").exists()
    assert pretrain("--out", "broken", *options, method=method, model=model).code == 0
    whole, broken = (work / out / "weights.safetensors" for out in ("whole", "broken"))
    assert whole.read_bytes() == broken.read_bytes()
    assert json.loads((work / "broken" / "record.json").read_bytes())["resumed"] == 1
    assert (work / "whole/curve.csv").read_text() == (work / "broken/curve.csv").read_text()


@pytest.mark.parametrize("damage", [b"", b"no tensors", b"PK\x03\x04" + bytes(40)])
def test_a_damaged_resume_point_is_dropped_with_a_word(
    pretrain: Invoke, work: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    options = ("--set", "recipe.steps_per_epoch=2", "--checkpoint-seconds", "0")
    pretrain("--out", "whole", *options)

    def stop(self: object, epoch: int) -> None:
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(train_module.Results, "save_epoch", stop)
        with pytest.raises(StoppedError):
            pretrain("--out", "broken", *options)
    (work / "broken/resume.pt").write_bytes(damage)
    done = pretrain("--out", "broken", *options)
    assert done.code == 0, done.err
    assert "resume.pt is damaged" in " ".join((done.out + done.err).split())
    record = json.loads((work / "broken/record.json").read_bytes())
    assert (record["resumed"], record["dropped_resume_points"]) == (0, 1)
    assert (work / "whole/weights.safetensors").read_bytes() == (
        work / "broken/weights.safetensors"
    ).read_bytes()


def test_another_pretrainings_folder_is_refused(pretrain: Invoke, work: Path) -> None:
    pretrain("--out", "out")
    other = pretrain("--out", "out", "--set", "recipe.learning_rate=0.1", "--seed", "3")
    assert other.code == 2
    assert "recipe.learning_rate 0.003 instead of 0.1" in other.err
    assert "seed.seed 0 instead of 3" in other.err
    assert "--out" in other.err


def test_other_images_are_another_pretraining(pretrain: Invoke, images: Path) -> None:
    pretrain("--out", "out")
    tifffile.imwrite(images / "new.tif", np.arange(1600, dtype=np.uint8).reshape(40, 40))
    assert "images.sha256" in pretrain("--out", "out").err


def test_a_dry_run_writes_nothing(pretrain: Invoke, work: Path) -> None:
    done = pretrain("--dry-run")
    assert done.code == 0
    assert "10 images" in done.out
    assert "2 epochs of 2 steps of 4 images" in done.out
    assert {path.name for path in work.iterdir()} == {"images"}


def test_large_images_count_as_several(pretrain: Invoke) -> None:
    assert "10 images, seen as 40" in pretrain("--dry-run", "--set", "recipe.tile=32").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--method", "reconstructoin"), "did you mean 'reconstruction'?"),
        (("--model", "retna"), "did you mean 'retina'?"),
        (("--recipe", "smok"), "did you mean 'smoke'?"),
        (("--model", "retina@scratch"), "expected a model without '@'"),
        (("--model", "retina[train=head]"), "pre-training trains all that it can; leave train out"),
        (("--model", "unet[context=1]"), "slices with their neighbours; leave context out"),
        (("--set", "recipe.epoch=3"), "did you mean 'epochs'?"),
        (("--set", "recipe.epochs=1000000000"), "less than or equal to 10000000"),
        (("--set", "recipe.learning_rate=1e9"), "less than or equal to 100"),
        (("--set", "recipe.batch_size=1000000"), "less than or equal to 65536"),
        (("--set", "recipe.crop=1000000"), "less than or equal to 32768"),
        (("--method", "mocov2", "--model", "toy-plain", "--set", "method.queue=1000000000000"), "16777216"),
        (("--set", "method.hole=1"), "did you mean 'holes'?"),
        (("--set", "method.holes=2"), "reconstruction.holes: got 2"),
        (("--set", "protocol.overlap=0"), "expected --set recipe.KEY=VALUE or --set method.KEY=VALUE"),
        (("--set", "recipe.accumulate=3"), "expected a multiple of 3: 1 process with 3 accumulated parts"),
        (("--model", "retina", "--set", "recipe.crop=40"), "multiples of 16 px"),
        (("--method", "mocov2", "--model", "retina"), "does not say which part is one"),
        (("--images", "nowhere"), "found nothing; check the path"),
        (("--tracker", "tensorbord"), "did you mean 'tensorboard'?"),
        (("--device", "cuda:7"), "is not on this machine"),
    ],
)
def test_wrong_input_is_told(pretrain: Invoke, arguments: tuple[str, ...], words: str) -> None:
    done = pretrain(*arguments)
    assert done.code == 2
    assert words in " ".join(done.err.split())


def test_images_of_one_value_teach_nothing(pretrain: Invoke, images: Path) -> None:
    for path in images.iterdir():
        tifffile.imwrite(path, np.full((40, 48), 7, np.uint8))
    assert "nothing to learn" in pretrain().err


def test_a_diverging_pretraining_stops_and_keeps_its_last_good_point(pretrain: Invoke, work: Path) -> None:
    done = pretrain(
        *("--out", "out", "--set", "recipe.learning_rate=100", "--checkpoint-seconds", "0"),
        *("--set", "recipe.steps_per_epoch=50"),
    )
    assert done.code == 1
    assert "the training loss became" in done.err
    assert not (work / "out" / "weights.safetensors").exists()
    point = torch.load(work / "out" / "resume.pt", weights_only=True)
    assert all(value.isfinite().all() for value in point["model"].values())


def test_accumulated_parts_give_the_same_weights(pretrain: Invoke, work: Path) -> None:
    pretrain("--out", "one")
    pretrain("--out", "two", "--set", "recipe.accumulate=2")
    one, two = (load_file(work / out / "weights.safetensors") for out in ("one", "two"))
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-5, atol=1e-7)


def test_loader_processes_change_nothing(pretrain: Invoke, work: Path) -> None:
    pretrain("--out", "alone")
    pretrain("--out", "helped", "--workers", "2")
    assert (work / "alone/weights.safetensors").read_bytes() == (
        work / "helped/weights.safetensors"
    ).read_bytes()


def test_bf16_trains(pretrain: Invoke, work: Path) -> None:
    assert pretrain("--out", "out", "--precision", "bf16").code == 0
    assert json.loads((work / "out" / "spec.json").read_bytes())["recipe"]["precision"] == "bf16"


def test_a_folder_in_use_is_refused(pretrain: Invoke, work: Path) -> None:
    from filelock import FileLock

    (work / "out").mkdir()
    with FileLock(work / "out" / "lock"):
        assert "another command is pre-training" in pretrain("--out", "out").err


def test_methods_and_recipes_are_listed(invoke: Invoke) -> None:
    rows = json.loads(invoke("list", "pretraining", "--json").out)
    assert {(row["method"], row["recipe"]) for row in rows} >= {
        ("reconstruction", "retina-2025"),
        ("mocov2", "cem500k-2021"),
    }


def test_a_tracker_gets_loss_and_rate(pretrain: Invoke, work: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra [trackers]")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert pretrain("--out", "out", "--tracker", "tensorboard").code == 0
    events = EventAccumulator(str(work / "out" / "tracker")).Reload()
    curve = pd.read_csv(work / "out" / "curve.csv")
    for series in ("train/loss", "train/learning_rate"):
        told = events.Scalars(series)
        kept = curve[curve.series == series]
        assert [event.step for event in told] == kept.iteration.tolist()
        assert [event.value for event in told] == pytest.approx(kept.value.tolist(), rel=1e-6)


def test_a_missing_trackers_package_is_told(pretrain: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    from emseg_bench.benchmark.trials import tracking

    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    done = pretrain("--tracker", "tensorboard")
    assert done.code == 2
    assert 'pip install "emseg-bench[trackers]"' in done.err


def test_any_optimiser_and_schedule_trains(pretrain: Invoke, work: Path) -> None:
    def weights(out: str, *settings: str) -> dict[str, torch.Tensor]:
        done = pretrain("--out", out, *(text for setting in settings for text in ("--set", setting)))
        assert done.code == 0, done.err
        return load_file(work / out / "weights.safetensors")

    still = weights("still", "recipe.optimiser=toy-slow[share=0]", "recipe.schedule=toy-steps")
    again = weights("again", "recipe.optimiser=toy-slow[share=0]")
    moved = weights("moved", "recipe.optimiser=adamw[beta2=0.9]", "recipe.schedule=toy-steps")
    assert all(torch.equal(still[name], again[name]) for name in still)
    assert not all(torch.equal(still[name], moved[name]) for name in still)
    spec = json.loads((work / "still" / "spec.json").read_bytes())
    assert [(one["kind"], one["name"], one["provider"]["distribution"]) for one in spec["methods"]] == [
        ("optimiser", "toy-slow[share=0]", "emseg-toy"),
        ("schedule", "toy-steps", "emseg-toy"),
    ]
    curve = pd.read_csv(work / "moved" / "curve.csv")
    rates = curve[curve.series == "train/learning_rate"].value.tolist()
    assert rates == pytest.approx([0.003, *[0.0015] * 3])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("recipe.optimiser=adam", "no optimiser is called 'adam'; did you mean 'adamw'"),
        ("recipe.schedule=stepp", "no schedule is called 'stepp'; did you mean 'step'"),
        ("recipe.optimiser.nestrov=true", "recipe.optimiser.nestrov: there is no such key"),
    ],
)
def test_what_is_not_there_is_told(pretrain: Invoke, setting: str, message: str) -> None:
    done = pretrain("--set", setting)
    assert done.code == 2
    assert message in done.err
