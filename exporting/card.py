"""The page that goes with a package: what the model is, how it was trained, how well it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..benchmark.contracts.records import Record
from ..benchmark.files.wording import counted
from ..benchmark.trials.trial_names import data_name
from .citations import cited
from .comparing import ALLOWED, Difference
from .description import Description
from .scores import Scores


def card(
    told: Description,
    record: Record | None,
    scores: Scores | None,
    sample: str,
    licence: str,
    differences: Sequence[Difference],
) -> str:
    """Write the page as Markdown.

    Args:
        told: Of the model.
        record: Of its trial; None: not known.
        scores: Of its row; None: not known.
        sample: What the sample image is.
        licence: Of the weights.
        differences: From our own inference.
    """
    parts = [
        f"# {told.model}",
        f"{told.origin}. Exported by {told.exported_by}.",
        "## Use",
        *_use(told),
        "## Training data",
        _training(told, record),
        "## Validation",
        *_validation(scores),
        f"From the network in PyTorch the ONNX file differs, in shares of the logits' standard deviation (at "
        f"most {ALLOWED:g}), by: {'; '.join(map(str, differences))}.",
        f"The sample is {sample}. To validate on your own data, label some images that the model has not "
        "seen, and score its labels against them before you rely on it: images of another tissue, stain, "
        "microscope or pixel size may be segmented much worse.",
        "## Licence and citation",
        f"Weights: {licence}. The network's code: {told.code_licence}.",
        "\n".join(f"- {paper.text}" for paper in cited(citations(told, record))),
    ]
    return "\n\n".join(parts) + "\n"


def citations(told: Description, record: Record | None) -> tuple[str, ...]:
    """Give what is to be cited, for the network and for its data."""
    return (told.citation, record.spec.dataset.citation) if record else (told.citation,)


def _use(told: Description) -> Iterator[str]:
    names = ", ".join(f"{label} {name}" for label, name in enumerate(told.output.class_names))
    yield f"Classes: {names or 'not known'}. {told.output.labels.capitalize()} ({told.output.threshold:g})."
    yield (
        f"Input: {counted(told.input.channels, 'channel')}; stored values {told.input.low:g} to "
        f"{told.input.high:g} become 0 to 1: {told.input.scaling}, with mean "
        f"{_list(told.input.mean)} and std {_list(told.input.std)}; the package does so. "
        f"{told.input.padding} sides_multiple_of is {told.input.sides_multiple_of}, sides_at_least "
        f"{told.input.sides_at_least}."
    )
    if told.input.voxel_size_nm:
        sides = " x ".join(f"{side:g}" for side in told.input.voxel_size_nm)
        yield f"Trained on pixels of {sides} nm; rescale images whose pixels differ much."
    if told.window:
        yield f"Trained on crops of {told.window} px: cut larger images into overlapping windows of it."


def _training(told: Description, record: Record | None) -> str:
    if record is None:
        return f"Not known beyond this: {told.origin}."
    spec = record.spec
    recipe = spec.recipe
    return (
        f"{data_name(spec)} ({spec.dataset.citation}), as {recipe.name}: {recipe.iterations} steps of "
        f"{recipe.batch_size} crops of {recipe.crop} px, started from {spec.model.init}, seed {spec.seed}."
    )


def _validation(scores: Scores | None) -> Iterator[str]:
    if scores is None:
        yield "Nothing is known of how well it does: the weights come without the results of their trial."
        return
    yield (
        f"On {counted(scores.cases, 'test case')} of {scores.dataset} that it was not trained on; means over "
        f"{counted(scores.seeds, 'seed')} of training, intervals for {scores.confidence:.0%} (all of one "
        f"metric at once)."
    )
    yield "\n".join(f"- {score.metric}: {score}" for score in scores.metrics)
    if scores.own is not None and scores.seeds > 1:
        yield f"These very weights: {scores.metrics[0].metric} {scores.own:.3f}."


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)
