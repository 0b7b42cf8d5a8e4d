"""What a model owes: the right output, whatever the size and the channels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..benchmark.contracts.cards import ModelCard
from ..benchmark.contracts.errors import EmsegError
from ..benchmark.evaluation.inference import inference
from ..benchmark.evaluation.sliding_window import predict_logits
from ..benchmark.evaluation.whole_image import predict_padded
from ..benchmark.plugins.strangers import RAISED, describe_error
from . import card_checks
from .findings import BlockedError, Check, ContractError
from .model_bench import BATCH, ModelBench, evaluate, make_images
from .model_training_checks import CHECKS as TRAINING_CHECKS
from .model_training_checks import check_auxiliary_loss
from .option_values import other_values
from .other_options import try_others
from .source_checks import CHECKS as SOURCE_CHECKS

TOLERANCE = 1e-4
"""Of one image against the same in a batch, in standard deviations of the logits."""

CHANNELS, CLASSES = 3, 3
"""Of the network for colour images and several classes."""


def checks_for(card: ModelCard, *, is_default: bool) -> tuple[Check, ...]:
    """Give the checks that a model's card calls for, in order.

    Args:
        card: Of the model.
        is_default: Whether its options are the defaults, whose number of parameters the card tells.
    """
    named = (check_encoder,) if card.encoder is not None else ()
    frozen = (check_backbone,) if card.backbone else ()
    other = (check_other_options,) if other_values(card.options) and is_default else ()
    counted = (check_parameters,) if card.parameters is not None and is_default else ()
    sources = SOURCE_CHECKS if any(init.source is not None for init in card.initialisations) else ()
    more = (check_auxiliary_loss,) if card.extra_outputs else ()
    return (
        *card_checks.CHECKS,
        *CHECKS,
        *counted,
        *named,
        *frozen,
        *TRAINING_CHECKS,
        *more,
        *sources,
        *other,
    )


def check_builds(bench: ModelBench) -> None:
    """The factory makes a module for one channel and one output."""
    bench.factory()
    try:
        network = bench.built
    except RAISED as error:
        raise ContractError(describe_error(error), "a module", "Mend the factory") from error
    if not isinstance(network, nn.Module):
        raise ContractError(f"a {type(network).__name__}", "an nn.Module", "Return the network itself")


def check_factory_silent(bench: ModelBench) -> None:
    """The factory prints nothing."""
    _ = bench.network
    if bench.printed:
        raise ContractError(
            f"{bench.printed.splitlines()[0]!r} on standard output or error",
            "nothing",
            "Take the print, warning or log message out of the factory",
        )


def check_factory_offline(bench: ModelBench) -> None:
    """The factory does not reach for the network."""
    _ = bench.network
    if bench.attempts:
        raise ContractError(
            bench.attempts[0],
            "no use of the network",
            "Build with random weights, and fetch published ones in the WeightSource of an Initialisation",
        )


def check_output_shape(bench: ModelBench) -> None:
    """Images (N, 1, H, W) float32 become logits (N, 1, H, W) float32, and the card's extra outputs."""
    _ = bench.network
    try:
        output = bench.output
    except RAISED as error:
        raise ContractError(describe_error(error), "logits", "Mend the network in evaluation mode") from error
    _expect(output, (BATCH, 1 + bench.extra, bench.side, bench.side))


def check_channels_and_classes(bench: ModelBench) -> None:
    """It takes 3 channels and gives an output for each of 3 classes.

    A network for grey images alone may refuse 3 channels: its factory raises an `EmsegError`.
    """
    _ = bench.logits
    try:
        network = bench.build(CHANNELS, CLASSES, 0)
    except EmsegError:
        return
    images = make_images(1, CHANNELS, bench.side)
    _expect(evaluate(network, images), (1, CLASSES + bench.extra, bench.side, bench.side))


def check_odd_sides(bench: ModelBench) -> None:
    """Images of any size get logits of their size, once padded to multiples of the card's size_divisor."""
    _ = bench.logits
    height, width = bench.side - 27, bench.side - 11
    image, divisor = bench.images[0, :, :height, :width], bench.divisor
    try:
        with inference(bench.network, "cpu", "fp32"):
            padded = predict_padded(bench.network, image, divisor)
            windowed = _by_windows(bench.network, image, bench.side, divisor)
    except RAISED as error:
        raise ContractError(
            f"{height} x {width} px: {describe_error(error)}",
            f"logits of that size, from sides that are multiples of {divisor} px",
            "Give the card the size_divisor that the network needs",
        ) from error
    for logits in (padded, windowed):
        _expect(logits, (1 + bench.extra, height, width))


def check_finite(bench: ModelBench) -> None:
    """Ordinary images give finite logits."""
    try:
        logits = bench.output
    except RAISED as error:
        raise BlockedError("it cannot be evaluated") from error
    if not isinstance(logits, Tensor):
        raise BlockedError("its output is no tensor")
    if wrong := int((~torch.isfinite(logits)).sum()):
        raise ContractError(
            f"{wrong} of {logits.numel()} logits that are NaN or infinite",
            "finite numbers from an image of mean 0 and standard deviation 1",
            "Look for divisions by 0, logarithms and overflow",
        )


def check_evaluation_deterministic(bench: ModelBench) -> None:
    """In evaluation mode the same images give the same logits twice."""
    if not bench.is_deterministic:
        raise ContractError(
            "other logits the second time",
            "the same in evaluation mode",
            "Let random layers and running statistics follow module.training",
        )


def check_batch_independent(bench: ModelBench) -> None:
    """In evaluation mode an image's logits do not depend on what else is in the batch."""
    together, alone = bench.steady_logits, evaluate(bench.network, bench.images[:1])
    apart = float((alone - together[:1]).abs().max() / together.std().clamp_min(1e-12))
    if not apart <= TOLERANCE:
        raise ContractError(
            f"logits that differ by {apart:.1e} standard deviations from those in a batch of {BATCH}",
            f"at most {TOLERANCE:.0e}",
            "In evaluation mode, compute no statistics over the batch",
        )


def check_parameters(bench: ModelBench) -> None:
    """The card's number of parameters is that of the network with default options."""
    count = sum(parameter.numel() for parameter in bench.network.parameters())
    if count != bench.card.parameters:
        raise ContractError(
            f"{bench.card.parameters:,} on the card", f"{count:,}", "Correct ModelCard.parameters"
        )


def check_other_options(bench: ModelBench) -> None:
    """Other values of its options, one at a time, are refused with an `EmsegError` or give logits, too.

    Each choice is tried, both truths and the ends of ranges, as many as go into half a minute.
    """
    _ = bench.logits
    try_others(bench, _try_options, "logits")


def _try_options(bench: ModelBench) -> None:
    _expect(
        evaluate(bench.build(bench.channels, 1, 0), bench.images),
        (BATCH, 1 + bench.extra, bench.side, bench.side),
    )


def check_encoder(bench: ModelBench) -> None:
    """The card's encoder is a part of the network."""
    try:
        bench.network.get_submodule(bench.card.encoder)
    except AttributeError as error:
        parts = ", ".join(name for name, _ in bench.network.named_children())
        raise ContractError(
            f"{bench.card.encoder!r} as encoder", f"a submodule: {parts}", "Correct ModelCard.encoder"
        ) from error


def check_backbone(bench: ModelBench) -> None:
    """The card's backbone names parameters, and leaves some out: the head."""
    names = [name for name, _ in bench.network.named_parameters()]
    told: tuple[str, ...] = bench.card.backbone
    parts = ", ".join(dict.fromkeys(f"{name.partition('.')[0]}." for name in names))
    idle = [prefix for prefix in told if not any(name.startswith(prefix) for name in names)]
    if idle:
        raise ContractError(
            f"{idle[0]!r} in the backbone, with which no parameter's name begins",
            f"beginnings of names: {parts}",
            "Correct ModelCard.backbone",
        )
    if all(name.startswith(told) for name in names):
        raise ContractError(
            "all parameters in the backbone", "some outside, the head", "Correct ModelCard.backbone"
        )


def _by_windows(network: nn.Module, image: Tensor, side: int, divisor: int) -> Tensor:
    return predict_logits(
        network, image, window=side, overlap=0.0, blending="constant", size_divisor=divisor, batch_size=1
    )


def _expect(logits: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(logits, Tensor):
        raise ContractError(f"a {type(logits).__name__}", "a tensor of logits", "Return one tensor")
    if tuple(logits.shape) != shape:
        raise ContractError(
            f"logits {tuple(logits.shape)}",
            f"{shape}",
            "One map per output, as high and wide as the image",
        )
    if logits.dtype != torch.float32:
        raise ContractError(
            f"logits in {logits.dtype}", "float32", "Leave the precision to the engine's autocast"
        )


CHECKS: tuple[Check, ...] = (
    check_builds,
    check_factory_silent,
    check_factory_offline,
    check_output_shape,
    check_finite,
    check_channels_and_classes,
    check_odd_sides,
    check_evaluation_deterministic,
    check_batch_independent,
)
