"""Plugins that misbehave in every way: a run that does not need them goes on, one that does says why not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, to_metadata
from PIL import Image
from safetensors.torch import save_file

SITE = Path(__file__).parents[2] / "toy"

BROKEN = {
    "broken-import": "import no_such_module",
    "exit-at-import": "import sys\nprint('hostile: bye')\nsys.exit('bye')",
    "raising-hook": "@hookimpl\ndef emseg_models():\n    raise RuntimeError('no models today')",
    "wrong-type": "@hookimpl\ndef emseg_models():\n    return 'unet'",
    "wrong-signature": "@hookimpl\ndef emseg_trial_started(fingerprint, trial, mood):\n    pass",
    "unknown-hook": "@hookimpl\ndef emseg_modells():\n    return []",
    "unmarked-hook": "def emseg_models():\n    return []",
    "wrapper-hook": "@hookimpl(wrapper=True)\ndef emseg_trial_finished():\n    return (yield)",
}
"""Plugin modules that cannot be used at all, by their distribution."""

SMOKE = ("run", "--device", "cpu", "--threads", "1", "--recipe", "smoke")
SMALL = ("--set", "recipe.iterations=2", "--set", "recipe.batch_size=2", "--set", "recipe.crop=32")


@pytest.fixture
def hostile(toy, tmp_path, monkeypatch, make_distribution):
    """Install the toy, ``emseg-hostile`` and everything that is broken, in this process and its workers."""
    site = tmp_path / "hostile"
    site.mkdir()
    for file in SITE.glob("emseg_hostile*.py"):
        (site / file.name).write_bytes(file.read_bytes())
    make_distribution(site, "emseg-hostile", {"hostile": "emseg_hostile"})
    for name, source in BROKEN.items():
        module = f"emseg_{name.replace('-', '_')}"
        (site / f"{module}.py").write_text(f"from emseg_bench import hookimpl\n{source}\n")
        make_distribution(site, name, {"plugin": module})
    monkeypatch.syspath_prepend(str(site))
    yield
    for name in [name for name in sys.modules if name.startswith("emseg_hostile")]:
        sys.modules.pop(name)


@pytest.fixture
def run(hostile, invoke):
    """Run trials on the toy data; give how the command ended."""
    return lambda *arguments: invoke(*SMOKE, *SMALL, "--datasets", "toy-data", *arguments)


def reasons(work: Path) -> dict[str, str]:
    records = [json.loads(path.read_text()) for path in work.glob("results/trials/*/record.json")]
    return {record["spec"]["model"]["name"]: record["reason"] for record in records}


@pytest.mark.slow
def test_run_that_needs_none_of_them_goes_on_and_names_them(run):
    done = run("--models", "toy", "--json")
    assert done.code == 0
    assert json.loads(done.out)["failed"] == {}, "nothing but JSON reaches standard output"
    for expected in (
        "broken-import (import): importing emseg_broken_import failed with ModuleNotFoundError: No module",
        "exit-at-import (import): importing emseg_exit_at_import failed with SystemExit: bye (emseg_exit_at",
        "raising-hook (emseg_models): it raised RuntimeError: no models today (emseg_raising_hook.py",
        "wrong-type (emseg_models): it returned str, expected a list of cards",
        "wrong-signature (emseg_trial_started): it wants the arguments mood, known are fingerprint, trial.",
        "unknown-hook (emseg_modells): there is no hook of that name (did you mean emseg_models?)",
        "wrapper-hook (emseg_trial_finished): it is a wrapper, expected a plain function",
        "unmarked-hook (emseg_models): it is not marked with @hookimpl as a function, so it is never called",
        "emseg-hostile (emseg_models): the model name 'unet' is already claimed by emseg-bench",
        "emseg-hostile (emseg_metrics): the metric name 'iou' is already claimed by emseg-bench",
        "emseg-hostile (emseg_executors): the executor name 'local' is already claimed by emseg-bench",
        "emseg-hostile (emseg_trial_started): it raised RuntimeError: toy is not welcome",
        "emseg-hostile (emseg_trial_finished): it raised SystemExit: complete",
        "section 'exit' of board",
    ):
        assert expected in done.err
    for heard in ("imported", "listed", "started", "finished"):
        assert f"hostile: {heard}" in done.err


@pytest.mark.slow
def test_trials_that_need_them_fail_alone(run, work):
    models = "prints,triple,pair,nan,nan_later,exits,number,exits_at_import"
    done = run("--models", models, "--json")
    assert done.code == 1
    assert len(json.loads(done.out)["failed"]) == 7
    why = reasons(work)
    assert why.pop("prints") is None
    for model, expected in {
        "triple": "images (2, 1, 32, 32) into (2, 3, 32, 32), expected logits (N, K, H, W) = (2, 1, 32, 32)",
        "pair": "into a tuple, expected logits",
        "nan": "the training loss is nan before the first step",
        "nan_later": "the model's logits are not finite: nan",
        "exits": "could not be built for 1 channels and 1 outputs: SystemExit: 0 (emseg_hostile_parts.py",
        "number": "its factory returned int, expected an nn.Module",
        "exits_at_import": "emseg-hostile 1.0 cannot be used: loading emseg_hostile_exit:create failed with "
        "SystemExit: no models today",
    }.items():
        assert expected in why.pop(model)
    assert not why
    assert "hostile: built" not in done.out + done.err
    (log,) = [
        log for log in work.glob("results/trials/*/log.txt") if (log.parent / "weights.safetensors").exists()
    ]
    for line in ("built", "from a child", "called"):
        assert f"hostile: {line}" in log.read_text()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("--models", "lost"),
            "lost of emseg-hostile 1.0 cannot be used: there is no module emseg_hostile_lost",
        ),
        (("--models", "tooy"), "did you mean 'toy'"),
        (("--models", "tooy"), "broken-import (import): importing emseg_broken_import failed"),
        (("--models", "toy", "--executor", "unstartable"), "failed with ConnectionError: no cluster here"),
        (
            ("--models", "toy", "--datasets", "raising"),
            "raising of emseg-hostile 1.0 cannot be used: opening",
        ),
        (("--models", "toy", "--datasets", "exiting"), "opening it failed with SystemExit: 0"),
        (("--models", "toy", "--datasets", "text"), "its manifest is a str, expected a Manifest"),
    ],
)
def test_what_is_known_when_planning_starts_nothing(run, work, arguments, expected):
    done = run(*arguments)
    assert done.code == 2
    assert expected in done.err
    assert "Traceback" not in done.err
    assert not list(work.glob("results/trials/*/record.json"))


def test_dataset_that_prints_leaves_the_plan_readable(hostile, invoke):
    done = invoke(*SMOKE, *SMALL, "--models", "toy", "--datasets", "noisy", "--dry-run", "--json")
    assert [trial["dataset"] for trial in json.loads(done.out)["trials"]] == ["noisy"]
    assert "hostile: opened" in done.err


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        ("Raising", "the executor failed with ConnectionError: the cluster has gone (emseg_hostile_parts.py"),
        ("Idle", "the executor ended without having run it"),
        ("Lying", "the executor said that it is complete, but it left no record"),
    ],
)
def test_executor_that_does_not_execute_fails_its_trials(run, work, executor, expected):
    done = run("--models", "toy,toy-plain", "--executor", executor)
    assert done.code == 1
    assert sorted(reasons(work)) == ["toy", "toy-plain"]
    assert all(expected in reason for reason in reasons(work).values())


def test_weights_that_another_plugin_knows_are_recognised(hostile, tiny, tmp_path, invoke):
    save_file({"weight": torch.zeros(1, 1, 1, 1), "bias": torch.zeros(1)}, tmp_path / "tiny.safetensors")
    done = invoke("weights", "import", tmp_path / "tiny.safetensors")
    assert done.code == 0, done.err
    save_file({"unheard": torch.zeros(1)}, tmp_path / "of.safetensors")
    done = invoke("weights", "import", tmp_path / "of.safetensors")
    assert done.code == 2
    assert "is no kind of weights that is known here" in done.err
    assert "hostile-weights of emseg-hostile 1.0 cannot be used: looking at" in done.err


def test_metric_that_prints_leaves_scores_readable(hostile, invoke, work):
    Image.fromarray(np.eye(32, dtype=np.uint8)).save(work / "one.png")
    done = invoke("score", "--pred", "one.png", "--truth", "one.png", "--metrics", "chatty", "--json")
    assert done.code == 0, done.err
    assert "0.5" in json.dumps(json.loads(done.out))
    assert "hostile: scored" in done.err


def test_pretraining_that_ends_the_program_names_itself(hostile, invoke, tmp_path):
    (tmp_path / "images").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (224, 224), np.uint8)
    Image.fromarray(noise).save(tmp_path / "images/one.png")
    done = invoke("pretrain", "--images", tmp_path / "images", "--method", "hopeless", "--model", "toy")
    assert done.code == 2
    assert "hopeless of emseg-hostile 1.0 cannot be used: starting it failed with SystemExit: why" in done.err


def test_model_that_ends_the_program_names_itself_in_predictions(hostile, invoke, tmp_path):
    about = WeightsInfo(
        model="exits",
        options={},
        channels=1,
        num_logits=1,
        class_names=("background", "disk"),
        normalisation=Normalisation(mean=(0.5,), std=(0.5,)),
        window=32,
        origin="nowhere",
    )
    save_file({"weight": torch.zeros(1)}, tmp_path / "exits.safetensors", to_metadata(about))
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(tmp_path / "one.png")
    weights = tmp_path / "exits.safetensors"
    done = invoke("predict", tmp_path / "one.png", "--weights", weights, "--out", "predicted")
    assert done.code == 2
    assert "exits of emseg-hostile 1.0 cannot be used: building it failed with SystemExit: 0" in done.err


def test_weights_name_the_package_of_their_model_where_it_is_missing(invoke, tmp_path):
    about = WeightsInfo(model="gone", num_logits=1, origin="a trial", distribution="emseg-gone")
    save_file({"weight": torch.zeros(1)}, tmp_path / "gone.safetensors", to_metadata(about))
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(tmp_path / "one.png")
    done = invoke(
        "predict", tmp_path / "one.png", "--weights", tmp_path / "gone.safetensors", "--out", "predicted"
    )
    assert done.code == 2
    assert (
        "gone came from the package emseg-gone, which is not installed here: pip install emseg-gone"
        in done.err
    )


@pytest.mark.slow
def test_metric_that_fails_names_itself(run, work):
    done = run("--models", "toy", "--set", "protocol.metrics=[iou, divides]")
    assert done.code == 1
    assert "metric 'divides' failed with ZeroDivisionError: division by zero" in reasons(work)["toy"]
