"""Trials of models that see slices with their neighbours: from volumes on disk to label maps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.data import Case, Manifest, Sample
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.experiments import model_planning
from emseg_bench.benchmark.experiments.opening import reopen_dataset
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.trials.kept_labels import KeptLabels
from emseg_bench.benchmark.trials.neighbouring import WithNeighbours, without_neighbours
from emseg_bench.benchmark.trials.records import load_record
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.benchmark.weights.weight_info import read_info
from PIL import Image
from safetensors.torch import load_file


def case(section: int | None, split: str = "train", group: str | None = "v", **changes: object) -> Case:
    made = Case(
        id=f"{split}-{group}-{section}",
        split=split,
        height=2,
        width=3,
        sha256="0",
        group=group,
        section=section,
    )
    return replace(made, **changes)


class Sections:
    """Slices that hold the number of their section."""

    def __init__(self, *cases: Case) -> None:
        self.manifest = Manifest(
            dataset="d",
            class_names=("background", "x"),
            channels=1,
            mean=(0.5,),
            std=(0.2,),
            cases=cases,
            split_rule="",
        )

    def read(self, case: Case) -> Sample:
        sides = case.sides
        return Sample(np.full((1, *sides), case.section or 0, np.uint8), np.zeros(sides, np.uint8))


def seen(dataset: WithNeighbours, case: Case) -> list[int]:
    return dataset.read(case).image[:, 0, 0].tolist()


def test_neighbours_are_slices_of_the_same_volume_and_split():
    cases = [
        *(case(section) for section in (3, 4, 5, 8)),
        case(6, "val"),
        case(4, group="other"),
        case(5, group="w", height=4),
    ]
    dataset = WithNeighbours(Sections(*cases), 2)
    assert seen(dataset, cases[1]) == [3, 3, 4, 5, 5], "6 is of another split; 2 and 7 are not there"
    assert seen(dataset, cases[3]) == [8, 8, 8, 8, 8]
    assert seen(dataset, cases[0]) == [3, 3, 3, 4, 5]
    assert seen(dataset, cases[4]) == [6] * 5
    assert (dataset.manifest.channels, dataset.manifest.mean, dataset.manifest.std) == (
        5,
        (0.5,) * 5,
        (0.2,) * 5,
    )


def test_volumes_stay_whole_and_pictures_show_the_slice_alone():
    volume = case(None, "test", depth=4)
    dataset = WithNeighbours(Sections(case(1), case(2), volume), 1)
    whole = dataset.read(volume)
    assert whole.image.shape == (1, 4, 2, 3)
    assert without_neighbours(whole, 1) is whole
    assert without_neighbours(dataset.read(case(2)), 1).image.tolist() == np.full((1, 2, 3), 2).tolist()


@pytest.fixture
def cells(work: Path) -> str:
    """Two volumes with labels: one that trains and validates, one to test on."""
    Path("cells").mkdir()
    rng = np.random.default_rng(0)
    lines = ["classes: [background, mitochondria]", "volumes:"]
    for split, depth in (("train", 6), ("val", 3), ("test", 5)):
        masks = (rng.random((depth, 40, 40)) < 0.3).astype(np.uint8)
        greys = (masks * 100 + rng.integers(0, 60, masks.shape)).astype(np.uint8)
        tifffile.imwrite(f"cells/{split}.tif", greys, photometric="minisblack")
        tifffile.imwrite(f"cells/{split}_labels.tif", masks, photometric="minisblack")
        lines.append(
            f"  - {{image: {split}.tif, labels: {split}_labels.tif, split: {split}, group: {split}}}"
        )
    Path("cells/dataset.yaml").write_text("\n".join(lines))
    return f"volume:{work}/cells"


def test_a_trial_sees_neighbours_and_predict_does_as_it_did(cells, make_job, runtime, invoke):
    job = make_job("toy-plain[context=1]", dataset=cells)
    assert job.spec.model.label == "toy-plain[context=1]@scratch"
    run_trial(job, runtime, lambda _: None)
    folder = TrialFolder(job.folder)
    record, info = load_record(folder), read_info(folder.weights)
    assert record.profile.input_shape[1] == 3
    assert (info.channels, info.context) == (3, 1)
    assert load_file(folder.weights)["0.0.weight"].shape[1] == 3
    dataset = reopen_dataset(job.spec.dataset, load_plugins().catalogue, Path(runtime.cache))
    reader = KeptLabels(folder.predictions, dataset.manifest.split("test"))
    kept = np.stack([reader.read(number, (40, 40)) for number in range(5)])
    done = invoke("predict", "cells/test.tif", "--weights", folder.weights, "--out", "maps")
    assert done.code == 0, done.err
    # of volumes a network gives votes of 8 bit, so pixels on the threshold are rounded otherwise
    assert (tifffile.imread("maps/test.tif") != kept).mean() < 0.02
    Image.fromarray(np.zeros((40, 40), np.uint8)).save("one.png")
    refused = invoke("predict", "one.png", "--weights", folder.weights, "--out", "others")
    assert refused.code == 2
    assert "sees a slice with its neighbours, which an image does not have" in refused.err
    assert not Path("others").exists()
    exported = invoke("export", folder.weights, "--format", "torch-export", "--out", "exported")
    assert exported.code == 2
    assert "context=1" in exported.err


@pytest.mark.parametrize(
    ("model", "dataset", "words"),
    [
        ("toy[context=1]", "toy-data", "has no place in a volume"),
        ("toy[context=17]", "toy-volumes", "on either side, 0 to 16"),
        ("toy[context=x]", "toy-volumes", "on either side, 0 to 16"),
        ("toy[contxt=1]", "toy-volumes", "context"),
    ],
)
def test_what_has_no_neighbours_is_refused_when_planned(model, dataset, words, make_job):
    with pytest.raises(UsageError, match=words):
        make_job(model, dataset=dataset)


def test_a_card_says_how_many_neighbours_its_network_sees(toy, monkeypatch):
    catalogue = load_plugins().catalogue
    offer = catalogue.models.offers["toy"]
    seeing = replace(offer, card=replace(offer.card, context=1))
    monkeypatch.setitem(catalogue.models.offers, "toy", seeing)
    (model, _), (other, _) = (
        model_planning._plan_model(text, catalogue, None, strict=False) for text in ("toy", "toy[context=0]")
    )
    assert (model.context, model.label) == (1, "toy@scratch")
    assert (other.context, other.label) == (0, "toy[context=0]@scratch")


def test_without_neighbours_nothing_changes(make_job):
    plain, zero = (make_job(model, folder=model).fingerprint for model in ("toy", "toy[context=0]"))
    assert plain == zero
