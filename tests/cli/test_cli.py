"""The command line: light at start, clear about wrong input."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROBE = """
import sys
sys.argv = ["emseg-bench", *sys.argv[1:]]
from emseg_bench.cli import main
try:
    main()
finally:
    heavy = {"torch", "pandas", "seaborn", "matplotlib", "numpy", "scipy"} & set(sys.modules)
    print(f"heavy: {sorted(heavy)}", file=sys.stderr)
"""


def probe(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("run", "--help"),
        ("list", "models"),
        ("list", "datasets", "--json"),
        ("list", "metrics"),
        ("list", "recipes"),
        ("list", "protocols"),
        ("score", "--help"),
        ("predict", "--help"),
    ],
    ids=" ".join,
)
def test_start_is_light(arguments):
    done = probe(*arguments)
    assert done.returncode == 0, done.stderr
    assert "heavy: []" in done.stderr
    assert done.stdout


def test_planning_imports_no_torch(tmp_path):
    arguments = ("run", "--models", "unet,retina", "--datasets", "synthetic-em[size=64,train=2,val=1,test=1]")
    options = ("--dry-run", "--device", "cpu", "--out", str(tmp_path))
    probe(*arguments, *options)  # draws the data
    done = probe(*arguments, *options)
    assert done.returncode == 0, done.stderr
    assert "heavy: []" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "no model was asked for; name some with --models"),
        (["run", "--models", "retinna"], "no model is called 'retinna'; did you mean 'retina'"),
        (["run", "--models", "unet", "--datasets", "sythetic-em"], "did you mean 'synthetic-em'"),
        (["run", "--models", "unet", "--datasets", "folder"], "needs a place; write folder:PATH"),
        (["run", "--models", "unet", "--datasets", "folder:/no/such"], "/no/such"),
        (["run", "--models", "unet", "--datasets", "synthetic-em:/x"], "takes no place"),
        (["run", "--models", "unet", "--recipe", "slow"], "no recipe is called 'slow'"),
        (["run", "--models", "unet", "--protocol", "v2"], "no protocol is called 'v2'"),
        (["run", "--models", "unet", "--seeds", "x"], "expected a number of seeds such as 3"),
        (
            ["run", "--models", "unet", "--seeds", "0"],
            "The seed 0 alone is --seeds 1, or --seeds 0, with a comma",
        ),
        (["run", "--models", "unet,unet"], "names something twice"),
        (["run", "--models", "unet@magic"], "no initialisation of unet is called 'magic'"),
        (["run", "--models", "unet@file:/no/such.pt"], "/no/such.pt"),
        (["run", "--models", "retina[hidden=100]"], "retina.hidden: got 100"),
        (["run", "--models", "retina[hiden=192]"], "did you mean 'hidden'"),
        (["run", "--models", "unet", "--set", "recipe.iterations=0"], "recipe.iterations: got 0"),
        (["run", "--models", "unet", "--executor", "cloud"], "no executor is called 'cloud'"),
        (["run", "--models", "unet", "--device", "tpu"], "tpu"),
        (["run", "--models", "retina", "--strict-weights"], "pretrain_200.pt"),
        (["run", "--models", "retina@cem500k-reconstruction"], "pretrain_200.pt"),
        (["run", "--models", "unet", "--workers", "0"], "--workers"),
        (["run", "--model", "unet"], "No such option"),
        (["run", "nowhere.yaml"], "nowhere.yaml cannot be read: there is no such file"),
        (["run", "--models", "unet", "--margin", "little"], "got --margin little, expected a number above 0"),
        (["run", "--models", "unet", "--margin", "nan"], "got --margin nan, expected a number above 0"),
        (["run", "--models", "unet", "--margin", "0"], "got --margin 0, expected a number above 0"),
        (
            ["run", "--models", "unet", "--margin", "1"],
            "ranked by iou, a ratio, of which 1 is the whole range",
        ),
        (["report", "--margin", "-0.1"], "got --margin -0.1, expected a number above 0"),
        (["list", "modles"], "modles"),
        (["report", "nowhere"], "there is no trial with a record"),
        (["fly"], "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_told_and_starts_nothing(invoke, work, arguments, message):
    done = invoke(*arguments)
    assert done.code == 2, done.err
    assert message in done.err
    assert "Traceback" not in done.err
    assert list(work.iterdir()) == []


def test_dry_run_prints_the_plan(invoke, toy):
    done = invoke("run", "--models", "toy", "--datasets", "toy-data", "--seeds", "3,7", "--dry-run")
    assert done.code == 0
    assert "2 trials, 0 complete already" in done.out
    assert done.out.count("toy@scratch") == 3  # once with what each trial takes
    assert done.out.count("to run") == 2


def test_plan_as_json(invoke, toy):
    done = invoke("run", "--models", "toy", "--datasets", "toy-data", "--dry-run", "--json")
    (trial,) = json.loads(done.out)["trials"]
    assert (trial["model"], trial["dataset"], trial["seed"]) == ("toy@scratch", "toy-data", 0)
    assert not trial["complete"]


def test_missing_published_weights_are_announced(invoke):
    done = invoke(
        "run", "--models", "retina", "--datasets", "synthetic-em[size=64,train=2,val=1,test=1]", "--dry-run"
    )
    assert done.code == 0
    assert "note: retina: trained from scratch" in done.out
    assert "weights import FILE --as retina-cem500k" in done.out
    assert "--models retina[hidden=192]@file:" in done.out
    assert "retina@scratch" in done.out


def test_broken_plugin_is_warned_of_and_stops_only_those_who_ask(invoke, toy, make_distribution):
    make_distribution(toy, "emseg-broken", {"broken": "no_such_module"})
    done = invoke("run", "--models", "toy", "--datasets", "toy-data", "--dry-run")
    assert done.code == 0
    listed = invoke("list", "models")
    assert "warning: plugin emseg-broken (import)" in listed.err
    asked = invoke("run", "--models", "broken", "--datasets", "toy-data")
    assert asked.code == 2
    assert "emseg-broken" in asked.err


def test_list_models_as_json(invoke):
    models = {model["name"]: model for model in json.loads(invoke("list", "models", "--json").out)}
    assert models["retina"]["family"] == "hybrid"
    assert models["retina"]["size divisor"] == 16
    assert models["unet"]["parameters"] == 24_430_097
