"""The kinds of what plugins offer, a line each: all that loading, lookups, lists and checks know of a kind.

A new kind is a card in `contracts/cards.py`, a hook in `contracts/hookspecs.py`, a registry in the
`Catalogue`, and a line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class PluginKind:
    """One kind of card."""

    key: str
    """What it is called in commands: ``describe model``, ``plugins check model:unet``."""
    hook: str
    """Returns its cards."""
    card: str
    """Name of their class in `contracts.cards`; listing kinds imports none of them."""
    registry: str
    """The attribute of the `Catalogue` that keeps them, and the verb of ``list`` that shows them."""
    noun: str
    """What one of them is called in sentences."""
    summary: str
    """What they are, for help."""

    @property
    def card_type(self) -> type[Any]:
        """The class of its cards."""
        from ..contracts import cards

        found: type[Any] = getattr(cards, self.card)
        return found


KINDS: Final = (
    PluginKind(
        "model",
        "emseg_models",
        "ModelCard",
        "models",
        "model",
        "Networks, with family, parameters, initialisations and size divisor (px).",
    ),
    PluginKind(
        "dataset", "emseg_datasets", "DatasetCard", "datasets", "dataset", "Sources of labelled images."
    ),
    PluginKind("metric", "emseg_metrics", "MetricCard", "metrics", "metric", "Scores."),
    PluginKind(
        "weights",
        "emseg_weights",
        "WeightsCard",
        "weights",
        "weight file",
        "Weight files that were published.",
    ),
    PluginKind(
        "pretraining",
        "emseg_pretraining_methods",
        "PretrainingCard",
        "pretraining",
        "pre-training method",
        "Ways to learn from images without labels.",
    ),
    PluginKind("recipe", "emseg_recipes", "RecipeCard", "recipes", "recipe", "Ways to train."),
    PluginKind("loss", "emseg_losses", "LossCard", "losses", "loss", "What training makes small."),
    PluginKind(
        "schedule",
        "emseg_schedules",
        "ScheduleCard",
        "schedules",
        "schedule",
        "How the learning rate falls.",
    ),
    PluginKind(
        "optimiser",
        "emseg_optimisers",
        "OptimiserCard",
        "optimisers",
        "optimiser",
        "What changes the weights.",
    ),
    PluginKind(
        "augmentation",
        "emseg_augmentations",
        "AugmentationCard",
        "augmentations",
        "augmentation",
        "How training crops are cut and changed.",
    ),
    PluginKind("protocol", "emseg_protocols", "ProtocolCard", "protocols", "protocol", "Ways to score."),
    PluginKind(
        "postprocessing",
        "emseg_postprocessing",
        "PostProcessingCard",
        "postprocessing",
        "post-processing step",
        "What tidies predicted label maps.",
    ),
    PluginKind(
        "decoder",
        "emseg_decoders",
        "DecoderCard",
        "decoders",
        "decoder",
        "What finds objects in label maps and probabilities.",
    ),
    PluginKind("executor", "emseg_executors", "ExecutorCard", "executors", "executor", "Ways to run trials."),
    PluginKind(
        "section",
        "emseg_report_sections",
        "ReportSectionCard",
        "report_sections",
        "report section",
        "Parts of the report page.",
    ),
)

BY_KEY: Final = {kind.key: kind for kind in KINDS}
