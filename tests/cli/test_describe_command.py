"""``emseg-bench describe``: the card whole, for people and for machines."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from emseg_bench.benchmark.plugins.kinds import KINDS
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.plugins.registry import Catalogue


def test_a_models_card_is_whole(invoke):
    data = json.loads(invoke("describe", "model", "retina", "--json").out)
    assert data["kind"] == "model"
    assert (data["family"], data["parameters"], data["size divisor"]) == ("hybrid", 22_201_169, 16)
    assert "doi:10.1371/journal.pcbi.1013115" in data["citation"]
    assert (data["licence"], data["distribution"]) == ("MIT", "emseg-bench")
    hidden, train, context = data["options"]
    assert (hidden["name"], hidden["type"], hidden["default"]) == ("hidden", "192 | 768", 192)
    assert hidden["description"].startswith("Width of the transformer")
    assert (train["name"], train["type"]) == ("train", "all | head | norm | last-N | lora")
    assert (train["default"], data["backbone"]) == ("all", ["transformer."])
    assert (context["name"], context["default"]) == ("context", 0)
    assert [(init["name"], init["default"]) for init in data["initialisations"]] == [
        ("cem500k-reconstruction", True),
        ("scratch", False),
        ("imagenet21k", False),
        ("file", False),
    ]


def test_what_follows_from_a_models_options_is_called_so(invoke):
    data = json.loads(invoke("describe", "model", "vit-seg", "--json").out)
    assert data["size divisor"] == "by options"
    data = json.loads(invoke("describe", "model", "affinity-unet", "--json").out)
    assert (data["size divisor"], data["extra outputs"], data["decoder"]) == (32, "by options", "by options")
    rows = {row["name"]: row for row in json.loads(invoke("list", "models", "--json").out)}
    assert rows["vit-seg"]["size divisor"] == "by options"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_every_field_of_every_kind_of_card_is_shown(invoke, kind):
    name = "vnc" if kind.key == "dataset" else next(iter(load_plugins().catalogue.registry(kind))).name
    data = json.loads(invoke("describe", kind.key, name, "--json").out)
    told = {key.partition(" of the ")[0].replace(" ", "_") for key in data}
    code = {"factory", "format", "source", "reconstruction", "convert"}
    assert {field.name for field in fields(kind.card_type)} - code - {"title"} <= told
    assert invoke("describe", kind.key, name).out.startswith(f"kind: {kind.key}\nname: {name}\n")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_every_kind_is_listed(invoke, kind):
    rows = json.loads(invoke("list", kind.registry.replace("_", "-"), "--json").out)
    names = [str(row.get("name", row.get("method"))).partition(":")[0] for row in rows]
    assert set(names) == {card.name for card in load_plugins().catalogue.registry(kind)} != set()


def test_the_catalogue_has_a_registry_of_every_kind():
    kept = {field.name for field in fields(Catalogue)} - {"problems"}
    assert kept == {kind.registry for kind in KINDS}


def test_what_a_dataset_is_published_as(invoke):
    data = json.loads(invoke("describe", "dataset", "vnc", "--json").out)
    (file,) = data["files"]
    assert file["sha256"].startswith("f7bd0db0")
    assert (data["version of the conversion"], data["version"]) == (1, "0.1.0")
    assert f"file {file['name']}: url {file['url']}, sha256 " in invoke("describe", "dataset", "vnc").out


def test_a_pipe_gets_a_line_for_each(invoke):
    done = invoke("describe", "model", "nnunet-resenc")
    lines = done.out.splitlines()
    assert lines[:2] == ["kind: model", "name: nnunet-resenc"]
    assert "parameters: 71,814,625" in lines
    assert "encoder: –" in lines
    assert any(
        line.startswith("option stages: type int, default 6, constraints at least 2") for line in lines
    )
    assert "initialisation scratch: default yes, description random weights from the trial's seed" in lines


def test_a_terminal_gets_it_laid_out(invoke, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    out = invoke("describe", "metric", "iou").out
    assert "metric iou" in out
    assert "kind:" not in out
    assert "Intersection over union" in out


def test_a_strangers_model_is_described(invoke, tiny):
    data = json.loads(invoke("describe", "model", "tiny", "--json").out)
    assert (data["distribution"], data["version"]) == ("emseg-tiny", "1.0")
    assert data["options"][0]["name"] == "width"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("model", "retinna"), "no model is called 'retinna'; did you mean 'retina'?"),
        (("metric", "dise"), "no metric is called 'dise'; did you mean 'dice'?"),
        (("dataset", "syntetic-em"), "did you mean 'synthetic-em'?"),
        (("modl", "unet"), "Did you mean 'model'?"),
        (("model",), "Missing argument"),
    ],
)
def test_wrong_names_are_told(invoke, arguments, message):
    done = invoke("describe", *arguments)
    assert done.code == 2
    assert message in done.err
    assert done.out == ""


def test_the_open_end_of_a_range_is_null(invoke):
    """JSON has no infinity."""
    told = json.loads(invoke("describe", "metric", "hd95", "--json").out, parse_constant=pytest.fail)
    assert told["range"] == [0.0, None]
    assert "inf" in invoke("describe", "metric", "hd95").out


def test_samplers_and_pruners_are_listed_and_described(invoke):
    rows = json.loads(invoke("list", "samplers", "--json").out)
    assert rows[0]["name"] == "tpe"
    assert "startup" in rows[0]["options"]
    assert [row["name"] for row in json.loads(invoke("list", "pruners", "--json").out)][:2] == [
        "none",
        "median",
    ]
    data = json.loads(invoke("describe", "sampler", "cmaes", "--json").out)
    assert (data["several objectives"], data["learns from choices"]) == (False, False)
    assert "option warmup: type int, default 0" in invoke("describe", "pruner", "median").out


def test_what_tuning_tries_of_a_model_is_shown(invoke):
    data = json.loads(invoke("describe", "model", "segformer", "--json").out)
    assert data["search_space"] == [{"name": "size", "tried": "b0 | b1 | b2"}]
    assert "search_space size: tried b0 | b1 | b2" in invoke("describe", "model", "segformer").out
