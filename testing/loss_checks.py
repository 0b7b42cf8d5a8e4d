"""What a loss owes: a finite scalar whose gradient reaches the logits of the pixels that count."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..benchmark.contracts.cards import LossCard
from ..benchmark.contracts.errors import EmsegError
from . import card_checks
from .findings import BlockedError, Check, ContractError, demanding, relying
from .loss_bench import IGNORED, SIDE, TASKS, LossBench, make_labels, make_logits, right_logits

FACTORY = "factory(recipe, num_logits, ignore_value, **options)"


def checks_for(card: LossCard) -> tuple[Check, ...]:
    """Give the checks that a loss's card calls for, in order."""
    weighted = (check_class_weights,) if card.weighted else ()
    return (*card_checks.CHECKS, *CHECKS, *weighted)


def check_builds(bench: LossBench) -> None:
    """The factory makes a module for one logit and for three, or refuses one of them with an `EmsegError`."""
    bench.factory()
    refused = []
    for task in TASKS:
        try:
            with demanding(f"a module from {FACTORY}", "Mend the factory", f" for {task} logit(s)"):
                made = bench.make(task)
        except ContractError as error:
            if not isinstance(error.__cause__, EmsegError):
                raise
            refused.append(str(error.__cause__))
            continue
        if not isinstance(made, nn.Module):
            raise ContractError(f"a {type(made).__name__}", "an nn.Module", "Return the module itself")
    if len(refused) == len(TASKS):
        raise ContractError(refused[0].rstrip("."), "a task that it serves", "Mend the factory")


def check_scalar(bench: LossBench) -> None:
    """Logits (N, K, H, W) and labels (N, H, W), with pixels to ignore and without, become a finite scalar."""
    for task, module in bench.modules.items():
        for what, labels in (("", make_labels(task)), (", some of them ignored", _partly_ignored(task))):
            with demanding("a scalar", "Mend forward(logits, labels)", f" for {task} logit(s){what}"):
                _expect_scalar(module(make_logits(task), labels), what)
        with demanding("a scalar", "Mend it for ignore_value=None", " where no label is ignored"):
            _expect_scalar(bench.make(task, None)(make_logits(task), make_labels(task)), "")


def check_half_precision(bench: LossBench) -> None:
    """Logits in bfloat16 under autocast, as training has them on many machines, give about the same."""
    for task in bench.tasks:
        labels, logits = make_labels(task), make_logits(task)
        whole = bench.number(task, logits, labels)
        with torch.autocast("cpu", torch.bfloat16):
            half = bench.number(task, logits.bfloat16(), labels)
        if not math.isclose(whole, half, rel_tol=0.05, abs_tol=0.05):
            raise ContractError(
                f"{half:g} for logits in bfloat16",
                f"about {whole:g}, as in float32",
                "Begin with logits.float()",
            )


def check_gradient(bench: LossBench) -> None:
    """Its gradient reaches the logits, and is finite; also where they are right or wrong beyond doubt."""
    for task in bench.tasks:
        if not _gradient(bench, task, make_logits(task), make_labels(task)).any():
            raise ContractError(
                "a gradient of 0 for all logits",
                "one that changes them",
                "Compute with the logits: argmax, rounding and detach() have no gradient",
            )
        for certainty in (80.0, -80.0):
            _gradient(bench, task, right_logits(task, certainty), make_labels(task))


def check_right_is_lower(bench: LossBench) -> None:
    """Logits that are right cost less than those that are wrong."""
    for task in bench.tasks:
        right, wrong = (
            bench.number(task, right_logits(task, certainty), make_labels(task)) for certainty in (3.0, -3.0)
        )
        if not right < wrong:
            raise ContractError(
                f"{right:g} where every pixel is right and {wrong:g} where every one is wrong",
                "less where they are right",
                "Training makes it small: turn its sign round",
            )


def check_ignored_pixels(bench: LossBench) -> None:
    """Logits of ignored pixels change nothing and get no gradient, and a crop of nothing else is finite."""
    for task in bench.tasks:
        labels, first = _partly_ignored(task), make_logits(task)
        second = torch.where((labels == IGNORED)[:, None], first + 3, first)
        before, after = (bench.number(task, logits, labels) for logits in (first, second))
        if not math.isclose(before, after, rel_tol=1e-5, abs_tol=1e-6):
            raise ContractError(
                f"{after:g} after a change of logits where the label is ignore_value",
                f"{before:g} as before",
                "Leave out pixels whose label is the ignore_value that the factory was given",
            )
        with relying("its gradient is at fault"):
            gradient = _gradient(bench, task, first, labels).movedim(1, -1)
        if bool(gradient[labels == IGNORED].any()):
            raise ContractError("a gradient where the label is ignore_value", "0", "Leave those pixels out")
        nothing = torch.full_like(labels, IGNORED)
        if not math.isfinite(loss := bench.number(task, first, nothing)):
            raise ContractError(
                f"{loss} where all pixels are ignored", "a finite number", "Divide by no less than one pixel"
            )


def check_class_weights(bench: LossBench) -> None:
    """The recipe's class weights count in it, as `LossCard.weighted` says."""
    task = TASKS[-1]
    if task not in bench.tasks:
        raise BlockedError("it serves binary tasks alone")
    logits, labels = make_logits(task), make_labels(task)
    plain = bench.value(task, logits, labels)
    with demanding("a loss with class_weights", "Mend it, or say weighted=False on the card"):
        weighted = bench.make(task, class_weights=(0.1, 1.0, 3.0))(logits, labels)
    if torch.equal(plain, weighted):
        raise ContractError(
            f"{float(plain):g} whatever the recipe's class_weights",
            "a loss in which they count, as weighted=True says",
            "Use recipe.class_weights, or take weighted=True out of the card",
        )


def _expect_scalar(loss: object, what: str) -> None:
    if not isinstance(loss, Tensor) or loss.ndim:
        got = f"a tensor {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
        raise ContractError(got, "a scalar tensor", "Take the mean over the pixels that count")
    if not bool(torch.isfinite(loss)):
        raise ContractError(
            f"{float(loss)} for ordinary logits{what}", "a finite number", "Look for logarithms and divisions"
        )


def _gradient(bench: LossBench, task: int, logits: Tensor, labels: Tensor) -> Tensor:
    """Give the gradient of the logits, which is finite."""
    leaf = logits.clone().requires_grad_()
    loss = bench.value(task, leaf, labels)
    if not loss.requires_grad:
        raise ContractError(
            "a loss without a gradient", "one that reaches the logits", "Compute it from the logits, in torch"
        )
    loss.backward()  # type: ignore[no-untyped-call]
    gradient = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
    if not bool(torch.isfinite(gradient).all()):
        raise ContractError(
            f"NaN or infinity in the gradient of logits up to {float(logits.abs().max()):.3g}",
            "finite numbers",
            "Use functions that take logits, such as binary_cross_entropy_with_logits",
        )
    return gradient


def _partly_ignored(task: int) -> Tensor:
    labels = make_labels(task)
    labels[:, : SIDE // 3] = IGNORED
    return labels


CHECKS: tuple[Check, ...] = (
    check_builds,
    check_scalar,
    check_half_precision,
    check_gradient,
    check_right_is_lower,
    check_ignored_pixels,
)
