"""Search spaces as YAML: read as written, by a committed schema, and errors that name the key."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
import yaml
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.searching import Choice, FloatRange, IntRange
from emseg_bench.benchmark.plugins.loading import installed_plugins
from emseg_bench.benchmark.tuning.space.checking import check_space
from emseg_bench.benchmark.tuning.space.files import json_schema, read_space, space_text
from emseg_bench.benchmark.tuning.space.search_space import SearchSpace
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMA = Path(__file__).parents[3] / "docs/space.schema.json"
GOOD = """
recipe.learning_rate: {low: 1e-4, high: 0.01, log: true}
recipe.crop: {low: 64, high: 128, step: 32}
recipe.batch_size: [2, 4, 8]
recipe.augmentation.noise: {low: 0.0, high: 0.1, step: 0.05}
recipe.optimiser: [adamw, "sgd[nesterov=true]"]
models:
  segformer:
    model.size: [b0, b1]
    recipe.batch_size: {type: int, low: 2, high: 4}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text)
    return path


def check(folder: Path, text: str, model: str = "segformer", **asked: str) -> None:
    catalogue = installed_plugins().catalogue
    card = catalogue.find(catalogue.models, model).card
    recipe = catalogue.find(catalogue.recipes, "quick").card.recipe
    space = read_space(write(folder, text), model)
    check_space(space, recipe, card, catalogue, "space.yaml", asked)


def test_committed_schema_is_fresh():
    fresh = json.dumps(json_schema(), indent=2) + "\n"
    assert SCHEMA.read_text() == fresh, "write it anew: python scripts/space_schema.py"


def test_what_is_right_is_read_and_follows_the_schema(tmp_path):
    space = read_space(write(tmp_path, GOOD), "segformer")
    check(tmp_path, GOOD)
    assert space.parameters == {
        "recipe.learning_rate": FloatRange(low=1e-4, high=0.01, log=True),
        "recipe.crop": IntRange(low=64, high=128, step=32),
        "recipe.batch_size": IntRange(low=2, high=4),
        "recipe.augmentation.noise": FloatRange(low=0.0, high=0.1, step=0.05),
        "recipe.optimiser": Choice(choices=("adamw", "sgd[nesterov=true]")),
        "model.size": Choice(choices=("b0", "b1")),
    }
    of_others = read_space(tmp_path / "space.yaml", "unet").parameters
    assert of_others["recipe.batch_size"] == Choice(choices=(2, 4, 8))
    assert "model.size" not in of_others
    # 1e-4 is a text in YAML 1.1, which editors know
    jsonschema.validate(yaml.safe_load(GOOD.replace("1e-4", "0.0001")), json_schema())


BAD = {
    "": ("expected keys such as 'recipe.learning_rate:'",),
    "[a, b]": ("expected keys such as",),
    "recipe.learning_rate: 0.1": ("space.yaml: recipe.learning_rate", "got 0.1", "list of choices"),
    "recipe.learning_rate: {low: 0.1}": ("recipe.learning_rate.high", "missing"),
    "recipe.learning_rate: {low: 0.1, hihg: 1.0}": ("recipe.learning_rate.hihg", "did you mean 'high'?"),
    "recipe.learning_rate: {low: 0.1, high: 0.01}": ("recipe.learning_rate", "low=0.1 and high=0.01", "less"),
    "recipe.learning_rate: {low: 0.1, high: 0.1}": ("less than high", "a single value is set by --set"),
    "recipe.learning_rate: {low: 0.0, high: 0.1, log: true}": ("low=0", "log: true", "more than 0"),
    "recipe.learning_rate: {low: 0.1, high: 1.0, log: true, step: 0.1}": ("step=0.1", "one of both"),
    "recipe.warmup: {low: 0.0, high: 0.25, step: 0.1}": ("step=0.1 from 0 to 0.25", "high=0.2"),
    "recipe.warmup: {low: 0.0, high: 0.2, step: -0.1}": ("step=-0.1", "more than 0"),
    "recipe.warmup: {low: 0.0, high: .inf}": ("recipe.warmup.high", "finite"),
    "recipe.warmup: {low: 0.0, high: 1.5}": ("recipe.warmup", "got 1.5", "less than 1"),
    "recipe.warmup: {low: 0, high: 1}": ("recipe.warmup", "whole numbers", "{low: 0.0, high: 1.0}"),
    "recipe.crop: {low: 64.5, high: 128}": ("recipe.crop", "fractions", "whole numbers"),
    "recipe.crop: {low: 8, high: 128}": ("recipe.crop", "got 8", "greater than or equal to 16"),
    "recipe.crop: [64]": ("recipe.crop", "1 choice", "a single value is set by --set"),
    "recipe.crop: [64, 96, 64]": ("recipe.crop", "64 twice"),
    "recipe.crop: []": ("recipe.crop", "at least 1 item"),
    "recipe.crop: [64, [96]]": ("recipe.crop: got the choice [96], expected a text or number",),
    "recipe.crop: [64, null]": ("recipe.crop: got the choice None",),
    "recipe.optimiser: [adamw, 2026-11-29]": ("recipe.optimiser: got the choice datetime.date",),
    "recipe.crop: null": ("recipe.crop: got None", "list of choices"),
    "model: [1, 2]": ("model: there is no such key",),
    "optimiser.nesterov: [true, false]": ("optimiser.nesterov: there is no such key",),
    "recipe.learning_rate: [1e-4, 1e-3]": ("'1e-4'", "1.0e-4 for a number"),
    "recipe.crop: {type: real, low: 1, high: 2}": ("type: real", "float, int, choice"),
    "recipe.decay_vectors: {low: 0, high: 1}": ("recipe.decay_vectors", "[true, false]"),
    "recipe.decay_vectors: [yes, perhaps]": ("recipe.decay_vectors", "'perhaps'", "[true, false]"),
    "recipe.learningrate: [0.1, 0.2]": ("there is no such key", "did you mean 'recipe.learning_rate'"),
    "learning_rate: [0.1, 0.2]": ("there is no such key", "recipe.learning_rate"),
    "recipe.augmentation.nose: [0.1, 0.2]": ("did you mean 'recipe.augmentation.noise'",),
    "recipe.class_weights: [1, 2]": ("recipe.class_weights", "there is no such key"),
    "recipe.validations: [1, 2]": ("recipe.validations", "cannot be tuned", "judged by"),
    "recipe.precision: [fp32, bf16]": ("recipe.precision", "cannot be tuned"),
    "recipe.loss: [emseg-v1, emseg-v9]": ("no loss is called 'emseg-v9'", "did you mean 'emseg-v1'"),
    "recipe.augmentation.noise: [0.1, 2.0]": ("recipe.augmentation.noise", "got 2.0", "less than 1"),
    "recipe.augmentation: [emseg-v1, retina-2025]\nrecipe.augmentation.noise: [0.1, 0.2]": (
        "recipe.augmentation is tuned as a whole, too",
    ),
    "recipe.ce_weight: [0, 1]\nrecipe.dice_weight: [0, 1]": ("both 0", "space.yaml"),
    "recipe.ce_weight: {low: 0.0, high: 1.0}\nrecipe.ce_weight: [1, 2]": ("stands twice",),
    "model.siez: [b0, b1]": ("model.siez", "did you mean 'model.size'"),
    "model.size: [b0, b9]": ("model.size", "'b9'", "b5"),
    "models: {segfomer: {model.size: [b0, b1]}}": ("no model is called 'segfomer'", "did you mean"),
    "models: [a]": ("models", "expected models by name"),
    "models: {segformer: 3}": ("models.segformer", "got 3"),
    "recipe.crop: {low: 16, high: 1" + 90 * "0" + "}": (
        "recipe.crop: got 1000",
        "less than or equal to 32768",
    ),
    "recipe.ce_weight: {low: -1e308, high: 1e308}": ("recipe.ce_weight: got -1e+308",),
    '"recipe.\\e[31mcrop": [64, 96]': ("recipe.\\x1b[31mcrop", "no such key"),
    "recipe." + 900 * "a" + ": [64, 96]": ("recipe.aaaa", "…", "no such key"),
    "\n".join(f"recipe.key{i}: [1, 2]" for i in range(101)): ("got 101 parameters, expected 1 to 100",),
    "a: &a [1, 2]\nrecipe.crop: {low: *a, high: 128}": ("recipe.crop.low", "got [1, 2]"),
    "recipe.crop: " + 100 * "[" + 100 * "]": ("not valid YAML", "levels deep"),
    "recipe.crop: !!python/name:os.system ''": ("not valid YAML",),
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: ascii(text)[:60])
def test_what_is_wrong_is_told_with_its_key(text, tmp_path):
    with pytest.raises(UsageError) as caught:
        check(tmp_path, text)
    for gist in BAD[text]:
        assert gist in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
    assert len(str(caught.value)) < 2500
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "gist"), [("none.yaml", "none.yaml"), (".", "folder"), ("pipe", "named pipe")]
)
def test_what_is_no_file_is_told(name, gist, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=gist):
        read_space(tmp_path / name)


def test_an_option_is_either_asked_for_or_tuned(tmp_path):
    with pytest.raises(UsageError, match=r"asked for with size=b1.*say one"):
        check(tmp_path, "model.size: [b0, b2]", size="b1")


def test_of_a_model_without_options_none_is_tuned(tmp_path):
    with pytest.raises(UsageError, match="transunet takes no options"):
        check(tmp_path, "model.size: [b0, b2]", "transunet")


def ranges() -> st.SearchStrategy:
    whole = st.tuples(st.integers(1, 10**6), st.integers(1, 10**6), st.booleans())
    fractions = st.tuples(st.floats(1e-9, 1e6), st.floats(1e-9, 1e6), st.booleans())
    return st.one_of(
        whole.map(lambda one: IntRange(low=one[0], high=one[0] + one[1], log=one[2])),
        st.tuples(st.integers(-9, 9), st.integers(1, 9), st.integers(1, 99)).map(
            lambda one: IntRange(low=one[0], high=one[0] + one[1] * one[2], step=one[1])
        ),
        fractions.map(lambda one: FloatRange(low=one[0], high=one[0] + one[1], log=one[2])),
    )


def choices() -> st.SearchStrategy:
    values = st.one_of(
        st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=9)
    )
    several = st.lists(values, min_size=2, max_size=5, unique=True)
    return several.map(lambda one: Choice(choices=tuple(one)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(ranges(), choices()), min_size=1, max_size=6))
def test_what_is_written_is_read_as_the_same(tmp_path_factory, parameters):
    space = SearchSpace({f"recipe.key{number}": one for number, one in enumerate(parameters)})
    path = tmp_path_factory.getbasetemp() / "space.yaml"
    path.write_text(space_text(space), encoding="utf-8")
    again = read_space(path)
    assert again == space
    told = [[type(one) for one in getattr(p, "choices", ())] for p in space.parameters.values()]
    assert [[type(one) for one in getattr(p, "choices", ())] for p in again.parameters.values()] == told
