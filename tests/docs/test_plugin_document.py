"""docs/plugins.md documents every hook: its exact signature, and an example that is used as by the engine."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts import hookspecs
from emseg_bench.benchmark.contracts.cards import ModelToPretrain
from emseg_bench.benchmark.contracts.data import Counts, Normalisation, Sample, ScoredCase, Segmented
from emseg_bench.benchmark.contracts.running import Runtime
from emseg_bench.benchmark.contracts.settings import Recipe
from emseg_bench.benchmark.evaluation.postprocessing import tidy
from emseg_bench.benchmark.experiments.opening import open_dataset
from emseg_bench.benchmark.experiments.volume_protocol import volume_protocol
from emseg_bench.benchmark.plugins.card_faults import card_fault
from emseg_bench.benchmark.plugins.hook_faults import HOOKS
from emseg_bench.benchmark.plugins.loading import Plugins
from emseg_bench.benchmark.plugins.references import DatasetReference
from safetensors.torch import save_file
from torch import nn

DOCUMENT = Path(__file__).parents[2] / "docs/plugins.md"
SECTION = re.compile(r"^### `(?P<name>emseg_\w+)(?P<signature>[^`\n]*)`$(?P<text>.*?)(?=^##|\Z)", re.M | re.S)
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)

Use = Callable[[Plugins, Path, pytest.CaptureFixture[str]], None]
USES: dict[str, Use] = {}
"""By hook: what the engine would do with its example."""


def uses(hook: str) -> Callable[[Use], Use]:
    return lambda use: USES.setdefault(hook, use)


def sections() -> dict[str, re.Match[str]]:
    return {match["name"]: match for match in SECTION.finditer(DOCUMENT.read_text())}


@uses("emseg_models")
def use_model(plugins, folder, capsys):
    card = only(plugins.catalogue.models)
    assert card.factory(3, 2, side=5)(torch.zeros(2, 3, 16, 16)).shape == (2, 2, 16, 16)
    assert (card.recipe.name, card.recipe.optimiser) == ("plane-2026", "sgd")
    assert card_fault(card, type(card)) == ""


@uses("emseg_datasets")
def use_dataset(plugins, folder, capsys):
    (offer,) = plugins.catalogue.datasets.offers.values()
    dataset = open_dataset(DatasetReference("stripes", {}, None), offer, folder)
    for case in dataset.manifest.cases:
        sample = dataset.read(case)
        assert sample.image.shape == (1, case.height, case.width)
        assert set(np.unique(sample.labels)) == {0, 1}


@uses("emseg_metrics")
def use_metric(plugins, folder, capsys):
    counts = tuple(
        Counts(true_positive=tp, false_positive=fp, false_negative=fn, true_negative=0)
        for tp, fp, fn in ((3, 1, 5), (0, 0, 0))
    )
    labels = np.zeros((3, 3), np.uint8)
    case = ScoredCase(
        truth=labels,
        prediction=labels,
        class_names=("a", "b"),
        counts=counts,
        ignore_value=None,
        voxel_size_nm=None,
    )
    assert only(plugins.catalogue.metrics).factory()(case) == pytest.approx([0.5, float("nan")], nan_ok=True)


@uses("emseg_weights")
def use_weights(plugins, folder, capsys):
    card = only(plugins.catalogue.weights)
    save_file(nn.Conv2d(1, 1, 3).state_dict(), folder / "slope.safetensors")
    save_file({"other": torch.zeros(1)}, folder / "other.safetensors")
    assert only(plugins.catalogue.models).initialisation(card.init).source
    assert card.format(folder / "slope.safetensors").options == card.options
    assert card.format(folder / "other.safetensors") is None


@uses("emseg_pretraining_methods")
def use_pretraining(plugins, folder, capsys):
    card = only(plugins.catalogue.pretraining)
    model = ModelToPretrain(card=None, segmentation=None, reconstruction=lambda: nn.Conv2d(1, 1, 1))
    method = card.factory(model, card.recipes[0], Normalisation(mean=(0.5,), std=(0.2,)))
    image = np.full((80, 70), 255, np.uint8)
    (view,) = method.views(image, np.random.default_rng(0))
    with torch.no_grad():
        for parameter, value in zip(method.module.parameters(), (0.25, 0.25), strict=True):
            parameter.fill_(value)
        assert float(method.module(torch.tensor(view[None]))) == pytest.approx((0.25 + 0.25 - 1) ** 2)
    assert method.weights().keys() == {"weight", "bias"}
    assert method.after_step() is None
    assert method.panels([]) is None


@uses("emseg_recipes")
def use_recipe(plugins, folder, capsys):
    card = only(plugins.catalogue.recipes)
    assert (card.recipe.name, card.recipe.schedule, card.recipe.loss) == ("gentle", "poly", "emseg-v1")


@uses("emseg_losses")
def use_loss(plugins, folder, capsys):
    card = only(plugins.catalogue.losses)
    logits, labels = torch.zeros(1, 1, 2, 2), torch.tensor([[[0, 1], [1, 9]]])
    loss = card.factory(None, 1, 9, gamma=1.0)(logits, labels)
    assert float(loss) == pytest.approx(np.log(2) / 2)


@uses("emseg_schedules")
def use_schedule(plugins, folder, capsys):
    optimiser = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.8)
    schedule = only(plugins.catalogue.schedules).factory(optimiser, 2, 10, steps=3)
    rates = []
    for _ in range(10):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    assert rates == [0.8] * 4 + [0.4] * 2 + [0.2] * 2 + [0.1] * 2


@uses("emseg_optimisers")
def use_optimiser(plugins, folder, capsys):
    weight = nn.Parameter(torch.tensor([3.0, -2.0]))
    recipe = Recipe(name="x", iterations=1, batch_size=1, crop=16, learning_rate=0.5, weight_decay=0.1)
    card = only(plugins.catalogue.optimisers)
    for decay, expected in ((True, [2.35, -1.4]), (False, [1.85, -0.9])):
        weight.grad = torch.tensor([7.0, -7.0])
        optimiser = card.factory([{"params": [weight]}], recipe, decay=decay)
        optimiser.step()
        assert weight.tolist() == pytest.approx(expected)


@uses("emseg_augmentations")
def use_augmentation(plugins, folder, capsys):
    recipe = Recipe(name="x", iterations=1, batch_size=1, crop=16, foreground_crops=1.0)
    labels = np.arange(100, dtype=np.uint8).reshape(10, 10)
    sample = Sample(labels[None], labels)
    for flip, side, shown in ((0, 4, labels[5:9, 3:7]), (1, 4, labels[5:9, 3:7][:, ::-1])):
        cut = only(plugins.catalogue.augmentations).factory(recipe, side, None, flip=flip)
        crop = cut(sample, lambda rng: (5, 3), np.random.default_rng(0))
        assert np.array_equal(crop.labels, shown)
        assert np.array_equal(crop.image[0], shown)
    whole = only(plugins.catalogue.augmentations).factory(recipe, 16, None, flip=0)
    assert whole(sample, lambda rng: None, np.random.default_rng(0)).image.shape == (1, 16, 16)


@uses("emseg_protocols")
def use_protocol(plugins, folder, capsys):
    protocol = only(plugins.catalogue.protocols).protocol
    settled = volume_protocol(protocol)
    assert (protocol.primary, settled.primary, settled.metrics) == ("dice", "iou", ("iou",))
    assert (settled.skips_undefined, settled.flips, settled.volumes) == (False, True, "alike")


@uses("emseg_postprocessing")
def use_postprocessing(plugins, folder, capsys):
    step = only(plugins.catalogue.postprocessing).factory()
    labels = np.array([[1, 0, 2], [0, 0, 2]], np.uint8)
    assert tidy(labels, [step]).tolist() == [[0, 0, 2], [0, 0, 2]]


@uses("emseg_decoders")
def use_decoder(plugins, folder, capsys):
    labels = np.array([[1, 1, 0, 1, 2, 2]], np.uint8)
    of_one, of_two = np.array([[0.9, 0.6, 0.2, 0.8, 0.1, 0.1], [0.0, 0.1, 0.1, 0.1, 0.7, 0.9]])[:, None]
    segmented = Segmented(
        labels=labels,
        probabilities=np.stack([1 - of_one - of_two, of_one, of_two]),
        classes=((0, "background"), (1, "a"), (2, "b")),
        background=0,
        voxel_size_nm=None,
    )
    decode = only(plugins.catalogue.decoders).factory(least=0.7)
    assert decode(segmented).tolist() == [[1, 0, 0, 2, 3, 3]]


@uses("emseg_executors")
def use_executor(plugins, folder, capsys):
    seen = []
    executor = only(plugins.catalogue.executors).factory(Runtime(), longest_first=False)
    executor._local = SimpleNamespace(run=lambda jobs, on_event: seen.extend(jobs))
    jobs = [
        SimpleNamespace(spec=SimpleNamespace(recipe=SimpleNamespace(iterations=n)), fingerprint=str(n))
        for n in (3, 1, 2)
    ]
    executor.run(jobs, seen.append)
    assert [job.fingerprint for job in seen] == ["1", "2", "3"]


@uses("emseg_report_sections")
def use_report_section(plugins, folder, capsys):
    trial = SimpleNamespace(record=SimpleNamespace(spec=SimpleNamespace(model=SimpleNamespace(label="a<b"))))
    section = only(plugins.catalogue.report_sections).factory(SimpleNamespace(trials=[trial]), folder)
    assert section.html == "<p>Thanks to a&lt;b.</p>"


@uses("emseg_trial_started")
def use_started(plugins, folder, capsys):
    trial = SimpleNamespace(
        model=SimpleNamespace(label="plane"), dataset=SimpleNamespace(label="stripes"), seed=3
    )
    assert plugins.trial_started("0123456789", trial) == []
    assert capsys.readouterr().out == "plane on stripes, seed 3: 01234567\n"


@uses("emseg_trial_event")
def use_event(plugins, folder, capsys):
    for kind, more in (("started", {}), ("progress", {"phase": "train", "done": 3, "total": 4})):
        assert plugins.trial_event(SimpleNamespace(fingerprint="0123456789", kind=kind, **more)) == []
    assert capsys.readouterr().out == "01234567: train 75 %\n"


@uses("emseg_trial_finished")
def use_finished(plugins, folder, capsys):
    spec = SimpleNamespace(model=SimpleNamespace(label="plane"))
    done = SimpleNamespace(spec=spec, profile=SimpleNamespace(train_seconds=12.3))
    failed = SimpleNamespace(spec=spec, profile=None, reason="too flat")
    assert plugins.trial_finished(done, folder) == plugins.trial_finished(failed, folder) == []
    assert capsys.readouterr().out == "plane: 12 s of training\nplane: too flat\n"


def only(cards: Any) -> Any:
    (card,) = cards
    return card


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_hook_is_documented_with_its_exact_signature(name):
    hook = getattr(hookspecs, name)
    assert hook.__doc__
    assert name in sections(), f"docs/plugins.md has no section about {name}"
    assert sections()[name]["signature"] == str(inspect.signature(hook)).replace("'", "")


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_example_works(name, tmp_path, monkeypatch, capsys):
    assert name in USES, f"no test uses {name}"
    (source,) = EXAMPLE.findall(sections()[name]["text"])
    module = ModuleType(f"example_of_{name}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    code = compile(source, f"docs/plugins.md, {name}", "exec", dont_inherit=True)
    exec(code, vars(module))  # noqa: S102 - our own document
    plugins = Plugins()
    plugins.register(module, name, "document", "1")
    assert plugins.catalogue.problems == []
    USES[name](plugins, tmp_path, capsys)


def test_weights_example_is_used_as_printed(tmp_path, toy, make_distribution, invoke, monkeypatch):
    site = tmp_path / "slope"
    site.mkdir()
    (source,) = EXAMPLE.findall(sections()["emseg_weights"]["text"])
    (site / "emseg_slope.py").write_text(source)
    make_distribution(site, "emseg-slope", {"slope": "emseg_slope"})
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    run = ("run", "--models", "slope@published", "--datasets", "toy-data", "--recipe", "smoke", "--dry-run")

    missing = invoke(*run)
    assert missing.code == 2
    assert "weights import FILE --as slope-2026" in missing.err
    save_file(nn.Conv2d(1, 1, 3).state_dict(), tmp_path / "found.safetensors")
    imported = invoke("weights", "import", tmp_path / "found.safetensors")
    assert imported.code == 0, imported.err
    assert "slope@published" in imported.out
    done = invoke(*run)
    assert done.code == 0, done.err
    assert "slope@published" in done.out
    three = invoke(*run[:2], "slope[side=5]@published", *run[3:])
    assert three.code == 2
    assert "no such weights are published for slope[side=5]; take slope[side=3]@published" in three.err
    sys.modules.pop("emseg_slope", None)


def test_no_other_hook_is_documented_or_used():
    assert set(sections()) == set(USES) == HOOKS
