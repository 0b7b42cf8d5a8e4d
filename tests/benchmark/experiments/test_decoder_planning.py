"""What finds predicted objects: the protocol's decoder, or the model's own, if both and the data fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emseg_bench.benchmark.contracts.cards import DecoderCard, ModelCard
from emseg_bench.benchmark.contracts.data import Case, ExtraOutput, Manifest
from emseg_bench.benchmark.contracts.errors import PluginError, UsageError
from emseg_bench.benchmark.contracts.records import ModelSpec, Provider
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.experiments.decoder_planning import plan_decoder
from emseg_bench.benchmark.experiments.metric_planning import plan_metric
from emseg_bench.benchmark.plugins.by_options import decoder_of, extra_outputs, size_divisor
from emseg_bench.benchmark.plugins.loading import installed_plugins
from emseg_bench.benchmark.plugins.registry import Offer

AFFINITY = ExtraOutput(kind="affinity", offset=(0, -1))
CATALOGUE = installed_plugins().catalogue
OBJECTS, PIXELS = (plan_metric(name, CATALOGUE) for name in ("pq", "iou"))
WATERSHED = "watershed[min_distance_px=5]"


def card(**more) -> ModelCard:
    told = {"family": "cnn", "description": "d", "factory": "m:f", "citation": "c", "licence": "l"}
    return ModelCard(name="mine", **told, **more)


def offer(kind, **more) -> Offer:
    return Offer(card=kind, distribution="emseg-mine", version="1", **more)


def case(depth=None) -> Case:
    return Case(id="a", split="test", depth=depth, height=9, width=9, sha256="")


def manifest(*cases: Case, **more) -> Manifest:
    told = {"class_names": ("background", "cell"), "channels": 1, "mean": (0.5,), "std": (0.2,)}
    return Manifest(dataset="data", cases=cases or (case(),), split_rule="", **told, **more)


@pytest.fixture
def planned(monkeypatch):
    """Gives what plans a decoder for a model of a card, among decoders of which one reads affinities."""

    def plan(model: ModelCard, decoder="", metrics=(OBJECTS,), data=None, **needs):
        told = {"description": "d", "factory": "m:f", "reads": ("affinity",)}
        reader = DecoderCard(name="joiner", **told | needs)
        for registry, one in ((CATALOGUE.models, model), (CATALOGUE.decoders, reader)):
            monkeypatch.setitem(registry.offers, one.name, offer(one))
        monkeypatch.setattr("emseg_bench.benchmark.experiments.methods.provider_of", provider)
        spec = ModelSpec(
            name="mine",
            options={},
            init="scratch",
            requested_init="scratch",
            provider=provider(None),
            label="mine@scratch",
            family="cnn",
            citation="c",
            size_divisor=1,
            extra_outputs=model.extra_outputs,
        )
        protocol = ScoringProtocol(name="p", decoder=decoder)
        return plan_decoder(spec, protocol, metrics, data or manifest(), CATALOGUE)

    return plan


def provider(_) -> Provider:
    return Provider(distribution="emseg-mine", version="1", source_sha256="0")


def test_the_protocols_decoder_goes_before_the_models_own(planned):
    own, none = card(decoder=WATERSHED), card()
    assert planned(none).reference == planned(none, "components").reference == ""
    assert planned(own).reference == WATERSHED
    assert planned(own, "components").reference == ""
    assert planned(own, "watershed").reference == "watershed"
    assert planned(own, metrics=(PIXELS,)).reference == ""
    assert planned(own).methods == ()  # its code is the engine's


def test_what_another_package_brings_is_put_on_record(planned):
    model = card(extra_outputs=(AFFINITY,), decoder="joiner")
    found = planned(model, metrics=(PIXELS, OBJECTS))
    assert found.reference == "joiner"
    assert [(one.kind, one.name) for one in found.methods] == [("decoder", "joiner")]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"model": card(), "decoder": "joiner"}, "reads affinity outputs, and mine@scratch gives none"),
        ({"model": card(), "decoder": "watershed", "metrics": (PIXELS,)}, "none of the metrics iou compares"),
        (
            {"data": manifest(case(5), axes="orthoplane")},
            "set its axes to stack, or --set protocol.decoder=components",
        ),
        (
            {"data": manifest(case(5)), "needs": ("probabilities",)},
            "needs probabilities, and data is",
        ),
        ({"needs": ("voxel size",)}, "needs the voxel size of data, which is not known"),
    ],
)
def test_what_does_not_fit_is_told(planned, asked, words):
    with pytest.raises(UsageError, match=words):
        planned(**{"model": card(extra_outputs=(AFFINITY,), decoder="joiner")} | asked)


def test_images_are_not_cut_along_axes(planned):
    model = card(extra_outputs=(AFFINITY,), decoder="joiner")
    assert planned(model, data=manifest(axes="orthoplane"), needs=("probabilities",)).reference == "joiner"


def test_cards_say_things_by_options():
    def twice(side: int) -> int:
        return 2 * side

    model = card(
        size_divisor=twice,
        extra_outputs=lambda side: (AFFINITY,) * side,
        decoder=lambda side: f"watershed[min_distance_px={side}]",
    )
    assert size_divisor(offer(model), {"side": 3}) == 6
    assert size_divisor(offer(model), {"side": 3, "train": "head", "context": 1}) == 6
    assert extra_outputs(offer(model), {"side": 2}) == (AFFINITY, AFFINITY)
    assert decoder_of(offer(model), {"side": 4}) == "watershed[min_distance_px=4]"
    named = replace(model, size_divisor="math:prod", extra_outputs=(), decoder="")
    assert extra_outputs(offer(named), {}) == ()
    assert decoder_of(offer(named), {}) == ""
    with pytest.raises(PluginError, match="asking for its size_divisor failed with TypeError"):
        size_divisor(offer(named), {"side": 3})


@pytest.mark.parametrize(
    ("ask", "said", "words"),
    [
        (size_divisor, {"size_divisor": lambda: 0}, "its size_divisor is 0, expected"),
        (size_divisor, {"size_divisor": lambda: 2.0}, "its size_divisor is 2.0, expected"),
        (extra_outputs, {"extra_outputs": lambda: 3}, "its extra_outputs are 3, expected a tuple"),
        (extra_outputs, {"extra_outputs": ("affinity",)}, "expected a tuple of ExtraOutput"),
        (decoder_of, {"decoder": lambda: None}, "its decoder is None, expected a reference"),
    ],
)
def test_what_they_say_wrongly_is_told(ask, said, words):
    with pytest.raises(PluginError, match=words):
        ask(offer(card(**said)), {})
